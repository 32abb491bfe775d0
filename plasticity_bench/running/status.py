"""How far a suite's results are: what is complete, what failed, what is missing, and what to do."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tabulate import tabulate

from plasticity_bench.errors import BadInputError, DamagedError
from plasticity_bench.results import Cell, Results, Snapshot, asked
from plasticity_bench.running import checkpoints, locks

Place = tuple[str, str]
"""A stream's label and a learner's."""

COUNTS = ("complete", "diverged", "failed", "running", "begun", "damaged", "missing")


@dataclass(frozen=True)
class Row:
    """What became of the cells of one learner on one stream.

    Attributes:
        stream: the stream's label.
        learner: the learner's label.
        complete: cells with results.
        diverged: cells with results whose loss was no longer finite.
        failed: cells that were tried and have no results.
        running: cells that a process works on.
        begun: other unfinished cells that a checkpoint was written of.
        damaged: cells whose files cannot be used.
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
    def asked(self) -> int:
        """How many cells were asked for."""
        return sum(getattr(self, name) for name in COUNTS)

    @property
    def left(self) -> int:
        """How many of them have no results."""
        return self.asked - self.complete - self.diverged


@dataclass(frozen=True)
class Status:
    """How far a suite's results are.

    Attributes:
        rows: by stream and learner.
        damaged: a sentence for each file that cannot be used.
        others: finished cells that nobody asked for last: of other seeds, settings or code.
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
    question = asked(results.folder)
    there = results.snapshot()
    cells: Sequence[Cell] = question.cells
    if not cells and not there.finished and not there.failed and not there.damaged:
        raise BadInputError(
            f"{results.folder} holds no results. Give the folder that `plasticity-bench run` "
            "names in its last line, or a suite."
        )
    found = _status(results, there, cells, lambda row: question.commands[row.stream, row.learner])
    sentences = [f"{damage}: what it asked for is not known." for damage in question.damaged]
    if not cells:  # of an earlier version, which did not store what was asked for
        return Status(_stored_rows(there), [*sentences, *found.damaged], 0, [])
    return Status(found.rows, [*sentences, *found.damaged], found.others, found.commands)


def of_cells(results: Results, cells: Iterable[Cell], command: str) -> Status:
    """Return how far results are of some cells, which a command runs."""
    return _status(results, results.snapshot(), list(cells), lambda _: command)


def render(status: Status) -> str:
    """Return the table of a status."""
    shown = [name for name in COUNTS if name == "complete" or any(_column(status, name))]
    headers = ["stream", "learner", *shown, "of"]
    rows: list[list[object]] = []
    for row in status.rows:
        repeated = bool(rows) and row.stream == status.rows[len(rows) - 1].stream
        numbers = [getattr(row, name) or "" for name in shown]
        rows.append(["" if repeated else row.stream, row.learner, *numbers, row.asked])
    align = ["left", "left", *["right"] * (len(shown) + 1)]
    return tabulate(rows, headers, disable_numparse=True, colalign=align)


def summary(status: Status) -> list[str]:
    """Return what is to be said below the table, a sentence each; the last says what to do."""
    said = [f"{row.stream}  {row.learner}: {row.error}" for row in status.rows if row.error]
    said += status.damaged
    if status.others:
        said.append(
            f"{status.others} finished cells beside these: of other seeds, settings or code."
        )
    total, left = (sum(getattr(row, name) for row in status.rows) for name in ("asked", "left"))
    if not left:
        return [*said, f"All {total} cells have results."]
    how = " and ".join(f"`{command}`" for command in status.commands) or "the same command again"
    return [*said, f"{total - left} of {total} cells have results. To finish: {how}."]


def _status(
    results: Results, there: Snapshot, cells: Sequence[Cell], command: Callable[[Row], str]
) -> Status:
    damaged = {path for damage in there.damaged for path in (damage.path, *_above(damage))}
    begun = checkpoints.begun(results.folder)
    counts: dict[Place, dict[str, int]] = {}
    errors: dict[Place, str] = {}
    used = 0
    for cell in cells:
        place = cell.stream, cell.learner
        finished, failed = there.finished.get(cell.address), there.failed.get(cell.address)
        if finished:
            used += 1
            state = finished.status
        elif locks.is_claimed(results.folder, cell.key):
            state = "running"
        elif failed:
            state = "failed"
            errors.setdefault(place, failed.error)
        elif cell.key in begun:
            state = "begun"
        else:
            state = "damaged" if damaged and results.path(cell) in damaged else "missing"
        own = counts.setdefault(place, dict.fromkeys(COUNTS, 0))
        own[state] += 1
    rows = [_row(place, own, errors) for place, own in counts.items()]
    rows.sort(key=_by_stream(rows))
    commands = list(dict.fromkeys(command(row) for row in rows if row.left))
    sentences = [_sentence(damage) for damage in there.damaged]
    return Status(rows, sentences, len(there.finished) - used, commands)


def _row(place: Place, counts: dict[str, int], errors: dict[Place, str]) -> Row:
    return Row(stream=place[0], learner=place[1], error=errors.get(place, ""), **counts)


def _by_stream(rows: Sequence[Row]) -> Callable[[Row], int]:
    """Streams in their first order, whatever order learners came in."""
    first = {stream: place for place, stream in enumerate(dict.fromkeys(r.stream for r in rows))}
    return lambda row: first[row.stream]


def _stored_rows(there: Snapshot) -> list[Row]:
    """Rows of what there is, where nothing tells what was asked for."""
    counts: dict[Place, dict[str, int]] = {}
    errors: dict[Place, str] = {}
    for head in (*there.finished.values(), *there.failed.values()):
        own = counts.setdefault((head.stream, head.learner), dict.fromkeys(COUNTS, 0))
        own[head.status] += 1
        if head.error:
            errors.setdefault((head.stream, head.learner), head.error)
    return [_row(place, counts[place], errors) for place in sorted(counts)]


def _above(damage: DamagedError) -> tuple[Path, ...]:
    """The cell's folder, where one of its files is damaged."""
    path = damage.path
    return (path.parent,) if path.name in ("cell.json", "measurements.parquet") else ()


def _sentence(damage: DamagedError) -> str:
    return f"{damage}: what it held counts as missing and is run again."


def _column(status: Status, name: str) -> list[int]:
    return [getattr(row, name) for row in status.rows]
