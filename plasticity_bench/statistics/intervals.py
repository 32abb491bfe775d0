r"""Percentile bootstrap intervals over seeds.

The resampling is `scipy.stats.bootstrap`'s: each resample has as many seeds of every stream as
there are, drawn with replacement. With n seeds such an interval covers a little less often than its
level says, because the percentile method is narrow by about $\sqrt{(n - 1)/n}$.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.stats
from numpy.typing import ArrayLike

from plasticity_bench.statistics.aggregates import Array, mean

Statistic = Callable[[Array], Array]

LEVEL = 0.95
RESAMPLES = 10_000
MAX_DRAWN = 2**24
"""Numbers that are resampled at a time."""


@dataclass(frozen=True)
class Interval:
    """A point estimate and its confidence interval; NaN where there is none."""

    mean: float
    low: float
    high: float


NO_INTERVAL = Interval(math.nan, math.nan, math.nan)


def format_interval(interval: Interval | None, *, signed: bool = False) -> str:
    """Return a mean with its interval, to two digits; n/a where there is none.

    >>> format_interval(Interval(0.5, 0.4, 0.65)), format_interval(None)
    ('0.50 [0.40, 0.65]', 'n/a')
    >>> format_interval(Interval(0.5, -0.1, 0.65), signed=True)
    '+0.50 [-0.10, +0.65]'
    """
    if interval is None or math.isnan(interval.mean):
        return "n/a"
    numbers = (interval.mean, interval.low, interval.high)
    return "{} [{}, {}]".format(*(f"{x:+.2f}" if signed else f"{x:.2f}" for x in numbers))


def bootstrap_mean(
    values: ArrayLike, *, level: float = LEVEL, resamples: int = RESAMPLES, seed: int = 0
) -> Interval:
    """Return the mean over seeds with its percentile bootstrap interval.

    Efron (1979), doi:10.1214/aos/1176344552.

    Args:
        values: (seeds,), one number for each seed; at least one.
        level: confidence, in (0, 1).
        resamples: number of resamples.
        seed: of the resampling: the same values give the same interval.
    """
    return bootstrap_means([values], level=level, resamples=resamples, seed=seed)[0]


def bootstrap_means(
    rows: Sequence[ArrayLike], *, level: float = LEVEL, resamples: int = RESAMPLES, seed: int = 0
) -> list[Interval]:
    """Return `bootstrap_mean` of each of many rows; rows of one length are resampled at once.

    Args:
        rows: (seeds,) each; the numbers of seeds may differ.
        level: confidence, in (0, 1).
        resamples: number of resamples.
        seed: of the resampling.
    """
    intervals = [NO_INTERVAL] * len(rows)
    by_length: dict[int, list[int]] = {}
    arrays = [np.asarray(row, dtype=np.float64) for row in rows]
    for index, row in enumerate(arrays):
        if np.isfinite(row).all():
            by_length.setdefault(len(row), []).append(index)
        else:
            intervals[index] = Interval(float(row.mean()), math.nan, math.nan)
    for indices in by_length.values():
        values = np.stack([arrays[index] for index in indices])
        low, high = bounds([values], _means, level, resamples, seed)
        ends = zip(values.mean(-1), low, high, strict=True)
        for index, numbers in zip(indices, ends, strict=True):
            intervals[index] = Interval(*map(float, numbers))
    return intervals


def stratified_interval(
    scores: ArrayLike,
    statistic: Statistic = mean,
    *,
    level: float = LEVEL,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Interval:
    """Return a statistic of scores with its stratified percentile bootstrap interval.

    Agarwal et al. (2021), arXiv:2108.13264: in each resample every stream has as many of its own
    seeds, drawn with replacement.

    Args:
        scores: (streams, seeds), all finite; else the interval is NaN.
        statistic: of (..., streams, seeds), as those of `aggregates`.
        level: confidence, in (0, 1).
        resamples: number of resamples.
        seed: of the resampling.
    """
    values = np.asarray(scores, dtype=np.float64)
    if values.size == 0 or np.isnan(values).any():
        return NO_INTERVAL
    low, high = bounds(list(values), _of_streams(statistic), level, resamples, seed)
    return Interval(float(statistic(values)), float(low), float(high))


def bootstrap_distribution(
    samples: Sequence[Array],
    statistic: Callable[..., Array],
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Array:
    """Return a statistic of resamples, (..., resamples).

    Args:
        samples: (..., seeds) each, one for each stream; the axes before the last have the same
            seeds drawn, so that they stay paired.
        statistic: called as statistic(*samples, axis=-1).
        resamples: number of resamples.
        seed: of the resampling.
    """
    alone = [sample.shape[-1] == 1 for sample in samples]
    if all(alone):  # one seed is drawn again and again
        return np.repeat(np.asarray(statistic(*samples, axis=-1))[..., None], resamples, axis=-1)
    # scipy refuses a single seed; of two that are equal, it draws the same.
    samples = [
        np.repeat(s, 2, axis=-1) if one else s for s, one in zip(samples, alone, strict=True)
    ]
    done = scipy.stats.bootstrap(
        tuple(samples),
        statistic,
        n_resamples=resamples,
        batch=max(1, MAX_DRAWN // sum(sample.size for sample in samples)),
        vectorized=True,
        axis=-1,
        method="percentile",
        rng=np.random.default_rng(seed),
    )
    distribution: Array = done.bootstrap_distribution
    return distribution


def bounds(
    samples: Sequence[Array],
    statistic: Callable[..., Array],
    level: float = LEVEL,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Any:
    """Return the ends of percentile intervals, (2, ...). Args as `bootstrap_distribution`."""
    drawn = bootstrap_distribution(samples, statistic, resamples, seed)
    tail = (1 - level) / 2
    return np.quantile(drawn, [tail, 1 - tail], axis=-1)


def _means(values: Array, axis: int) -> Array:
    return np.asarray(values.mean(axis=axis))


def _of_streams(statistic: Statistic) -> Callable[..., Array]:
    """A statistic of (..., streams, seeds) as one of single streams, (..., seeds) each."""

    def of_streams(*streams: Array, axis: int) -> Array:
        del axis  # always the last
        return statistic(np.stack(streams, axis=-2))

    return of_streams
