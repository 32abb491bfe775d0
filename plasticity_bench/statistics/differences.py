"""Two learners on the same streams and seeds: how they differ, and whether by chance."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from plasticity_bench.statistics.aggregates import Array
from plasticity_bench.statistics.intervals import (
    LEVEL,
    RESAMPLES,
    Interval,
    bounds,
    stratified_interval,
)

EXACT = 14
"""Up to so many pairs, all ways to flip their signs are gone through: 16,384."""


@dataclass(frozen=True)
class Difference:
    """How much more one learner scores than another, on the seeds that both have.

    Attributes:
        interval: of the mean difference over streams and seeds.
        p_value: of the sign-flip test that the two are alike; before any correction.
        num_seeds: that they share.
    """

    interval: Interval
    p_value: float
    num_seeds: int


def paired_difference(ours: ArrayLike, theirs: ArrayLike, *, level: float = LEVEL) -> Difference:
    """Return the mean of ours - theirs with its stratified bootstrap interval and its p value.

    Args:
        ours: (streams, seeds), all of them numbers.
        theirs: likewise, on the same streams and the same seeds.
        level: confidence.
    """
    pairs = np.asarray(ours, dtype=np.float64) - np.asarray(theirs, dtype=np.float64)
    interval = stratified_interval(pairs, level=level)
    return Difference(interval, sign_flip_p_value(pairs), pairs.shape[-1])


def sign_flip_p_value(differences: ArrayLike, resamples: int = RESAMPLES, seed: int = 0) -> float:
    """Return the two-sided p value of Fisher's sign-flip test on the mean difference.

    If two learners are alike, each pair is as likely to differ in the one direction as in the
    other. The p value is the share of all ways to flip signs whose mean is at least as far from 0.
    Up to 14 pairs it is exact; beyond, it is (1 + found) / (1 + drawn) of random flips.

    Args:
        differences: of pairs, of any shape; each is flipped by itself.
        resamples: random flips.
        seed: of the flips.
    """
    pairs = np.asarray(differences, dtype=np.float64).ravel()
    if pairs.size == 0 or np.isnan(pairs).any():
        return math.nan
    exact = pairs.size <= EXACT
    signs = _all_signs(pairs.size) if exact else _random_signs(pairs.size, resamples, seed)
    # Flips that undo one another differ in rounding only: they count as equally far.
    far = abs(pairs.sum()) - 1e-12 * np.abs(pairs).sum()
    found = int(np.count_nonzero(np.abs(signs @ pairs) >= far))
    return found / len(signs) if exact else (1 + found) / (1 + len(signs))


def holm(p_values: Sequence[float]) -> list[float]:
    """Return p values corrected for being many, by Holm's step-down rule.

    Holm (1979), Scand. J. Statist. 6. If all of which are below 0.05 are called differences, the
    chance that any of them is none is at most 5 %. One that is not a number stays so, and does not
    count.

    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    corrected = list(p_values)
    tested = sorted((p, place) for place, p in enumerate(p_values) if not math.isnan(p))
    least = 0.0
    for step, (p, place) in enumerate(tested):
        least = max(least, min(1.0, p * (len(tested) - step)))
        corrected[place] = least
    return corrected


def probability_of_improvement(
    ours: ArrayLike,
    theirs: ArrayLike,
    *,
    level: float = LEVEL,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Interval:
    """Return how likely a run of ours scores more than a run of theirs, on the same stream.

    The mean over streams of the Mann-Whitney statistic, with ties counted half; Agarwal et al.
    (2021), arXiv:2108.13264. The seeds of the two are resampled apart, within each stream.

    Args:
        ours: (streams, seeds), all of them numbers.
        theirs: (streams, other seeds).
        level: confidence.
        resamples: how many.
        seed: of the resampling.
    """
    x, y = np.asarray(ours, dtype=np.float64), np.asarray(theirs, dtype=np.float64)
    wins = (x[:, :, None] > y[:, None, :]) + 0.5 * (x[:, :, None] == y[:, None, :])
    rng = np.random.default_rng(seed)
    found = np.zeros(resamples)
    for stream in wins:
        drawn_x = _drawn(rng, resamples, x.shape[1])
        drawn_y = _drawn(rng, resamples, y.shape[1])
        found += ((drawn_x @ stream) * drawn_y).sum(axis=1)
    found /= wins.size
    return Interval(float(wins.mean()), *bounds(found, level))


def _drawn(rng: np.random.Generator, resamples: int, size: int) -> NDArray[np.int64]:
    """How often each of so many runs is drawn, (resamples, size)."""
    return rng.multinomial(size, np.full(size, 1 / size), size=resamples)


@lru_cache(maxsize=4)
def _all_signs(size: int) -> Array:
    """Every way to choose so many signs, (2 ** size, size)."""
    bits = np.arange(2**size)[:, None] >> np.arange(size)
    return np.where(bits & 1, -1.0, 1.0)


@lru_cache(maxsize=4)
def _random_signs(size: int, resamples: int, seed: int) -> Array:
    """Random signs, (resamples, size); shared by the many pairs of a table."""
    drawn = np.random.default_rng(seed).integers(2, size=(resamples, size), dtype=np.int8)
    return np.where(drawn, -1.0, 1.0)
