"""The status of a suite's results: what is complete, failed or missing, and what to do."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from plasticity_bench import tables
from plasticity_bench.errors import BadInputError, DamagedError
from plasticity_bench.results import LearnerOnStream, Results, Run, Snapshot, read_requests
from plasticity_bench.results.reuse import TUNING
from plasticity_bench.running import checkpoints, locks

MAX_REASONS = 5
"""For which settings of a search fail: how many are told."""
COUNTS = ("complete", "diverged", "failed", "running", "begun", "damaged", "missing")


@dataclass(frozen=True)
class Row:
    """The states of the runs of one learner on one stream.

    Attributes:
        stream: the stream's label.
        learner: the learner's label.
        complete: runs with results.
        diverged: runs with results whose loss was no longer finite.
        failed: runs that were tried and have no results.
        running: runs that a process works on.
        begun: other unfinished runs that have a checkpoint.
        damaged: runs whose files cannot be used.
        missing: all others.
        error: of one that failed, in a line.
    """

    stream: str
    learner: str
    complete: int
    diverged: int
    failed: int
    running: int
    begun: int
    damaged: int
    missing: int
    error: str

    @property
    def requested(self) -> int:
        """How many runs were requested."""
        return sum(getattr(self, name) for name in COUNTS)

    @property
    def left(self) -> int:
        """How many of them have no results."""
        return self.requested - self.complete - self.diverged


@dataclass(frozen=True)
class Status:
    """How far a suite's results are.

    Attributes:
        rows: by stream and learner.
        damaged: a sentence for each file that cannot be used.
        others: finished runs that were not requested last: of other seeds, settings or code.
        commands: those that run what is left.
    """

    rows: list[Row]
    damaged: list[str]
    others: int
    commands: list[str]

    @property
    def is_complete(self) -> bool:
        """Whether everything that was requested has results."""
        return bool(self.rows) and not any(row.left for row in self.rows)


def of_folder(results: Results) -> Status:
    """Return how far results are, relative to what was requested when they were run.

    Raises:
        BadInputError: if the folder holds neither results nor requests.
    """
    requests = read_requests(results.folder)
    snapshot = results.snapshot()
    is_empty = not (requests.runs or snapshot.finished or snapshot.failed or snapshot.damaged)
    if is_empty and (results.folder / TUNING / "runs").is_dir():
        return Status([], [], 0, [])
    if is_empty:
        raise BadInputError(
            f"{results.folder} holds no results. Give the folder that `plasticity-bench run` "
            "names in its last line, or a suite."
        )
    status = _status(
        results,
        snapshot,
        requests.runs,
        lambda row: requests.commands[LearnerOnStream(row.stream, row.learner)],
    )
    unread = [f"{damage}: what it requested is not known." for damage in requests.damaged]
    damaged = [*unread, *status.damaged]
    if not requests.runs:  # of an earlier version, which stored no requests
        return Status(_stored_rows(snapshot), damaged, 0, [])
    return replace(status, damaged=damaged)


def of_search(results: Results) -> list[str]:
    """Return how far a search for settings is: all runs that were requested so far, by stream.

    Args:
        results: the store of the search's runs.
    """
    requests = read_requests(results.folder)
    snapshot = results.snapshot()
    missing = snapshot.missing(requests.runs)
    failed = [run for run in missing if run.address in snapshot.failed]
    finished = len(requests.runs) - len(missing)
    sentences = [
        f"Search in {results.folder}: {finished} of {len(requests.runs)} runs of the rounds so far "
        f"have results{f', {len(failed)} failed' if failed else ''}."
    ]
    reasons: dict[str, list[Run]] = {}
    for run in failed:
        reasons.setdefault(snapshot.failed[run.address].error, []).append(run)
    for error, runs in list(reasons.items())[:MAX_REASONS]:
        settings = {run.group for run in runs}
        first = min(settings)
        more = f" and {len(settings) - 1} more settings" if len(settings) > 1 else ""
        sentences.append(f"{first.stream}  {first.learner}{more}: {error}")
    if missing:
        commands = dict.fromkeys(requests.commands[run.group] for run in missing)
        sentences.append(f"To finish: {' and '.join(f'`{command}`' for command in commands)}.")
    return sentences


def of_runs(results: Results, runs: Iterable[Run], command: str) -> Status:
    """Return how far results are for some runs, which a command runs."""
    return _status(results, results.snapshot(), list(runs), lambda _: command)


def render(status: Status) -> str:
    """Return the table of a status."""
    shown = [name for name in COUNTS if name == "complete" or any(_column(status, name))]
    headers = ["stream", "learner", *shown, "of"]
    rows: list[list[object]] = []
    for row in status.rows:
        repeated = bool(rows) and row.stream == status.rows[len(rows) - 1].stream
        numbers = [getattr(row, name) or "" for name in shown]
        rows.append(["" if repeated else row.stream, row.learner, *numbers, row.requested])
    return tables.render(headers, rows, left=("stream", "learner"))


def summary(status: Status) -> list[str]:
    """Return the sentences below the table; the last says what to do."""
    sentences = [f"{row.stream}  {row.learner}: {row.error}" for row in status.rows if row.error]
    sentences += status.damaged
    if status.others:
        sentences.append(
            f"{status.others} finished runs beside these: of other seeds, settings or code."
        )
    total, left = (sum(getattr(row, name) for row in status.rows) for name in ("requested", "left"))
    if not left:
        return [*sentences, f"All {total} runs have results."]
    how = " and ".join(f"`{command}`" for command in status.commands) or "the same command again"
    return [*sentences, f"{total - left} of {total} runs have results. To finish: {how}."]


def _status(
    results: Results, snapshot: Snapshot, runs: Sequence[Run], command: Callable[[Row], str]
) -> Status:
    damaged = {path for damage in snapshot.damaged for path in (damage.path, *_run_folder(damage))}
    begun = checkpoints.begun(results.folder)

    def state_of(run: Run) -> str:
        if run.address in snapshot.finished:
            return snapshot.finished[run.address].status
        if locks.is_claimed(results.folder, run.key):
            return "running"
        if run.address in snapshot.failed:
            return "failed"
        if run.key in begun:
            return "begun"
        return "damaged" if damaged and results.path(run) in damaged else "missing"

    counts: dict[LearnerOnStream, dict[str, int]] = {}
    errors: dict[LearnerOnStream, str] = {}
    for run in runs:
        state = state_of(run)
        if state == "failed":
            errors.setdefault(run.group, snapshot.failed[run.address].error)
        counts.setdefault(run.group, dict.fromkeys(COUNTS, 0))[state] += 1
    rows = [_row(group, of_group, errors) for group, of_group in counts.items()]
    rows.sort(key=_by_stream(rows))
    commands = list(dict.fromkeys(command(row) for row in rows if row.left))
    sentences = [f"{d}: its runs count as missing and are run again." for d in snapshot.damaged]
    num_used = len(runs) - len(snapshot.missing(runs))
    return Status(rows, sentences, len(snapshot.finished) - num_used, commands)


def _row(group: LearnerOnStream, counts: dict[str, int], errors: dict[LearnerOnStream, str]) -> Row:
    return Row(stream=group.stream, learner=group.learner, error=errors.get(group, ""), **counts)


def _by_stream(rows: Sequence[Row]) -> Callable[[Row], int]:
    """Streams in the order of their first row, whatever order learners came in."""
    streams = list(dict.fromkeys(row.stream for row in rows))
    return lambda row: streams.index(row.stream)


def _stored_rows(snapshot: Snapshot) -> list[Row]:
    """Rows of what is stored, where no request is."""
    counts: dict[LearnerOnStream, dict[str, int]] = {}
    errors: dict[LearnerOnStream, str] = {}
    for head in (*snapshot.finished.values(), *snapshot.failed.values()):
        counts.setdefault(head.group, dict.fromkeys(COUNTS, 0))[head.status] += 1
        if head.error:
            errors.setdefault(head.group, head.error)
    return [_row(group, counts[group], errors) for group in sorted(counts)]


def _run_folder(damage: DamagedError) -> tuple[Path, ...]:
    """The run's folder, where one of its files is damaged."""
    path = damage.path
    return (path.parent,) if path.name in ("cell.json", "measurements.parquet") else ()


def _column(status: Status, name: str) -> list[int]:
    return [getattr(row, name) for row in status.rows]
