"""What a setting is worth: scores of its cells, and their mean."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from plasticity_bench.planning import Group
from plasticity_bench.results import CellResult, Results
from plasticity_bench.scores import fraction, mean_over, score
from plasticity_bench.statistics import Interval, bootstrap_mean
from plasticity_bench.suite import StreamRun
from plasticity_bench.tuning.settings import Setting


@dataclass(frozen=True)
class Scored:
    """One setting on one stream: one score for each seed, or none."""

    tasks: int
    scores: tuple[float, ...]
    num_diverged: int


@dataclass(frozen=True)
class Trial:
    """One setting of one learner, as far as it was tried.

    Attributes:
        setting: the hyperparameters that are searched.
        tasks: of each stream, by label, the first so many that it was tried on last.
        scores: by stream, one for each tuning seed; empty where a cell has no result.
        num_diverged: members that diverged, where they were tried last.
    """

    setting: Setting
    tasks: Mapping[str, int]
    scores: Mapping[str, tuple[float, ...]]
    num_diverged: int

    def score(self, stream: str | None = None) -> float:
        """Return the mean over seeds and streams, or on one; not a number where it is unknown."""
        chosen = [self.scores[stream]] if stream else list(self.scores.values())
        if not all(chosen):
            return math.nan
        # A stream on which a fresh network gains nothing tells nothing of any setting.
        known = [np.nanmean(s) for s in chosen if not np.isnan(s).all()]
        return float(np.mean(known)) if known else math.nan

    @property
    def interval(self) -> Interval | None:
        """The mean with its interval over seeds; None where a cell has no result."""
        if math.isnan(self.score()):
            return None
        table = np.array(list(self.scores.values()))  # (streams, seeds)
        known = table[~np.isnan(table).any(1)]
        return bootstrap_mean(known.mean(0)) if len(known) else None


def loaded(group: Group, results: Results) -> list[CellResult]:
    """Return the results of a group's cells; none unless all are there."""
    found = [results.load(cell) for cell in group.cells]
    known = [result for result in found if result]
    return known if len(known) == len(found) else []


def attained(run: StreamRun, cells: Sequence[CellResult]) -> Scored:
    """Return what share of what can be attained the reference attains: nothing else measures it."""
    tasks = run.stream.scored_tasks()

    def share(cell: CellResult) -> float:
        if cell.info["status"] == "diverged":
            return 0.0
        chance = mean_over(cell.series("chance", "start"), tasks)
        return fraction(mean_over(cell.series(cell.attainment, "end"), tasks), chance, 1.0)

    return Scored(run.stream.num_tasks, tuple(map(share, cells)), _diverged(cells))


def against(
    group: Group, cells: Sequence[CellResult], fresh: Sequence[CellResult], select: str
) -> Scored:
    """Return the scores that a suite selects by, against the reference's cells."""
    tasks = group.run.stream.scored_tasks()
    scores = [
        getattr(score(cell, reference, group.protocol, tasks), select)
        for cell, reference in zip(cells, fresh, strict=bool(cells and fresh))
    ]
    return Scored(group.run.stream.num_tasks, tuple(scores), _diverged(cells))


def _diverged(cells: Sequence[CellResult]) -> int:
    return sum(cell.info["status"] == "diverged" for cell in cells)
