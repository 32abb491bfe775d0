r"""Intervals of means over seeds: Student's t.

A seed is the unit: its runs on several streams share examples and initial parameters, so they are
averaged first. Of n seeds with mean $\bar x$ and standard deviation $s$, the interval is
$\bar x \pm t_{n-1}\, s / \sqrt n$. benchmarks/coverage.md has how often it holds.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import stdtrit

from plasticity_bench.statistics.aggregates import over_streams

LEVEL = 0.95


@dataclass(frozen=True)
class Interval:
    """A point estimate and its confidence interval; NaN where there is none."""

    mean: float
    low: float
    high: float


NO_INTERVAL = Interval(math.nan, math.nan, math.nan)


def format_interval(interval: Interval | None, *, signed: bool = False) -> str:
    """Return a mean with its interval, to two digits; n/a where there is none.

    A mean of one seed has no interval, and stands alone.

    >>> format_interval(Interval(0.5, 0.4, 0.65)), format_interval(None)
    ('0.50 [0.40, 0.65]', 'n/a')
    >>> format_interval(Interval(0.5, -0.1, 0.65), signed=True)
    '+0.50 [-0.10, +0.65]'
    >>> format_interval(Interval(0.5, math.nan, math.nan))
    '0.50'
    """
    if interval is None or math.isnan(interval.mean):
        return "n/a"
    numbers = (interval.mean, interval.low, interval.high)
    mean, low, high = (f"{x:+.2f}" if signed else f"{x:.2f}" for x in numbers)
    return mean if math.isnan(interval.low) else f"{mean} [{low}, {high}]"


def mean_interval(scores: ArrayLike, *, level: float = LEVEL) -> Interval:
    """Return the mean over seeds, and over streams if there are several, with Student's interval.

    Student (1908), doi:10.1093/biomet/6.1.1. The ends are NaN for a single seed, and all three
    numbers if a score is NaN or there are none. They may lie outside the range of the scores.

    Args:
        scores: (seeds,) or (streams, seeds).
        level: confidence, in (0, 1).
    """
    return mean_intervals([scores], level=level)[0]


def mean_intervals(rows: Sequence[ArrayLike], *, level: float = LEVEL) -> list[Interval]:
    """Return `mean_interval` of each of many rows.

    Args:
        rows: (seeds,) or (streams, seeds) each; the numbers of seeds may differ.
        level: confidence, in (0, 1).
    """
    of_seeds = [over_streams(row) for row in rows]
    counts = np.array([len(values) for values in of_seeds], dtype=np.float64)
    means = np.array([values.mean() if values.size else math.nan for values in of_seeds])
    with np.errstate(invalid="ignore"):  # infinite values have no standard deviation
        deviations = np.array([v.std(ddof=1) if v.size > 1 else math.nan for v in of_seeds])
        half = stdtrit(counts - 1, (1 + level) / 2) * deviations / np.sqrt(counts)
    ends = zip(means, means - half, means + half, strict=True)
    return [Interval(*map(float, numbers)) for numbers in ends]
