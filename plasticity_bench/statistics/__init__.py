"""Intervals, tests and ranks of scores, seeded; resampling is that of scipy.stats.

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
    ALPHA,
    Difference,
    holm,
    paired_difference,
    probability_of_improvement,
    sign_flip_p_value,
)
from plasticity_bench.statistics.intervals import (
    LEVEL,
    NO_INTERVAL,
    RESAMPLES,
    Interval,
    bootstrap_mean,
    bootstrap_means,
    format_interval,
    stratified_interval,
)
from plasticity_bench.statistics.profiles import Profile, performance_profile, profile_thresholds
from plasticity_bench.statistics.ranks import Rank, ranks

__all__ = [
    "ALPHA",
    "LEVEL",
    "NO_INTERVAL",
    "RELIABLE_SEEDS",
    "RESAMPLES",
    "Difference",
    "Interval",
    "Profile",
    "Rank",
    "bootstrap_mean",
    "bootstrap_means",
    "collapse_rate",
    "format_interval",
    "holm",
    "interquartile_mean",
    "known",
    "mean",
    "paired_difference",
    "performance_profile",
    "probability_of_improvement",
    "profile_thresholds",
    "ranks",
    "sign_flip_p_value",
    "slope",
    "stratified_interval",
    "worst_quartile_mean",
]
