"""What scores of several seeds and streams tell: our own numpy, seeded.

Scores are arrays of (streams, seeds), as `scores[stream, seed]`. A stream on which a score is not
available is left out before: `known`. docs/statistics.md has the formulas with worked numbers.
"""

from plasticity_bench.statistics.aggregates import (
    RELIABLE_SEEDS,
    collapse_rate,
    interquartile_mean,
    known,
    mean,
    slope,
    worst_quartile_mean,
)
from plasticity_bench.statistics.differences import (
    Difference,
    holm,
    paired_difference,
    probability_of_improvement,
    sign_flip_p_value,
)
from plasticity_bench.statistics.intervals import (
    LEVEL,
    RESAMPLES,
    Interval,
    bootstrap_mean,
    stratified_interval,
)
from plasticity_bench.statistics.profiles import Profile, performance_profile
from plasticity_bench.statistics.ranks import Rank, ranks

__all__ = [
    "LEVEL",
    "RELIABLE_SEEDS",
    "RESAMPLES",
    "Difference",
    "Interval",
    "Profile",
    "Rank",
    "bootstrap_mean",
    "collapse_rate",
    "holm",
    "interquartile_mean",
    "known",
    "mean",
    "paired_difference",
    "performance_profile",
    "probability_of_improvement",
    "ranks",
    "sign_flip_p_value",
    "slope",
    "stratified_interval",
    "worst_quartile_mean",
]
