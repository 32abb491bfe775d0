"""Run groups as tasks of a cluster; what is missing in the end is submitted again."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from plasticity_bench.results import Results
from plasticity_bench.running import population_size
from plasticity_bench.running.engines import slurm
from plasticity_bench.running.engines.shares import Command, last_lines, unfinished
from plasticity_bench.running.execution import Execution
from plasticity_bench.running.pending import pending
from plasticity_bench.suite.planning import Group, all_runs

Notify = Callable[[str], None]
POLL_SECONDS = 5.0
MAX_LOGS = 5
"""Of tasks that left runs without results: how many are quoted."""


class Submission(Protocol):
    """Tasks that were submitted."""

    @property
    def label(self) -> str:
        """What messages call it."""

    @property
    def folder(self) -> Path:
        """With the shares of the tasks and their logs."""

    @property
    def num_tasks(self) -> int:
        """How many there are."""

    @property
    def not_frozen(self) -> tuple[str, ...]:
        """Packages of the user's that were too large to be copied."""

    @property
    def how_to_end(self) -> str:
        """The command that ends the tasks."""

    @property
    def is_cancelled(self) -> bool:
        """Whether somebody has ended them: they are not submitted again."""

    def states(self) -> list[str]:
        """Return the states of those tasks that are still queued or running."""


class Engine(Protocol):
    """What tasks are submitted to."""

    @property
    def uses_gpus(self) -> bool:
        """Whether tasks run on GPUs."""

    @property
    def rounds(self) -> int:
        """The largest number of submissions of what is missing."""

    def latest(self, results: Path) -> Submission | None:
        """Return the last submission of a results folder, which may still run, or None."""

    def submit(self, groups: Sequence[Group], command: Command, results: Path) -> Submission:
        """Submit groups; each task runs the command on some of them."""


class Detached(Exception):  # noqa: N818
    """The tasks are submitted, and this command does not wait for them."""


@dataclass(frozen=True)
class ClusterRequest:
    """How groups are submitted.

    Attributes:
        engine: what to.
        command: that the tasks run.
        replicas: in one population; None to choose.
        detach: return as soon as they are submitted.
        reuse: whether finished runs of other folders, or of the package, are taken over.
    """

    engine: Engine
    command: Command
    replicas: int | None
    detach: bool = False
    reuse: bool = True


def run(groups: Sequence[Group], results: Results, request: ClusterRequest, notify: Notify) -> int:
    """Run what is not finished; return how many groups have runs without results in the end.

    If the last submission of these results is still queued or running, that is waited for first.
    After one that was cancelled, nothing is submitted.

    Args:
        groups: what was planned.
        results: where every node stores finished runs.
        request: how they are submitted.
        notify: called with a sentence about the state of the tasks.

    Raises:
        Detached: if so requested, once tasks are queued.
        BadInputError: if the cluster refuses.
    """
    submission = request.engine.latest(results.folder)
    is_cancelled = False
    if submission is not None and submission.states():
        notify(f"{submission.label} of these results is not over.")
        _wait(submission, groups, results, request, notify)
        is_cancelled = submission.is_cancelled
    for number in range(0 if is_cancelled else request.engine.rounds):
        # A learner's error would come again; a run that was killed is worth another try.
        failed = results.snapshot().failed if number else {}
        worthwhile = [
            group.only(r for r in group.runs if r.address not in failed) for group in groups
        ]
        left = _of_good_size([g for g in worthwhile if g.runs], results, request, notify)
        if not left:
            break
        submission = request.engine.submit(left, request.command, results.folder)
        notify(
            f"{'Again, ' if number else ''}{len(all_runs(left))} runs in {submission.num_tasks} "
            f"tasks: {submission.label}, logs in {submission.folder}."
        )
        for package in submission.not_frozen:
            notify(f"{package} is too large to be copied: do not edit it while tasks wait.")
        _wait(submission, groups, results, request, notify)
        if submission.is_cancelled:
            break
    return _ended(submission, groups, results, notify)


def _ended(
    submission: Submission | None, groups: Sequence[Group], results: Results, notify: Notify
) -> int:
    """Say what has no results; return the number of groups with such runs."""
    snapshot = results.snapshot()
    missing = snapshot.missing(all_runs(groups))
    if missing and submission is not None:
        if submission.is_cancelled:
            notify(
                f"{submission.label} was cancelled: {len(missing)} runs have no results, and are "
                "not submitted again. The same command submits them."
            )
        else:
            notify(f"{len(missing)} runs have no results:")
            for sentence in quoted_logs(submission.folder, [run.key for run in missing]):
                notify(sentence)
    return sum(bool(snapshot.missing(group.runs)) for group in groups)


def quoted_logs(folder: Path, missing: Sequence[str]) -> list[str]:
    """Return the last lines of the logs of tasks that left runs without results.

    Args:
        folder: of a submission.
        missing: keys of the runs.
    """
    logs = unfinished(folder, missing)
    shown = [
        f"{log}, {count} {'run' if count == 1 else 'runs'}: {last_lines(log) or 'nothing printed'}"
        for log, count in logs[:MAX_LOGS]
    ]
    more = len(logs) - len(shown)
    return [*shown, f"The logs of {more} more tasks are in {folder}."] if more else shown


def _wait(
    submission: Submission,
    groups: Sequence[Group],
    results: Results,
    request: ClusterRequest,
    notify: Notify,
) -> None:
    """Wait until no task of a submission is queued or runs, and report its progress."""
    if request.detach:
        notify(
            "The tasks continue without this command: `plasticity-bench status` reports their "
            "progress, `plasticity-bench collect` prints the table, and the same command without "
            f"--detach waits for them. `{submission.how_to_end}` ends them."
        )
        raise Detached
    runs = all_runs(groups)
    last = ""
    while True:
        states = submission.states()
        finished = len(runs) - len(results.snapshot().missing(runs))
        line = f"{finished} of {len(runs)} runs finished; tasks: {slurm.summary(states)}."
        if line != last:
            notify(line)
        last = line
        if not states:
            return
        time.sleep(POLL_SECONDS)


def _of_good_size(
    groups: Sequence[Group], results: Results, request: ClusterRequest, notify: Notify
) -> list[Group]:
    """What is left, in groups of a size that follows a rule: they will not run on this machine."""

    def size(group: Group) -> int:
        if request.replicas:
            return request.replicas
        if request.engine.uses_gpus:
            return population_size.GPU_SIZES[-1]
        return population_size.by_rule(group.suite_stream.network, Execution())

    by_size: dict[int, list[Group]] = {}
    for group in groups:
        by_size.setdefault(size(group), []).append(group)
    left = []
    for replicas, of_size in by_size.items():
        left += pending(of_size, results, Execution(replicas=replicas), notify, request.reuse)
    return left
