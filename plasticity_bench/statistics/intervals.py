"""Bootstrap intervals over seeds, and over streams."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from plasticity_bench.statistics.aggregates import Array, mean

Statistic = Callable[[Array], Array]

LEVEL = 0.95
RESAMPLES = 10_000
MAX_KEPT = 2 * 10**7
"""Draws that are kept for the next interval of as many seeds."""
MAX_DRAWN = 2 * 10**6
"""Scores that are resampled at a time."""


@dataclass(frozen=True)
class Interval:
    """A mean and the interval that holds the true one with the stated confidence."""

    mean: float
    low: float
    high: float


@lru_cache(maxsize=2)
def _times_drawn(size: int, resamples: int, seed: int) -> NDArray[np.float64]:
    """How often each of so many values is drawn in each resample, (resamples, size).

    Tables have an interval in every place, of as many seeds each: they share what is drawn.
    """
    drawn = np.random.default_rng(seed).integers(size, size=(resamples, size))
    places = drawn + size * np.arange(resamples)[:, None]
    return np.bincount(places.ravel(), minlength=resamples * size).reshape(-1, size).astype(float)


def bootstrap_mean(
    values: ArrayLike, *, level: float = LEVEL, resamples: int = RESAMPLES, seed: int = 0
) -> Interval:
    """Return the mean over seeds with its percentile bootstrap interval.

    Efron (1979), doi:10.1214/aos/1176344552. With n seeds the interval covers a little less often
    than its level says, for the percentile method is narrow by about sqrt((n - 1) / n).

    Args:
        values: (seeds,), one number for each seed; at least one.
        level: confidence, in (0, 1).
        resamples: draws of the seeds with replacement.
        seed: of the resampling: the same values give the same interval.
    """
    sample: NDArray[np.float64] = np.asarray(values, dtype=np.float64)
    if len(sample) * resamples <= MAX_KEPT:
        means = _times_drawn(len(sample), resamples, seed) @ sample / len(sample)
    else:
        rng = np.random.default_rng(seed)
        means = np.array([rng.choice(sample, len(sample)).mean() for _ in range(resamples)])
    return Interval(float(sample.mean()), *bounds(means, level))


def stratified_interval(
    scores: ArrayLike,
    statistic: Statistic = mean,
    *,
    over_streams: bool = False,
    level: float = LEVEL,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Interval:
    """Return a statistic of scores with its stratified percentile bootstrap interval.

    Agarwal et al. (2021), arXiv:2108.13264: in each resample every stream has as many of its own
    seeds, drawn with replacement. `bootstrap_mean` says how narrow such intervals are.

    Args:
        scores: (streams, seeds), all of them numbers; else the interval is none.
        statistic: of (..., streams, seeds), as those of `aggregates`.
        over_streams: whether streams are resampled as well: what would be found on other streams
            of the same kind, rather than with other seeds on these. Needs several streams.
        level: confidence, in (0, 1).
        resamples: how many.
        seed: of the resampling.
    """
    values = np.asarray(scores, dtype=np.float64)
    if values.size == 0 or np.isnan(values).any():
        return Interval(math.nan, math.nan, math.nan)
    found = [statistic(drawn) for drawn in resampled(values, over_streams, resamples, seed)]
    low, high = bounds(np.concatenate(found), level)
    return Interval(float(statistic(values)), low, high)


def resampled(
    values: Array, over_streams: bool = False, resamples: int = RESAMPLES, seed: int = 0
) -> Iterator[Array]:
    """Yield resamples of scores, (some resamples, ..., streams, seeds).

    Args:
        values: (..., streams, seeds). What the axes before index has the same seeds drawn: they
            stay paired.
        over_streams: whether streams are drawn, too.
        resamples: how many in all; they come in parts that fit into memory.
        seed: of the draws.
    """
    rng = np.random.default_rng(seed)
    num_streams, num_seeds = values.shape[-2:]
    step = max(1, MAX_DRAWN // max(1, values.size))
    streams = np.arange(num_streams)
    for start in range(0, resamples, step):
        shape = (min(step, resamples - start), num_streams)
        chosen = rng.integers(num_streams, size=shape) if over_streams else streams
        seeds = rng.integers(num_seeds, size=(*shape, num_seeds))
        rows = np.broadcast_to(chosen, shape)[..., None]
        yield np.moveaxis(values[..., rows, seeds], -3, 0)


def bounds(found: Array, level: float = LEVEL) -> tuple[float, float]:
    """Return the quantiles that leave out half of 1 - level at either end."""
    tail = (1 - level) / 2
    low, high = np.quantile(found, [tail, 1 - tail])
    return float(low), float(high)
