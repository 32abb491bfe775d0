"""What the rules look at: an entry, its suite, and the entries beside it."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from plasticity_bench import data, seeding
from plasticity_bench.leaderboard.entry import Entry, EntryCell
from plasticity_bench.streams import DatasetStream
from plasticity_bench.suite.suite import StreamRun, Suite


@dataclass(frozen=True)
class Case:
    """An entry that is checked.

    Attributes:
        entry: as it was read.
        suite: that it is for, as this package has it.
        others: entries of the same suite that are there already.
        notes: what could not be checked, a sentence each; the rules add to it.
    """

    entry: Entry
    suite: Suite
    others: Sequence[Entry] = ()
    notes: list[str] = field(default_factory=list)

    @cached_property
    def num_seeds(self) -> int:
        """How many seeds the entry has to have: as many as the suite, or as it has itself.

        No more than can be scored, whatever seeds it claims to have.
        """
        own = max(self.suite.num_seeds, *(seed + 1 for _, seed in self.entry.cells), 1)
        return min(own, seeding.TUNING)

    @property
    def published(self) -> Entry | None:
        """The leaderboard's entry of the reference, if it is another than this."""
        own = (o for o in self.others if o.manifest.learner.label == self.suite.reference)
        return next(own, None)

    def cells(self) -> Iterator[tuple[StreamRun, EntryCell]]:
        """Yield all cells of the suite's streams, the reference's too, each once."""
        runs = {run.label: run for run in self.suite.streams}
        same = self.entry.reference is self.entry.cells
        for cells in (self.entry.cells, {} if same else self.entry.reference):
            for own in cells.values():
                if own.cell.stream in runs:
                    yield runs[own.cell.stream], own

    def own_cells(self) -> Iterator[tuple[StreamRun, EntryCell]]:
        """Yield the cells of the learner alone."""
        label = self.entry.manifest.learner.label
        return (pair for pair in self.cells() if pair[1].cell.learner == label)


Rule = Callable[[Case], Iterator[str]]
"""Yields a sentence for each thing that is wrong."""


def has_data(run: StreamRun) -> bool:
    """Return whether the data of a stream is on this machine."""
    stream = run.stream
    return not (isinstance(stream, DatasetStream) and data.missing([stream.dataset]))


def named(own: EntryCell) -> str:
    """What messages call a cell."""
    return f"{own.cell.learner} on {own.cell.stream}, seed {own.cell.seed}"


def as_json(value: Any) -> Any:
    """Return a value as it is after it was stored."""
    return json.loads(json.dumps(value))
