"""Intervals, tests and ranks of scores; what is random is seeded.

Scores are arrays of (streams, seeds), as `scores[stream, seed]`. A stream on which a score is not
available is left out before: `known`. docs/statistics.md has the formulas with worked numbers.
"""

from plasticity_bench.statistics.aggregates import (
    COLLAPSED,
    collapse_rate,
    known,
    mean,
    slope,
    worst_quartile_mean,
)
from plasticity_bench.statistics.concordance import Concordance, matched_concordance
from plasticity_bench.statistics.differences import (
    Difference,
    paired_difference,
    probability_of_improvement,
)
from plasticity_bench.statistics.few_seeds import RELIABLE_SEEDS, few_seeds_notice, seeds_text
from plasticity_bench.statistics.held_out import HeldOutErrors, held_out_errors
from plasticity_bench.statistics.intervals import (
    LEVEL,
    NO_INTERVAL,
    Interval,
    format_interval,
    mean_interval,
    mean_intervals,
)
from plasticity_bench.statistics.jackknife import jackknife_interval
from plasticity_bench.statistics.profiles import Profile, performance_profile, profile_thresholds
from plasticity_bench.statistics.rank_correlations import (
    LEAST_PAIRS,
    partial_rank_correlations,
    rank_correlations,
)
from plasticity_bench.statistics.ranks import Rank, ranks
from plasticity_bench.statistics.resampling import RESAMPLES
from plasticity_bench.statistics.sign_flips import ALPHA, sign_flip_p_values

__all__ = [
    "ALPHA",
    "COLLAPSED",
    "LEAST_PAIRS",
    "LEVEL",
    "NO_INTERVAL",
    "RELIABLE_SEEDS",
    "RESAMPLES",
    "Concordance",
    "Difference",
    "HeldOutErrors",
    "Interval",
    "Profile",
    "Rank",
    "collapse_rate",
    "few_seeds_notice",
    "format_interval",
    "held_out_errors",
    "jackknife_interval",
    "known",
    "matched_concordance",
    "mean",
    "mean_interval",
    "mean_intervals",
    "paired_difference",
    "partial_rank_correlations",
    "performance_profile",
    "probability_of_improvement",
    "profile_thresholds",
    "rank_correlations",
    "ranks",
    "seeds_text",
    "sign_flip_p_values",
    "slope",
    "worst_quartile_mean",
]
