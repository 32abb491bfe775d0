"""Search spaces: the ranges and choices that learners declare for hyperparameters."""

import math
from dataclasses import dataclass
from typing import ClassVar

from plasticity_bench.errors import BadInputError

Value = float | int | bool | str

DIGITS = 3
"""Significant digits of a number that is tried, so that it can be copied by hand."""


@dataclass(frozen=True)
class LogUniform:
    """Positive numbers, uniform in the logarithm.

    Attributes:
        low: the smallest; above 0.
        high: the largest.
        points: of a grid, evenly spaced in the logarithm, with both ends; None for one in each
            decade.

    >>> LogUniform(1e-4, 1e-1).grid()
    (0.0001, 0.001, 0.01, 0.1)
    >>> LogUniform(1e-4, 1e-2).at(0.5)
    0.001
    """

    low: float
    high: float
    points: int | None = None
    scale: ClassVar[str] = "log"

    def __post_init__(self) -> None:
        _check_range(self, self.low, self.high)
        if not self.low > 0:
            raise BadInputError(f"{self}: low must be above 0.")
        _check_points(self, self.points)

    def at(self, share: float) -> float:
        """Return the value at a share, in [0, 1], of the range."""
        return _rounded(self, self.low * (self.high / self.low) ** share)

    def grid(self) -> tuple[float, ...]:
        """Return the values of a grid, ascending."""
        decades = round(math.log10(self.high / self.low))
        return _spaced(self, self.points or max(2, decades + 1))


@dataclass(frozen=True)
class Uniform:
    """Numbers, uniform in a range.

    Attributes:
        low: the smallest.
        high: the largest.
        points: of a grid, evenly spaced, with both ends.

    >>> Uniform(0, 1).grid()
    (0.0, 0.25, 0.5, 0.75, 1.0)
    """

    low: float
    high: float
    points: int = 5
    scale: ClassVar[str] = "linear"

    def __post_init__(self) -> None:
        _check_range(self, self.low, self.high)
        _check_points(self, self.points)

    def at(self, share: float) -> float:
        """Return the value at a share, in [0, 1], of the range."""
        return _rounded(self, self.low + (self.high - self.low) * share)

    def grid(self) -> tuple[float, ...]:
        """Return the values of a grid, ascending."""
        return _spaced(self, self.points)


@dataclass(frozen=True, init=False)
class Choice:
    """Some values, equally likely; a grid has all of them.

    >>> Choice(100, 1_000).at(0.7)
    1000
    """

    values: tuple[Value, ...]
    scale: ClassVar[str] = "choice"

    def __init__(self, *values: Value) -> None:
        if not values or len(set(values)) < len(values):
            raise BadInputError(f"Choice{values}: give one value or more, each once.")
        object.__setattr__(self, "values", values)

    def at(self, share: float) -> Value:
        """Return the value that stands at a share, in [0, 1], of the list."""
        return self.values[min(int(share * len(self.values)), len(self.values) - 1)]

    def grid(self) -> tuple[Value, ...]:
        """Return all values, as they were given."""
        return self.values


Range = LogUniform | Uniform | Choice


def _check_range(given: object, low: object, high: object) -> None:
    numbers = all(type(end) in (int, float) and math.isfinite(end) for end in (low, high))  # type: ignore[arg-type]
    if not numbers or not low < high:  # type: ignore[operator]
        raise BadInputError(f"{given}: low and high must be numbers, low the smaller.")


def _check_points(given: object, points: object) -> None:
    if points is not None and (type(points) is not int or points < 2):
        raise BadInputError(f"{given}: points must be a whole number of at least 2.")


def _spaced(range_: LogUniform | Uniform, points: int) -> tuple[float, ...]:
    return tuple(range_.at(index / (points - 1)) for index in range(points))


def _rounded(range_: LogUniform | Uniform, value: float) -> float:
    """The value rounded to a few digits; the ends of its range are not rounded."""
    for end in (range_.low, range_.high):
        if math.isclose(value, end, rel_tol=1e-12, abs_tol=1e-300):
            return float(end)
    return min(max(float(f"{value:.{DIGITS}g}"), float(range_.low)), float(range_.high))
