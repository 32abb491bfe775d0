"""Where an entry's hyperparameters come from, and what the search for them cost."""

import json
from dataclasses import dataclass
from typing import Literal

from plasticity_bench.errors import BadInputError
from plasticity_bench.leaderboard.entry import Entry
from plasticity_bench.leaderboard.manifest import TUNING
from plasticity_bench.results import TUNED
from plasticity_bench.suite.suite import Suite
from plasticity_bench.text import printable
from plasticity_bench.tuning.record import LearnerRecord, SearchRecord, read_record


@dataclass(frozen=True)
class Settings:
    """Where an entry's hyperparameters come from.

    Attributes:
        origin: "tuned" if the entry has the record of a search, "suite's" if they are those of the
            suite, else "not tuned".
        search: the search; None without one, or if its record cannot be read.
        tried: what the search tried for this learner; None likewise.
    """

    origin: Literal["tuned", "suite's", "not tuned"]
    search: SearchRecord | None = None
    tried: LearnerRecord | None = None

    @property
    def edges(self) -> list[str]:
        """The hyperparameters that ended at the edge of what was tried."""
        # The record is by a stranger: tables show its names.
        return [printable(name) for name in self.tried.at_edge] if self.tried else []

    @property
    def num_tried(self) -> int | None:
        """How many settings were tried; None where it is not known."""
        if self.tried is None:
            return 0 if self.origin == "not tuned" else None
        return len({json.dumps(t.setting, sort_keys=True) for t in self.tried.tried})

    @property
    def updates(self) -> int | None:
        """The updates of the search for this learner; None where it is not known."""
        if self.tried is None:
            return 0 if self.origin == "not tuned" else None
        return self.tried.updates

    def __str__(self) -> str:
        if self.edges:
            return f"{self.origin}; at the edge: {', '.join(self.edges)}"
        return self.origin


def settings_of(entry: Entry, suite: Suite) -> Settings:
    """Return where an entry's hyperparameters come from."""
    part = entry.manifest.learner
    if entry.manifest.tuning:
        return _tuned(entry)
    given = next((c for c in suite.contenders if c.label == part.label), None)
    stated = part.hyperparameters.items()
    if given and all(given.on(name).learner.hyperparameters() == own for name, own in stated):
        return Settings("suite's")
    return Settings("not tuned")


def _tuned(entry: Entry) -> Settings:
    try:
        search = read_record(entry.folder / TUNING).record
    except BadInputError:
        return Settings("tuned")
    learner = search.learners.get(entry.manifest.learner.label.removesuffix(TUNED))
    return Settings("tuned", search.tuning, learner)
