"""Two learners on the same streams and seeds: how they differ, and whether by chance."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy.stats
from numpy.typing import ArrayLike

from plasticity_bench.statistics.aggregates import Array
from plasticity_bench.statistics.intervals import (
    LEVEL,
    MAX_DRAWN,
    RESAMPLES,
    Interval,
    bounds,
    stratified_interval,
)

ALPHA = 0.05
"""A difference is significant if its corrected p value is below this."""

FLIPS = 2**14
"""Sign flips of a test: up to 14 pairs all of them, beyond that a random sample."""


@dataclass(frozen=True)
class Difference:
    """How much more one learner scores than another, on the seeds that both have.

    Attributes:
        interval: of the mean difference over streams and seeds.
        p_value: of the sign-flip test that the two are alike; before any correction.
        num_seeds: that they share.
        num_pairs: of runs, on all streams together.
    """

    interval: Interval
    p_value: float
    num_seeds: int
    num_pairs: int

    @property
    def least_p_value(self) -> float:
        """The smallest p value that so many pairs can give: two of all their sign flips."""
        return float(min(1.0, 2.0 ** (1 - self.num_pairs)))

    @property
    def too_few_pairs(self) -> bool:
        """Whether no difference could be significant with so few pairs."""
        return self.least_p_value >= ALPHA


def paired_difference(ours: ArrayLike, theirs: ArrayLike, *, level: float = LEVEL) -> Difference:
    """Return the mean of ours - theirs with its stratified bootstrap interval and its p value.

    Args:
        ours: (streams, seeds), all finite.
        theirs: likewise, on the same streams and the same seeds.
        level: confidence.
    """
    pairs = np.asarray(ours, dtype=np.float64) - np.asarray(theirs, dtype=np.float64)
    interval = stratified_interval(pairs, level=level)
    return Difference(interval, sign_flip_p_value(pairs), pairs.shape[-1], pairs.size)


def sign_flip_p_value(differences: ArrayLike, flips: int = FLIPS, seed: int = 0) -> float:
    """Return the two-sided p value of Fisher's sign-flip test on the mean difference.

    If two learners are alike, each pair is as likely to differ in the one direction as in the
    other. The p value is the share of sign flips whose mean is at least as far from 0; it is exact
    if there are at most `flips` of them, and else from a random sample (`scipy.stats`).

    Args:
        differences: of pairs, of any shape; each is flipped by itself.
        flips: of the signs, at most.
        seed: of the random flips.
    """
    pairs = np.asarray(differences, dtype=np.float64).reshape(1, -1)
    return sign_flip_p_values(pairs, flips, seed)[0]


def sign_flip_p_values(differences: Array, flips: int = FLIPS, seed: int = 0) -> list[float]:
    """Return `sign_flip_p_value` of each row of (rows, pairs); all rows have the same flips."""
    if differences.size == 0 or np.isnan(differences).any():
        return [
            sign_flip_p_value(row, flips, seed)
            if row.size and not np.isnan(row).any()
            else math.nan
            for row in differences
        ]
    if differences.shape[-1] == 1:  # scipy refuses a single pair: both flips are as far from 0
        return [1.0] * len(differences)
    done = scipy.stats.permutation_test(
        (differences,),
        _mean,
        permutation_type="samples",
        vectorized=True,
        axis=-1,
        n_resamples=flips,
        batch=max(1, MAX_DRAWN // differences.size),
        rng=np.random.default_rng(seed),
    )
    return [float(p) for p in done.pvalue]


def holm(p_values: Sequence[float]) -> list[float]:
    """Return p values corrected for multiple comparisons by Holm's step-down method.

    Holm (1979), Scand. J. Statist. 6. If those below 0.05 are called differences, the chance that
    one of them is a false one is at most 5 %. NaN stays NaN, and does not count.

    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    corrected = list(p_values)
    tested = sorted((p, index) for index, p in enumerate(p_values) if not math.isnan(p))
    least = 0.0
    for step, (p, index) in enumerate(tested):
        least = max(least, min(1.0, p * (len(tested) - step)))
        corrected[index] = least
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
    (2021), arXiv:2108.13264. The seeds of the two are resampled independently, within each stream.

    Args:
        ours: (streams, seeds), all finite.
        theirs: (streams, other seeds).
        level: confidence.
        resamples: number of resamples.
        seed: of the resampling.
    """
    x, y = np.asarray(ours, dtype=np.float64), np.asarray(theirs, dtype=np.float64)
    low, high = bounds([*x, *y], _improvement, level, resamples, seed)
    return Interval(float(_improvement(*x, *y, axis=-1)), float(low), float(high))


def _improvement(*streams: Array, axis: int) -> Array:
    """The mean Mann-Whitney statistic of streams of ours, then of theirs, (..., seeds) each."""
    del axis  # always the last
    half = len(streams) // 2
    of_streams = []
    for ours, theirs in zip(streams[:half], streams[half:], strict=True):
        x, y = ours[..., :, None], theirs[..., None, :]
        of_streams.append(((x > y) + 0.5 * (x == y)).mean((-2, -1)))
    return np.asarray(np.mean(of_streams, axis=0))


def _mean(values: Array, axis: int) -> Array:
    return np.asarray(values.mean(axis=axis))
