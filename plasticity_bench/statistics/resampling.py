"""Percentile bootstrap intervals of what is no mean over seeds: shares of runs, and of pairs.

The resampling is `scipy.stats.bootstrap`'s: each resample has as many seeds of every stream as
there are, drawn with replacement. Means have intervals that hold better: `mean_interval`.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from plasticity_bench.statistics.aggregates import Array
from plasticity_bench.statistics.intervals import LEVEL

RESAMPLES = 10_000
MAX_DRAWN = 2**24
"""Numbers that are resampled at a time."""


def bounds(
    samples: Sequence[Array],
    statistic: Callable[..., Array],
    level: float = LEVEL,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Any:
    """Return the ends of percentile intervals, (2, ...); NaN if there is one seed everywhere.

    Args:
        samples: (..., seeds) each, one for each stream; the axes before the last have the same
            seeds drawn.
        statistic: called as statistic(*samples, axis=-1).
        level: confidence.
        resamples: number of resamples.
        seed: of the resampling.
    """
    alone = [sample.shape[-1] == 1 for sample in samples]
    if all(alone):
        return np.full((2, *np.shape(statistic(*samples, axis=-1))), np.nan)
    # scipy refuses a single seed; of two that are equal, it draws the same.
    samples = [
        np.repeat(s, 2, axis=-1) if one else s for s, one in zip(samples, alone, strict=True)
    ]
    import scipy.stats  # where it is used: its import takes a second

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
    tail = (1 - level) / 2
    return np.quantile(done.bootstrap_distribution, [tail, 1 - tail], axis=-1)
