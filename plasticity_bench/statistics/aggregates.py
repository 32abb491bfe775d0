"""Single numbers that many runs are summed up by.

All but `slope` and `collapse_rate` take scores whose last two axes are (streams, seeds), and return
what the axes before them index.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]

COLLAPSED = 0.05
"""Up to this trainability, a network learns next to nothing."""


def known(scores: ArrayLike) -> Array:
    """Return scores without those that are NaN, because the reference gained nothing.

    Streams without any score are left out, then seeds that lack one on a stream that is left. Where
    no seed has scores on all of these, streams that lack one are left out instead.

    Args:
        scores: (streams, ..., seeds).

    Returns:
        (known streams, ..., known seeds), all numbers.
    """
    values = np.asarray(scores, dtype=np.float64)
    inner = tuple(range(1, values.ndim))
    values = values[~np.isnan(values).all(axis=inner)]
    seeds = ~np.isnan(values).any(axis=tuple(range(values.ndim - 1)))
    if seeds.any():
        return values[..., seeds]
    return values[~np.isnan(values).any(axis=inner)]


def mean(scores: ArrayLike) -> Array:
    """Return the mean over streams and seeds."""
    return np.asarray(np.mean(np.asarray(scores, dtype=np.float64), axis=(-2, -1)))


def over_streams(scores: ArrayLike) -> Array:
    """Return the mean of each seed over streams, (..., seeds).

    Args:
        scores: (..., streams, seeds); or (seeds,), which stay as they are.
    """
    values = np.asarray(scores, dtype=np.float64)
    if values.ndim < 2:
        return values
    return values.mean(axis=-2) if values.shape[-2] else values.reshape(*values.shape[:-2], 0)


def worst_quartile_mean(scores: ArrayLike) -> Array:
    """Return the mean of the worst quarter of all runs: of n runs the lowest n // 4, at least one.

    Also known as the conditional value at risk, at a quarter. Higher is better.
    """
    runs = _sorted_runs(scores)
    return np.asarray(runs[..., : max(1, runs.shape[-1] // 4)].mean(axis=-1))


def collapse_rate(trainability: ArrayLike, diverged: ArrayLike) -> float:
    """Return the share of replicas that diverged, or learn next to nothing in the end.

    Args:
        trainability: any shape; up to `COLLAPSED` counts as chance level.
        diverged: of the same shape.
    """
    low = np.asarray(trainability, dtype=np.float64) <= COLLAPSED
    return float(np.mean(low | np.asarray(diverged, dtype=bool)))


def slope(tasks: ArrayLike, values: ArrayLike) -> Array:
    """Return the least-squares slope of a measurement over tasks, for one task.

    Args:
        tasks: (tasks,), their indices; at least two different ones.
        values: (..., tasks).
    """
    x = np.asarray(tasks, dtype=np.float64)
    x = x - x.mean()
    return np.asarray(np.asarray(values, dtype=np.float64) @ x / (x @ x))


def _sorted_runs(scores: ArrayLike) -> Array:
    values = np.asarray(scores, dtype=np.float64)
    runs: Array = np.sort(values.reshape(*values.shape[:-2], -1), axis=-1)
    return runs
