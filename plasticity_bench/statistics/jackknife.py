"""The jackknife: intervals of what is computed from several units together, and is no mean."""

import math

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import stdtrit

from plasticity_bench.statistics.intervals import LEVEL, Interval


def jackknife_interval(estimate: float, without: ArrayLike, *, level: float = LEVEL) -> Interval:
    r"""Return an estimate from n units with its delete-one jackknife interval.

    $\hat\theta \pm t_{n-1} \sqrt{\frac{n-1}{n} \sum_i (\hat\theta_{-i} - \bar\theta)^2}$, where
    $\hat\theta_{-i}$ is the estimate without unit i, and $\bar\theta$ the mean of these. Of a mean
    it is Student's interval, `mean_interval`. Tukey (1958), doi:10.1214/aoms/1177706647.

    The ends are NaN for fewer than two units, and if the estimate is not defined without one of
    them. They may lie outside the range of the estimate.

    Args:
        estimate: from all units.
        without: (units,), the estimates without each of them.
        level: confidence, in (0, 1).
    """
    values = np.asarray(without, dtype=np.float64)
    count = len(values)
    if count < 2 or not math.isfinite(estimate):
        return Interval(estimate, math.nan, math.nan)
    error = math.sqrt((count - 1) / count * float(((values - values.mean()) ** 2).sum()))
    half = float(stdtrit(count - 1, (1 + level) / 2)) * error
    return Interval(estimate, estimate - half, estimate + half)
