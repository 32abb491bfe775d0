"""Two learners on the same streams and seeds: how they differ, and whether by chance."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from plasticity_bench.statistics.aggregates import Array, over_streams
from plasticity_bench.statistics.intervals import LEVEL, Interval, mean_interval
from plasticity_bench.statistics.resampling import RESAMPLES, bounds
from plasticity_bench.statistics.sign_flips import ALPHA, sign_flip_p_values


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

    @property
    def least_p_value(self) -> float:
        """The smallest p value that so many seeds can give: two of all their sign flips."""
        return float(min(1.0, 2.0 ** (1 - self.num_seeds)))

    @property
    def too_few_seeds(self) -> bool:
        """Whether no difference could be significant with so few seeds."""
        return self.least_p_value >= ALPHA


def paired_difference(ours: ArrayLike, theirs: ArrayLike, *, level: float = LEVEL) -> Difference:
    """Return the mean of ours - theirs with its interval and its p value.

    A seed is one pair: its runs on several streams share examples and initial parameters, so their
    differences are averaged first.

    Args:
        ours: (streams, seeds), all finite.
        theirs: likewise, on the same streams and the same seeds.
        level: confidence.
    """
    pairs = over_streams(np.asarray(ours, dtype=np.float64) - np.asarray(theirs, dtype=np.float64))
    (p_value,) = sign_flip_p_values([pairs])
    return Difference(mean_interval(pairs, level=level), p_value, len(pairs))


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
