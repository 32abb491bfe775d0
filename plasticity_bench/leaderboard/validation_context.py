"""The input of the rules: an entry, its suite, and the suite's other entries."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from plasticity_bench import data, seeding
from plasticity_bench.leaderboard.entry import Entry, EntryRun, StreamSeed
from plasticity_bench.streams import DatasetStream
from plasticity_bench.suite.suite import Suite, SuiteStream


@dataclass(frozen=True)
class ValidationContext:
    """An entry that is being validated.

    Attributes:
        entry: as it was read.
        suite: of the entry, from this package.
        others: the published entries of the same suite, without an earlier version of this one.
        published: the published entry of the suite's reference, if there is one.
        notes: sentences on what could not be checked; the rules append to it.
    """

    entry: Entry
    suite: Suite
    others: Sequence[Entry] = ()
    published: Entry | None = None
    notes: list[str] = field(default_factory=list)

    @cached_property
    def num_seeds(self) -> int:
        """The number of seeds that the entry must have: the larger of the suite's and its own.

        At most the number that can be scored.
        """
        claimed = max(self.suite.num_seeds, *(seed + 1 for _, seed in self.entry.runs), 1)
        return min(claimed, seeding.TUNING)

    def stream_of(self, place: StreamSeed) -> SuiteStream | None:
        """Return the suite's stream of a run; None if it has no such stream."""
        streams = (stream for stream in self.suite.streams if stream.label == place.stream)
        return next(streams, None)

    def runs(self) -> Iterator[tuple[SuiteStream, EntryRun]]:
        """Yield all runs on the suite's streams, those of both controls too, each once."""
        streams = {entry.label: entry for entry in self.suite.streams}
        controls = (self.entry.reference, self.entry.copies)
        for runs in (self.entry.runs, *(r for r in controls if r is not self.entry.runs)):
            for stored in runs.values():
                if stored.run.stream in streams:
                    yield streams[stored.run.stream], stored

    def own_runs(self) -> Iterator[tuple[SuiteStream, EntryRun]]:
        """Yield the runs of the learner alone."""
        label = self.entry.manifest.learner.label
        return (pair for pair in self.runs() if pair[1].run.learner == label)


Rule = Callable[[ValidationContext], Iterator[str]]
"""Yields a sentence for each thing that is wrong."""


def has_data(suite_stream: SuiteStream) -> bool:
    """Return whether the data of a stream is on this machine."""
    stream = suite_stream.stream
    return not (isinstance(stream, DatasetStream) and data.missing([stream.dataset]))


def named(entry_run: EntryRun) -> str:
    """Return a run's name in messages."""
    return f"{entry_run.run.learner} on {entry_run.run.stream}, seed {entry_run.run.seed}"


def as_json(value: Any) -> Any:
    """Return a value after a round trip through JSON."""
    return json.loads(json.dumps(value))
