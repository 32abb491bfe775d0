r"""Prediction of what a model has not seen: one group after another is held out.

The model is fixed: $\hat y = a + b\, F(x)$, where F is the training points' distribution function,
and a and b are least squares over the training points. F depends on the order of values only, so
neither the unit of x nor a monotone transformation matters, and b may have either sign.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

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
    xs, ys = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    group_of = np.asarray(groups)
    known = np.isfinite(xs) & np.isfinite(ys)
    errors = HeldOutErrors(np.full(len(xs), np.nan), np.full(len(xs), np.nan))
    for group in np.unique(group_of[known]):
        train, test = known & (group_of != group), known & (group_of == group)
        if train.sum() >= LEAST_POINTS:
            predicted = _predicted(xs[train], ys[train], xs[test])
            errors.model[test] = (ys[test] - predicted) ** 2
            errors.mean[test] = (ys[test] - ys[train].mean()) ** 2
    return errors


def distribution(sample: Array, at: Array) -> Array:
    """Return the distribution function of a sample, in [0, 1]; equal values count half.

    Args:
        sample: (points,).
        at: (values,), where it is evaluated.
    """
    ordered = np.sort(sample)
    below = np.searchsorted(ordered, at, "left") + np.searchsorted(ordered, at, "right")
    return np.asarray(below / (2 * len(ordered)))


def _predicted(x: Array, y: Array, at: Array) -> Array:
    shares = distribution(x, x)
    deviations = shares - shares.mean()
    variance = float(deviations @ deviations)
    slope = float(deviations @ y) / variance if variance > 0 else 0.0
    return np.asarray(y.mean() + slope * (distribution(x, at) - shares.mean()))
