"""How far a suite's results are: what is complete, what failed, what is missing, and what to do."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from plasticity_bench import tables
from plasticity_bench.errors import BadInputError, DamagedError
from plasticity_bench.results import LearnerOnStream, Results, Run, Snapshot, read_requests
from plasticity_bench.running import checkpoints, locks

COUNTS = ("complete", "diverged", "failed", "running", "begun", "damaged", "missing")


@dataclass(frozen=True)
class Row:
    """What became of the runs of one learner on one stream.

    Attributes:
        stream: the stream's label.
        learner: the learner's label.
        complete: runs with results.
        diverged: runs with results whose loss was no longer finite.
        failed: runs that were tried and have no results.
        running: runs that a process works on.
        begun: other unfinished runs that a checkpoint was written of.
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
        others: finished runs that nobody asked for last: of other seeds, settings or code.
        commands: those that run what is left.
    """

    rows: list[Row]
    damaged: list[str]
    others: int
    commands: list[str]

    @property
    def is_complete(self) -> bool:
        """Whether everything that was asked for has results."""
        return not any(row.left for row in self.rows)


def of_folder(results: Results) -> Status:
    """Return how far results are, by what was asked for when they were run.

    Raises:
        BadInputError: if the folder holds no results, nor what was asked for.
    """
    requests = read_requests(results.folder)
    there = results.snapshot()
    runs: Sequence[Run] = requests.runs
    if not runs and not there.finished and not there.failed and not there.damaged:
        raise BadInputError(
            f"{results.folder} holds no results. Give the folder that `plasticity-bench run` "
            "names in its last line, or a suite."
        )
    found = _status(
        results,
        there,
        runs,
        lambda row: requests.commands[LearnerOnStream(row.stream, row.learner)],
    )
    sentences = [f"{damage}: what it asked for is not known." for damage in requests.damaged]
    if not runs:  # of an earlier version, which did not store what was asked for
        return Status(_stored_rows(there), [*sentences, *found.damaged], 0, [])
    return Status(found.rows, [*sentences, *found.damaged], found.others, found.commands)


def of_runs(results: Results, runs: Iterable[Run], command: str) -> Status:
    """Return how far results are of some runs, which a command runs."""
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
    """Return what is to be said below the table, a sentence each; the last says what to do."""
    said = [f"{row.stream}  {row.learner}: {row.error}" for row in status.rows if row.error]
    said += status.damaged
    if status.others:
        said.append(
            f"{status.others} finished runs beside these: of other seeds, settings or code."
        )
    total, left = (sum(getattr(row, name) for row in status.rows) for name in ("requested", "left"))
    if not left:
        return [*said, f"All {total} runs have results."]
    how = " and ".join(f"`{command}`" for command in status.commands) or "the same command again"
    return [*said, f"{total - left} of {total} runs have results. To finish: {how}."]


def _status(
    results: Results, there: Snapshot, runs: Sequence[Run], command: Callable[[Row], str]
) -> Status:
    damaged = {path for damage in there.damaged for path in (damage.path, *_above(damage))}
    begun = checkpoints.begun(results.folder)
    counts: dict[LearnerOnStream, dict[str, int]] = {}
    errors: dict[LearnerOnStream, str] = {}
    used = 0
    for run in runs:
        place = run.group
        finished, failed = there.finished.get(run.address), there.failed.get(run.address)
        if finished:
            used += 1
            state = finished.status
        elif locks.is_claimed(results.folder, run.key):
            state = "running"
        elif failed:
            state = "failed"
            errors.setdefault(place, failed.error)
        elif run.key in begun:
            state = "begun"
        else:
            state = "damaged" if damaged and results.path(run) in damaged else "missing"
        own = counts.setdefault(place, dict.fromkeys(COUNTS, 0))
        own[state] += 1
    rows = [_row(place, own, errors) for place, own in counts.items()]
    rows.sort(key=_by_stream(rows))
    commands = list(dict.fromkeys(command(row) for row in rows if row.left))
    sentences = [_sentence(damage) for damage in there.damaged]
    return Status(rows, sentences, len(there.finished) - used, commands)


def _row(place: LearnerOnStream, counts: dict[str, int], errors: dict[LearnerOnStream, str]) -> Row:
    return Row(stream=place[0], learner=place[1], error=errors.get(place, ""), **counts)


def _by_stream(rows: Sequence[Row]) -> Callable[[Row], int]:
    """Streams in their first order, whatever order learners came in."""
    first = {stream: place for place, stream in enumerate(dict.fromkeys(r.stream for r in rows))}
    return lambda row: first[row.stream]


def _stored_rows(there: Snapshot) -> list[Row]:
    """Rows of what there is, where nothing tells what was asked for."""
    counts: dict[LearnerOnStream, dict[str, int]] = {}
    errors: dict[LearnerOnStream, str] = {}
    for head in (*there.finished.values(), *there.failed.values()):
        own = counts.setdefault(head.group, dict.fromkeys(COUNTS, 0))
        own[head.status] += 1
        if head.error:
            errors.setdefault(head.group, head.error)
    return [_row(place, counts[place], errors) for place in sorted(counts)]


def _above(damage: DamagedError) -> tuple[Path, ...]:
    """The run's folder, where one of its files is damaged."""
    path = damage.path
    return (path.parent,) if path.name in ("cell.json", "measurements.parquet") else ()


def _sentence(damage: DamagedError) -> str:
    return f"{damage}: what it held counts as missing and is run again."


def _column(status: Status, name: str) -> list[int]:
    return [getattr(row, name) for row in status.rows]
