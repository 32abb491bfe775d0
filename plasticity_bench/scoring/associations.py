"""How well each measurement at a task's start predicts how well that task is then learnt.

Every association is Spearman's rank correlation of a measurement with the accuracy at the end of
the same task. A measurement that exists at a task's end only, as the norm of its updates, predicts
the task after it. The first task is left out: all learners start it alike, and nothing is lost yet.

Three comparisons, each within one seed, so that seeds are independent:

- *within runs*: over the tasks of one learner on one stream. The reference is left out, for its
  runs have no history to explain anything with.
- *across learners*: over the learners, at one task of one stream.
- *across streams*: over the streams, at one task of one learner.

Each is averaged over what is left, first for each seed; the interval is over seeds.
"""

import json
import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from plasticity_bench.results import Run, RunResult
from plasticity_bench.statistics import Interval, mean_interval, rank_correlations

OUTCOMES = ("accuracy", "r_squared", "loss")
NOT_EXPLANATIONS = ("chance", "dead_rank", *OUTCOMES, *(f"test_{name}" for name in OUTCOMES))
Series = dict[int, float]


@dataclass(frozen=True)
class RunSeries:
    """One learner on one stream with one seed.

    Attributes:
        stream: the stream's label.
        learner: the learner's label.
        variant: distinguishes settings of learners with the same label.
        seed: the replica's seed.
        accuracy: at each task's end.
        predictors: for each measurement, its value before each task.
    """

    stream: str
    learner: str
    variant: str
    seed: int
    accuracy: Series
    predictors: dict[str, Series]


@dataclass(frozen=True)
class Association:
    """The associations of one measurement; None where there is nothing to compare.

    Attributes:
        name: of the measurement.
        within: within runs, over all streams.
        learners: across learners, over all streams.
        streams: across streams.
        within_stream: within runs, by stream.
        learners_in_stream: across learners, by stream.
    """

    name: str
    within: Interval | None
    learners: Interval | None
    streams: Interval | None
    within_stream: dict[str, Interval | None]
    learners_in_stream: dict[str, Interval | None]

    @property
    def signs(self) -> str:
        """The sign within runs in each stream, as `sign` has it."""
        return "".join(sign(interval) for interval in self.within_stream.values())

    @property
    def num_holds(self) -> int:
        """The number of streams in which its most frequent significant sign occurs."""
        return max(self.signs.count("+"), self.signs.count("-"))


def sign(interval: Interval | None) -> str:
    """Return + or - for an interval on one side of zero, 0 for one around it, . for none.

    There is none from a single seed.

    >>> sign(Interval(0.5, 0.4, 0.6)), sign(Interval(-0.1, -0.3, 0.1)), sign(None)
    ('+', '0', '.')
    """
    if interval is None or math.isnan(interval.low):
        return "."
    if interval.low > 0:
        return "+"
    return "-" if interval.high < 0 else "0"


def runs_of(runs: Iterable[tuple[Run, RunResult]]) -> list[RunSeries]:
    """Return the series of loaded runs."""
    return [
        RunSeries(
            run.stream,
            run.learner,
            json.dumps(run.identity.get("learner"), sort_keys=True),
            run.seed,
            result.series(result.task_metric, "end"),
            known_before_tasks(result),
        )
        for run, result in runs
    ]


def known_before_tasks(result: RunResult) -> dict[str, Series]:
    """Return the measurements that are known before a task, by name; not before the first task.

    They are those at the task's start. What is measured at a task's end only is known before the
    next task. Left out: accuracies, losses, and what belongs to the task and not to the network.
    """
    when, name = result.columns["when"], result.columns["name"]
    at_start = [n for n in dict.fromkeys(name[when == "start"]) if n not in NOT_EXPLANATIONS]
    at_end = [n for n in dict.fromkeys(name[when == "end"]) if n not in NOT_EXPLANATIONS]
    before = {str(n): result.series(n, "start") for n in at_start}
    for n in at_end:
        if n not in before:
            before[str(n)] = {task + 1: v for task, v in result.series(n, "end").items()}
    return {n: {task: v for task, v in series.items() if task > 0} for n, series in before.items()}


def explain(
    runs: Sequence[RunSeries], reference: str, *, layers: bool = False
) -> list[Association]:
    """Return each measurement's associations; those that hold in most streams come first.

    Args:
        runs: of one suite.
        reference: the learner whose runs have no history.
        layers: whether to include measurements of single layers.
    """
    streams = list(dict.fromkeys(run.stream for run in runs))
    names = dict.fromkeys(name for run in runs for name in run.predictors)
    associations = [
        _explained(name, runs, streams, reference) for name in names if layers or "/" not in name
    ]
    return sorted(associations, key=lambda e: (e.num_holds, _strength(e.within)), reverse=True)


def _explained(
    name: str, runs: Sequence[RunSeries], streams: list[str], reference: str
) -> Association:
    changing = [run for run in runs if run.learner != reference]

    def on(stream: str, some: Sequence[RunSeries]) -> list[RunSeries]:
        return [run for run in some if run.stream == stream]

    def one_run(run: RunSeries, _task: int) -> object:
        return run.stream, run.learner, run.variant

    def one_task(run: RunSeries, task: int) -> object:
        return run.stream, task

    def one_learner(run: RunSeries, task: int) -> object:
        return run.learner, run.variant, task

    return Association(
        name,
        _over_seeds(name, changing, one_run),
        _over_seeds(name, runs, one_task),
        _over_seeds(name, runs, one_learner),
        {stream: _over_seeds(name, on(stream, changing), one_run) for stream in streams},
        {stream: _over_seeds(name, on(stream, runs), one_task) for stream in streams},
    )


def _over_seeds(
    name: str, runs: Iterable[RunSeries], group_of: Callable[[RunSeries, int], object]
) -> Interval | None:
    """Correlate within groups of one seed's points, average over groups, then over seeds."""
    groups: dict[tuple[int, object], list[tuple[float, float]]] = defaultdict(list)
    for run in runs:
        for task, value in run.predictors.get(name, {}).items():
            if task in run.accuracy:
                groups[run.seed, group_of(run, task)].append((value, run.accuracy[task]))
    if not groups:
        return None
    padded = np.full((2, len(groups), max(map(len, groups.values()))), np.nan)
    for row, pairs in enumerate(groups.values()):
        padded[:, row, : len(pairs)] = np.transpose(pairs)
    known: dict[int, list[float]] = defaultdict(list)
    for (seed, _), value in zip(groups, rank_correlations(*padded), strict=True):
        if not math.isnan(value):
            known[seed].append(float(value))
    means = [sum(values) / len(values) for values in known.values()]
    return mean_interval(means) if means else None


def _strength(interval: Interval | None) -> float:
    return abs(interval.mean) if interval else 0.0
