"""Trials of a search: settings and the scores of their runs."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from plasticity_bench.results import Results
from plasticity_bench.scoring.scores import Means, fraction, means_by_key, score
from plasticity_bench.statistics import Interval, mean_interval
from plasticity_bench.suite.planning import Group
from plasticity_bench.suite.suite import SuiteStream
from plasticity_bench.tuning.settings import Setting


@dataclass(frozen=True)
class Scored:
    """One setting on one stream: one score for each seed, or none."""

    tasks: int
    scores: tuple[float, ...]
    num_diverged: int


@dataclass(frozen=True)
class Trial:
    """One setting of one learner, and its scores so far.

    Attributes:
        setting: values of the hyperparameters that are searched.
        tasks: by stream label, the number of tasks that it was last tried on.
        scores: by stream, one for each tuning seed; empty where a run has no result.
        num_diverged: replicas that diverged, where they were tried last.
    """

    setting: Setting
    tasks: Mapping[str, int]
    scores: Mapping[str, tuple[float, ...]]
    num_diverged: int

    def score(self, stream: str | None = None) -> float:
        """Return the mean over streams and seeds, or of one stream; NaN if unknown."""
        chosen = [self.scores[stream]] if stream else list(self.scores.values())
        if not all(chosen):
            return math.nan
        # A stream on which a fresh network gains nothing cannot compare settings.
        known = [np.nanmean(s) for s in chosen if not np.isnan(s).all()]
        return float(np.mean(known)) if known else math.nan

    @property
    def interval(self) -> Interval | None:
        """The mean with its interval over seeds; None where a run has no result."""
        if math.isnan(self.score()):
            return None
        table = np.array(list(self.scores.values()))  # (streams, seeds)
        known = table[~np.isnan(table).any(1)]
        return mean_interval(known) if len(known) else None


def loaded(group: Group, results: Results, select: str) -> list[Means]:
    """Return the numbers a group's runs are scored by; empty unless all are finished.

    Accuracy is the mean over all tasks that were tried: on a few first tasks the last of them says
    little by itself. Curvature is measured at the last tenth only.

    Args:
        group: of a setting.
        results: where its runs are.
        select: what the suite selects by.
    """
    stream = group.suite_stream.stream
    tasks = range(stream.num_tasks) if select == "trainability" else stream.scored_tasks()
    means: dict[str, Means] = {}
    for of_runs in {run.group for run in group.runs}:
        means |= means_by_key(results, of_runs, group.protocol, tasks)
    known = [means[run.key] for run in group.runs if run.key in means]
    return known if len(known) == len(group.runs) else []


def reference_scores(suite_stream: SuiteStream, runs: Sequence[Means]) -> Scored:
    """Return the reference's own attainment, since it cannot be scored relative to itself."""
    shares = (0.0 if run.diverged else fraction(run.accuracy, run.chance, 1.0) for run in runs)
    return Scored(suite_stream.stream.num_tasks, tuple(shares), _diverged(runs))


SELECTED_BY = {"trainability": "trainability", "retention": "curvature_to_reference"}
"""What a suite may select by, and the attribute of `Score`. A search runs no own fresh copies."""


def against(group: Group, runs: Sequence[Means], fresh: Sequence[Means], select: str) -> Scored:
    """Return the scores that the suite selects by, relative to the reference's runs."""
    scores = [
        getattr(score(run, reference), SELECTED_BY[select])
        for run, reference in zip(runs, fresh, strict=bool(runs and fresh))
    ]
    return Scored(group.suite_stream.stream.num_tasks, tuple(scores), _diverged(runs))


def _diverged(runs: Sequence[Means]) -> int:
    return sum(run.diverged for run in runs)
