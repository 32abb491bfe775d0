"""Which measurement before task k predicts trainability on tasks k + 1 to k + M: one ranking."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from plasticity_bench.errors import BadInputError
from plasticity_bench.scoring import prediction
from plasticity_bench.scoring.task_histories import (
    BASELINES,
    LAST_ACCURACY,
    TASK_NUMBER,
    Histories,
)
from plasticity_bench.statistics import NO_INTERVAL, Interval


@dataclass(frozen=True)
class Comparison:
    """One way to ask how well something predicts.

    Attributes:
        name: as tables have it.
        statistic: the number, of histories and the name of a predictor.
        requires: what there must be for it to be defined.
        task_is_fixed: whether what is compared has the same task number, or it is held fixed.
    """

    name: str
    statistic: Callable[[Histories, str], Interval]
    requires: str
    task_is_fixed: bool = True


WITHIN = Comparison(
    "within runs",
    prediction.within_runs,
    "three tasks of a run with outcomes that differ",
    task_is_fixed=False,
)
BETWEEN_SEEDS = Comparison(
    "between seeds",
    prediction.between_seeds,
    "three seeds of a learner with outcomes that differ",
)
BETWEEN_LEARNERS = Comparison(
    "between learners",
    prediction.between_learners,
    "three learners with outcomes that differ",
)
WITHIN_GIVEN_TASK = Comparison(
    "within runs, given the task number",
    prediction.within_runs_given_task,
    "four tasks of a run with outcomes that the task number does not order",
)
BETWEEN_GIVEN_STEP_SIZE = Comparison(
    "between learners, given the step size",
    prediction.between_learners_given_step_size,
    "four learners that have a step size, with outcomes that it does not order",
)
MATCHED = Comparison(
    "concordance at matched accuracy",
    prediction.at_matched_accuracy,
    f"two learners whose accuracies on the last task differ by at most {prediction.TOLERANCE}",
)
HELD_OUT_SEEDS = Comparison(
    "R2, held-out seeds",
    prediction.held_out_seeds,
    "two seeds, and outcomes that differ",
    task_is_fixed=False,
)
HELD_OUT_LEARNERS = Comparison(
    "R2, held-out learners",
    prediction.held_out_learners,
    "two learners, and outcomes that differ",
    task_is_fixed=False,
)
OVER_LAST_ACCURACY = Comparison(
    "R2, held-out learners, minus that of the last accuracy",
    prediction.held_out_learners_over_last,
    "two learners, and outcomes that differ",
    task_is_fixed=False,
)
HELD_OUT_STREAMS = Comparison(
    "R2, held-out streams",
    prediction.held_out_streams,
    "two streams, and outcomes that differ",
    task_is_fixed=False,
)
COMPARISONS = (
    WITHIN,
    BETWEEN_SEEDS,
    BETWEEN_LEARNERS,
    WITHIN_GIVEN_TASK,
    BETWEEN_GIVEN_STEP_SIZE,
    MATCHED,
    HELD_OUT_SEEDS,
    HELD_OUT_LEARNERS,
    OVER_LAST_ACCURACY,
    HELD_OUT_STREAMS,
)


@dataclass(frozen=True)
class Estimate:
    """A number with its interval over learners, or why there is none.

    Attributes:
        interval: NaN where it is not defined; the ends alone are NaN where there is no interval.
        reason: why it is not defined; empty if it is.
    """

    interval: Interval
    reason: str = ""


@dataclass(frozen=True)
class Predictor:
    """One row of the ranking.

    Attributes:
        name: of the measurement or baseline.
        num_points: of how many runs and tasks it and the outcome are known.
        estimates: by the name of the comparison.
    """

    name: str
    num_points: int
    estimates: Mapping[str, Estimate]

    @property
    def is_baseline(self) -> bool:
        """Whether measurements are compared with it."""
        return self.name in BASELINES


def rank_predictors(histories: Histories, *, layers: bool = False) -> list[Predictor]:
    """Return all predictors, baselines among them; the best on held-out learners comes first.

    Where nothing can be held out, they are sorted by the next that is defined: R squared on
    held-out seeds, then the absolute correlation within runs.

    Args:
        histories: of a selection.
        layers: whether to include measurements of single layers.

    Raises:
        BadInputError: if the reference gains nothing, so that there is no outcome.
    """
    if not any(np.isfinite(stream.outcome).any() for stream in histories.streams):
        raise BadInputError(
            "There is nothing to predict: trainability is not defined on any stream, for its "
            "reference gains nothing over chance there, or shares no seed with the learners."
        )
    names = dict.fromkeys(name for stream in histories.streams for name in stream.predictors)
    predictors = [_predictor(histories, name) for name in names if layers or "/" not in name]
    return sorted(predictors, key=_merit, reverse=True)


def _predictor(histories: Histories, name: str) -> Predictor:
    number = prediction.num_points(histories, name)
    estimates = {c.name: _estimate(histories, name, c, number) for c in COMPARISONS}
    return Predictor(name, number, estimates)


def _estimate(histories: Histories, name: str, comparison: Comparison, number: int) -> Estimate:
    if not number:
        return Estimate(NO_INTERVAL, "never has a value where there is an outcome")
    if name == TASK_NUMBER and comparison.task_is_fixed:
        return Estimate(NO_INTERVAL, "is the same for all that are compared")
    if name == LAST_ACCURACY and comparison is OVER_LAST_ACCURACY:
        return Estimate(NO_INTERVAL, "is what others are compared with")
    found = comparison.statistic(histories, name)
    return Estimate(found, f"needs {comparison.requires}" if math.isnan(found.mean) else "")


def _merit(predictor: Predictor) -> tuple[float, float, float]:
    learners, seeds, within = (
        predictor.estimates[c.name].interval.mean
        for c in (HELD_OUT_LEARNERS, HELD_OUT_SEEDS, WITHIN)
    )
    return _or_least(learners), _or_least(seeds), _or_least(abs(within))


def _or_least(value: float) -> float:
    return -math.inf if math.isnan(value) else value
