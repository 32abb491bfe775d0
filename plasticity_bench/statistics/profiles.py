"""Performance profiles: how many runs score more than tau, for every tau."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from plasticity_bench.statistics.aggregates import Array
from plasticity_bench.statistics.intervals import LEVEL, RESAMPLES, resampled


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


def performance_profile(
    scores: ArrayLike,
    taus: ArrayLike,
    *,
    level: float = LEVEL,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Profile:
    """Return a learner's performance profile, of all runs on all streams.

    Dolan and More (2002); over runs, Agarwal et al. (2021), arXiv:2108.13264. Intervals are of the
    stratified bootstrap, for each threshold by itself.

    Args:
        scores: (streams, seeds), all of them numbers.
        taus: (taus,), thresholds.
        level: confidence.
        resamples: how many.
        seed: of the resampling.
    """
    values = np.asarray(scores, dtype=np.float64)
    thresholds = np.asarray(taus, dtype=np.float64)
    drawn = [np.sort(d.reshape(len(d), -1)) for d in resampled(values, False, resamples, seed)]
    shares = np.concatenate([_share(runs, thresholds) for runs in drawn])
    tail = (1 - level) / 2
    low, high = np.quantile(shares, [tail, 1 - tail], axis=0)
    own = _share(np.sort(values.reshape(1, -1)), thresholds)[0]
    return Profile(thresholds, own, low, high)


def _share(runs: Array, taus: Array) -> Array:
    """Of each row of sorted scores, the share above each threshold, (rows, taus)."""
    return np.stack([(runs > tau).mean(axis=1) for tau in taus], axis=1)
