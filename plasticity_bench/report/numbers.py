"""Numbers for the page's JSON: rounded, and null for NaN."""

import math
from collections.abc import Iterable

from plasticity_bench.report.model import Bounds, Number
from plasticity_bench.statistics import Interval

DIGITS = 5


def number(value: float) -> Number:
    """Return a number with few digits, or None for what is not finite.

    >>> number(0.123456789), number(float("nan"))
    (0.12346, None)
    """
    return float(f"{value:.{DIGITS}g}") if math.isfinite(value) else None


def numbers(values: Iterable[float]) -> list[Number]:
    """Return numbers with few digits, None for those that are not finite."""
    return [number(float(value)) for value in values]


def bounds(interval: Interval) -> Bounds:
    """Return an interval's mean and ends."""
    return numbers((interval.mean, interval.low, interval.high))


def bounds_or_none(interval: Interval | None) -> Bounds | None:
    """Return an interval's mean and ends, or None where there is none."""
    return None if interval is None or math.isnan(interval.mean) else bounds(interval)
