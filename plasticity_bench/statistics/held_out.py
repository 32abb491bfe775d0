r"""Prediction of what a model has not seen: one group after another is held out.

The model is fixed: $\hat y = a + b\, F(x)$, where F is the training points' distribution function,
equal values counted half, and a and b are least squares over the training points. F depends on the
order of values only, so neither the unit of x nor a monotone transformation matters, and b may have
either sign.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from plasticity_bench.statistics.aggregates import Array

LEAST_POINTS = 3
"""A line through fewer points is no model."""


class HeldOutErrors(NamedTuple):
    """Squared errors of held-out points, NaN where nothing is predicted.

    Attributes:
        model: (points,), of the model.
        mean: (points,), of the training points' mean.
    """

    model: Array
    mean: Array


def held_out_errors(x: ArrayLike, y: ArrayLike, groups: ArrayLike) -> HeldOutErrors:
    """Return the errors of each point, predicted from the points of all other groups.

    Points of which x or y is not finite are neither trained on nor predicted; nor is anything
    predicted from fewer than three points.

    Args:
        x: (points,), of which is predicted.
        y: (points,), what is predicted.
        groups: (points,), any numbers.
    """
    given, outcome = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    errors = HeldOutErrors(np.full(len(given), np.nan), np.full(len(given), np.nan))
    (known,) = np.nonzero(np.isfinite(given) & np.isfinite(outcome))
    points = known[np.argsort(given[known], kind="stable")]
    xs, ys, group_of = given[points], outcome[points], np.asarray(groups)[points]
    of_all = _twice_below(xs, xs)
    for group in np.unique(group_of):
        test = group_of == group
        train = ~test
        count = int(train.sum())
        if count >= LEAST_POINTS:  # the distribution function without the group's own points
            shares = (of_all - _twice_below(xs[test], xs)) / (2 * count)
            predicted = _line(shares[train], ys[train], shares[test])
            errors.model[points[test]] = (ys[test] - predicted) ** 2
            errors.mean[points[test]] = (ys[test] - ys[train].mean()) ** 2
    return errors


def _twice_below(ordered: Array, at: Array) -> NDArray[np.int64]:
    """Twice the number of values below, equal ones counted half."""
    return np.searchsorted(ordered, at, "left") + np.searchsorted(ordered, at, "right")


def _line(shares: Array, y: Array, at: Array) -> Array:
    deviations = shares - shares.mean()
    variance = float(deviations @ deviations)
    slope = float(deviations @ y) / variance if variance > 0 else 0.0
    return np.asarray(y.mean() + slope * (at - shares.mean()))
