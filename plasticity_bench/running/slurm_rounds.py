"""Run groups on a Slurm cluster; what is missing in the end is submitted again."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from plasticity_bench.results import Results
from plasticity_bench.running import population_size
from plasticity_bench.running.engines import slurm, slurm_script
from plasticity_bench.running.execution import Execution
from plasticity_bench.running.pending import pending
from plasticity_bench.suite.planning import Group, all_runs

Notify = Callable[[str], None]


class Detached(Exception):  # noqa: N818
    """The tasks are submitted, and this command does not wait for them."""


@dataclass(frozen=True)
class SlurmRequest:
    """How groups are submitted.

    Attributes:
        arguments: of the command that the tasks run.
        profile: what they ask Slurm for.
        replicas: in one population; None to choose.
        detach: return as soon as they are submitted.
        reuse: whether finished runs of other folders, or of the package, are taken over.
    """

    arguments: Sequence[str]
    profile: slurm_script.Profile
    replicas: int | None
    detach: bool
    reuse: bool = True


def run(groups: Sequence[Group], results: Results, request: SlurmRequest, notify: Notify) -> int:
    """Run what is not finished; return how many groups have runs without results in the end.

    If the last submission of these results is still queued or running, that is waited for first.

    Args:
        groups: what was planned.
        results: where every node stores finished runs.
        request: how they are submitted.
        notify: called with a sentence about the state of the tasks.

    Raises:
        Detached: if so requested, once tasks are queued.
        BadInputError: if there is no Slurm here, or it refuses.
    """
    slurm.check_available()
    last = slurm.latest(results.folder)
    if last is not None and last.states():
        notify(f"Slurm job {last.job} of these results is not over.")
        _wait(last, groups, results, request, notify)
    for number in range(request.profile.rounds):
        # A learner's error would come again; a run that was killed is worth another try.
        failed = results.snapshot().failed if number else {}
        worthwhile = [
            group.only(r for r in group.runs if r.address not in failed) for group in groups
        ]
        left = _of_good_size([g for g in worthwhile if g.runs], results, request, notify)
        if not left:
            break
        submission = slurm.submit(left, request.arguments, results.folder, request.profile)
        notify(
            f"{'Again, ' if number else ''}{len(all_runs(left))} runs in {submission.num_tasks} "
            f"tasks: Slurm job {submission.job}, logs in {submission.folder}."
        )
        _wait(submission, groups, results, request, notify)
    snapshot = results.snapshot()
    if missing := snapshot.missing(all_runs(groups)):
        notify(f"{len(missing)} runs have no results: the logs of their tasks tell why.")
    return sum(bool(snapshot.missing(group.runs)) for group in groups)


def _wait(
    submission: slurm.Submission,
    groups: Sequence[Group],
    results: Results,
    request: SlurmRequest,
    notify: Notify,
) -> None:
    """Wait for a submission, and report its progress."""
    if request.detach:
        notify(
            "The tasks continue without this command: `plasticity-bench status` reports their "
            "progress, `plasticity-bench collect` prints the table, and the same command without "
            f"--detach waits for them. `scancel {submission.job}` ends them."
        )
        raise Detached
    runs = all_runs(groups)
    last = ""

    def report(states: list[str]) -> bool:
        nonlocal last
        finished = len(runs) - len(results.snapshot().missing(runs))
        line = f"{finished} of {len(runs)} runs finished; tasks: {slurm.summary(states)}."
        if line != last:
            notify(line)
        last = line
        return False

    slurm.wait(submission, report)


def _of_good_size(
    groups: Sequence[Group], results: Results, request: SlurmRequest, notify: Notify
) -> list[Group]:
    """What is left, in groups of a size that follows a rule: they will not run on this machine."""

    def size(group: Group) -> int:
        if request.replicas:
            return request.replicas
        if request.profile.gpus:
            return population_size.GPU_SIZES[-1]
        return population_size.by_rule(group.suite_stream.network, Execution())

    by_size: dict[int, list[Group]] = {}
    for group in groups:
        by_size.setdefault(size(group), []).append(group)
    left = []
    for replicas, of_size in by_size.items():
        left += pending(of_size, results, Execution(replicas=replicas), notify, request.reuse)
    return left
