"""How well what is known before task k predicts the trainability on tasks k + 1 to k + M.

Each function takes histories and the name of a predictor, and returns a number with an interval
over learners: Student's where the number is a mean over learners, else the jackknife that leaves
out one learner after another, which is the same for a mean. NaN where it is not defined.
docs/explanations.md has the formulas.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from plasticity_bench.scoring.task_histories import LAST_ACCURACY, Histories, StreamHistories
from plasticity_bench.statistics import (
    NO_INTERVAL,
    HeldOutErrors,
    Interval,
    held_out_errors,
    jackknife_interval,
    matched_concordance,
    mean_interval,
    partial_rank_correlations,
    rank_correlations,
)
from plasticity_bench.statistics.aggregates import Array

TOLERANCE = 0.02
"""Accuracies of the last task that differ by no more are matched."""

Mask = NDArray[np.bool_]


def num_points(histories: Histories, name: str) -> int:
    """Return of how many runs and tasks the predictor and the outcome are known."""
    return sum(int(np.isfinite(x + s.outcome).sum()) for s, x in _known(histories, name))


def within_runs(histories: Histories, name: str) -> Interval:
    """Return the rank correlation over the tasks of one run, averaged over seeds and streams."""
    return _over_learners(rank_correlations(x, s.outcome) for s, x in _known(histories, name))


def within_runs_given_task(histories: Histories, name: str) -> Interval:
    """Return the same as `within_runs`, with the task number held fixed."""
    return _over_learners(
        partial_rank_correlations(x, s.outcome, s.tasks) for s, x in _known(histories, name)
    )


def between_seeds(histories: Histories, name: str) -> Interval:
    """Return the rank correlation over the seeds of one learner at one task."""
    return _over_learners(
        rank_correlations(x.swapaxes(1, 2), s.outcome.swapaxes(1, 2))
        for s, x in _known(histories, name)
    )


def between_learners(histories: Histories, name: str) -> Interval:
    """Return the rank correlation over learners, of their means over seeds, at one task."""
    means = [_means_of_seeds(s, x) for s, x in _known(histories, name)]

    def estimate(kept: Mask) -> float:
        return _over_streams(rank_correlations(x[:, kept], y[:, kept]) for x, y in means)

    return _jackknifed(estimate, _any_known(means, len(histories.learners)))


def between_learners_given_step_size(histories: Histories, name: str) -> Interval:
    """Return the same as `between_learners`, with the logarithm of the step size held fixed."""
    means = [(*_means_of_seeds(s, x), np.log(s.step_sizes)) for s, x in _known(histories, name)]

    def estimate(kept: Mask) -> float:
        return _over_streams(
            partial_rank_correlations(x[:, kept], y[:, kept], z[kept]) for x, y, z in means
        )

    return _jackknifed(
        estimate, _any_known([(x + z, y) for x, y, z in means], len(histories.learners))
    )


def at_matched_accuracy(histories: Histories, name: str) -> Interval:
    """Return how often, of two learners as good on the last task, the one ahead in x is better.

    The share of pairs of runs of one stream, seed and task, in [0, 1], the mean over streams. 0.5
    is chance; near 0, the one behind in x is better.
    """
    num_learners = len(histories.learners)
    counts = []
    for s, x in _known(histories, name):
        last = s.predictors[LAST_ACCURACY]
        x_rows, y_rows, last_rows = (a.reshape(num_learners, -1) for a in (x, s.outcome, last))
        counts.append(matched_concordance(x_rows, y_rows, last_rows, TOLERANCE))

    def estimate(kept: Mask) -> float:
        both = np.ix_(kept, kept)
        return _over_streams(
            _divided(c.concordant[both].sum(), c.matched[both].sum()) for c in counts
        )

    num_pairs = sum((c.matched.sum(0) for c in counts), np.zeros(num_learners))
    return _jackknifed(estimate, num_pairs > 0)


def held_out_seeds(histories: Histories, name: str) -> Interval:
    """Return R squared on seeds that the model of the stream was not fitted to; at most 1."""
    return _r_squared(_held_out(histories, name, axis=1), len(histories.learners))


def held_out_learners(histories: Histories, name: str) -> Interval:
    """Return R squared on learners that the model of the stream was not fitted to; at most 1."""
    return _r_squared(_held_out(histories, name, axis=0), len(histories.learners))


def held_out_learners_over_last(histories: Histories, name: str) -> Interval:
    """Return by how much R squared on held-out learners is above that of the last accuracy.

    Both are of the points where both are known, so that they can be compared.
    """
    num_learners = len(histories.learners)
    sums, num_predicted = np.zeros((3, num_learners)), np.zeros(num_learners)
    for s, x in _known(histories, name):
        last, learner = s.predictors[LAST_ACCURACY], _index(x, 0)
        both = np.isfinite(x + last).ravel()
        model, of_last = (
            held_out_errors(np.where(both, v.ravel(), np.nan), s.outcome.ravel(), learner)
            for v in (x, last)
        )
        for row, errors in enumerate((of_last.model, model.model, model.mean)):
            sums[row] += _by_learner(errors, learner, num_learners)
        num_predicted += np.bincount(learner[np.isfinite(model.model)], minlength=num_learners)

    def estimate(kept: Mask) -> float:
        of_last, of_model, of_mean = sums[:, kept].sum(1)
        return float((of_last - of_model) / of_mean) if of_mean > 0 else math.nan

    return _jackknifed(estimate, num_predicted > 0)


def held_out_streams(histories: Histories, name: str) -> Interval:
    """Return R squared on streams that the model was not fitted to; at most 1."""
    known = list(_known(histories, name))
    if not known:
        return NO_INTERVAL
    x = np.concatenate([x.ravel() for _, x in known])
    y = np.concatenate([s.outcome.ravel() for s, _ in known])
    stream = np.repeat(np.arange(len(known)), [x.size for _, x in known])
    learner = np.concatenate([_index(x, 0) for _, x in known])
    return _r_squared([(held_out_errors(x, y, stream), learner)], len(histories.learners))


Errors = tuple[HeldOutErrors, NDArray[np.int64]]
"""Errors of points, and the index of each point's learner."""


def _held_out(histories: Histories, name: str, axis: int) -> list[Errors]:
    """Of each stream by itself."""
    return [
        (held_out_errors(x.ravel(), s.outcome.ravel(), _index(x, axis)), _index(x, 0))
        for s, x in _known(histories, name)
    ]


def _index(values: Array, axis: int) -> NDArray[np.int64]:
    """The index along an axis of each number, flattened."""
    return np.asarray(np.indices(values.shape)[axis].ravel())


def _r_squared(errors: Sequence[Errors], num_learners: int) -> Interval:
    sums, num_predicted = np.zeros((2, num_learners)), np.zeros(num_learners)
    for (model, mean), learner in errors:
        sums[0] += _by_learner(model, learner, num_learners)
        sums[1] += _by_learner(mean, learner, num_learners)
        num_predicted += np.bincount(learner[np.isfinite(model)], minlength=num_learners)

    def estimate(kept: Mask) -> float:
        of_model, of_mean = sums[:, kept].sum(1)
        return float(1 - of_model / of_mean) if of_mean > 0 else math.nan

    return _jackknifed(estimate, num_predicted > 0)


def _by_learner(values: Array, learner: NDArray[np.int64], num_learners: int) -> Array:
    """The sum of known values of each learner."""
    known = np.isfinite(values)
    return np.asarray(np.bincount(learner[known], values[known], num_learners))


def _known(histories: Histories, name: str) -> Iterator[tuple[StreamHistories, Array]]:
    """The streams with the predictor, and its values, (learners, seeds, tasks)."""
    for stream in histories.streams:
        if name in stream.predictors:
            yield stream, stream.predictors[name]


def _means_of_seeds(stream: StreamHistories, x: Array) -> tuple[Array, Array]:
    """Predictor and outcome, (tasks, learners): means over the seeds that have both."""
    known = np.isfinite(x) & np.isfinite(stream.outcome)
    x_mean, y_mean = (
        _divided(np.where(known, values, 0).sum(1), known.sum(1)).T
        for values in (x, stream.outcome)
    )
    return x_mean, y_mean


def _any_known(means: Sequence[tuple[Array, Array]], num_learners: int) -> Mask:
    """Which learners are known at any task of any stream."""
    known = np.zeros(num_learners, dtype=bool)
    for x, y in means:
        known |= np.isfinite(x + y).any(0)
    return known


def _over_learners(streams: Iterable[Array]) -> Interval:
    """The mean over streams, then over learners, of (learners, ...) numbers for each stream."""
    means = [_mean_of_known(values.reshape(len(values), -1)) for values in streams]
    of_learners = _mean_of_known(np.array(means).T) if means else np.array([])
    known = of_learners[np.isfinite(of_learners)]
    return mean_interval(known) if known.size else NO_INTERVAL


def _over_streams(streams: Iterable[Array]) -> float:
    """The mean over streams of the mean of the known numbers of each."""
    means = np.array([float(_mean_of_known(values)) for values in streams])
    return float(_mean_of_known(means))


def _mean_of_known(values: Array) -> Array:
    """The mean over the last axis; NaN where nothing is known."""
    known = np.isfinite(values)
    return _divided(np.where(known, values, 0).sum(-1), known.sum(-1))


def _divided(total: Array, count: NDArray[np.int64]) -> Array:
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _jackknifed(estimate: Callable[[Mask], float], learners: Mask) -> Interval:
    """The estimate from all learners that have any value, and its interval."""
    (chosen,) = np.nonzero(learners)
    without = [estimate(learners & (np.arange(len(learners)) != one)) for one in chosen]
    return jackknife_interval(estimate(learners), without)
