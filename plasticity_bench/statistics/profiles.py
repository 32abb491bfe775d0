"""Performance profiles: how many runs score more than tau, for every tau."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from plasticity_bench.statistics.aggregates import Array
from plasticity_bench.statistics.intervals import LEVEL
from plasticity_bench.statistics.resampling import RESAMPLES, bounds


@dataclass(frozen=True)
class Profile:
    """The share of runs that score more than each threshold.

    Attributes:
        taus: (taus,), the thresholds.
        share: (taus,), in [0, 1]; higher is better.
        low: (taus,), the lower ends of pointwise intervals.
        high: (taus,), the upper ends.
    """

    taus: Array
    share: Array
    low: Array
    high: Array


def profile_thresholds(scores: Sequence[ArrayLike], number: int) -> Array:
    """Return thresholds for the profiles of several learners, (number,).

    They go from 0 to 1, or to the largest score if that is more.

    Args:
        scores: of each learner, any shape, all finite; they may be empty.
        number: of thresholds.
    """
    largest = [np.max(values) for values in map(np.asarray, scores) if values.size]
    return np.linspace(0.0, max([1.0, *map(float, largest)]), number)


def performance_profile(
    scores: ArrayLike,
    taus: ArrayLike,
    *,
    level: float = LEVEL,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Profile:
    """Return a learner's performance profile, of all runs on all streams.

    Dolan and More (2002); over runs, Agarwal et al. (2021), arXiv:2108.13264. The intervals are
    those of the stratified bootstrap, for each threshold by itself.

    Args:
        scores: (streams, seeds), all finite.
        taus: (taus,), thresholds.
        level: confidence.
        resamples: number of resamples.
        seed: of the resampling.
    """
    values = np.asarray(scores, dtype=np.float64)
    thresholds = np.asarray(taus, dtype=np.float64)
    above = (values[:, None] > thresholds[:, None]).astype(np.float64)  # (streams, taus, seeds)
    low, high = bounds(list(above), _share, level, resamples, seed)
    return Profile(thresholds, above.mean((0, 2)), low, high)


def _share(*streams: Array, axis: int) -> Array:
    return np.asarray(np.mean([above.mean(axis=axis) for above in streams], axis=0))
