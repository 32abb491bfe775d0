"""Run groups of cells on a Slurm cluster: what is missing in the end is submitted again."""

from collections.abc import Callable, Sequence

from plasticity_bench.results import Address, Results
from plasticity_bench.running import planning, population_size
from plasticity_bench.running.engines import slurm
from plasticity_bench.running.execution import Execution
from plasticity_bench.running.planning import Group

Notify = Callable[[str], None]


class Detached(Exception):  # noqa: N818
    """The tasks are submitted, and nobody waits for them."""


def run(
    groups: Sequence[Group],
    results: Results,
    arguments: Sequence[str],
    profile: slurm.Profile,
    members: int | None,
    detach: bool,
    notify: Notify,
) -> int:
    """Run what is not finished; return how many groups have cells without results in the end.

    If the last submission of these results is still queued or running, that is waited for first.

    Args:
        groups: what was planned.
        results: where every node stores finished cells.
        arguments: of the command that the tasks run.
        profile: what they ask for.
        members: in one population; None to choose.
        detach: return as soon as they are submitted.
        notify: told, in a sentence, how things stand.

    Raises:
        Detached: if so asked, once tasks are queued.
        BadInputError: if there is no Slurm here, or it refuses.
    """
    slurm.check_available()
    before = slurm.latest(results.folder)
    if before is not None and before.states():
        notify(f"Slurm job {before.job} of these results is not over.")
        _attend(before, groups, results, detach, notify)
    failed: set[Address] = set()
    for number in range(profile.rounds):
        left = _of_a_size(_without(groups, failed), results, profile, members, notify)
        if not left:
            break
        submission = slurm.submit(left, arguments, results.folder, profile)
        cells = sum(len(group.cells) for group in left)
        notify(
            f"{'Again, ' if number else ''}{cells} cells in {submission.num_tasks} tasks: Slurm "
            f"job {submission.job}, logs in {submission.folder}."
        )
        _attend(submission, groups, results, detach, notify)
        # What a learner did wrong it would do again; what was killed is worth another try.
        failed = set(results.snapshot().failed)
    finished = results.snapshot().finished
    return sum(any(c.address not in finished for c in group.cells) for group in groups)


def _attend(
    submission: slurm.Submission,
    groups: Sequence[Group],
    results: Results,
    detach: bool,
    notify: Notify,
) -> None:
    """Wait for a submission, and tell how it gets on."""
    if detach:
        notify(
            "It goes on without this command: `plasticity-bench status` tells how far it is, "
            "`plasticity-bench collect` prints the table, and the same command without --detach "
            f"waits for it. `scancel {submission.job}` ends it."
        )
        raise Detached
    cells = [cell.address for group in groups for cell in group.cells]
    told: list[str] = []

    def tell(states: list[str]) -> bool:
        finished = results.snapshot().finished
        done = sum(address in finished for address in cells)
        line = f"{done} of {len(cells)} cells finished; tasks: {slurm.summary(states)}."
        if [line] != told:
            notify(line)
        told[:] = [line]
        return False

    slurm.wait(submission, tell)


def _without(groups: Sequence[Group], failed: set[Address]) -> list[Group]:
    """Groups without the cells that failed."""
    kept = [
        group.part([i for i, cell in enumerate(group.cells) if cell.address not in failed])
        for group in groups
    ]
    return [group for group in kept if group.cells]


def _of_a_size(
    groups: Sequence[Group],
    results: Results,
    profile: slurm.Profile,
    members: int | None,
    notify: Notify,
) -> list[Group]:
    """What is left, in groups of a size that follows a rule: here is not where they will run."""

    def size(group: Group) -> int:
        if profile.gpus:
            return population_size.GPU_SIZES[-1]
        return population_size.by_rule(group.run.network, Execution())

    by_size: dict[int, list[Group]] = {}
    for group in groups:
        by_size.setdefault(members or size(group), []).append(group)
    left = []
    for number, own in by_size.items():
        left += planning.remaining(own, results, Execution(members=number), notify)
    return left
