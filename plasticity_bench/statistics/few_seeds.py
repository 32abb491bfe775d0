"""Intervals from few seeds are unreliable, and whoever reads them is told."""

RELIABLE_SEEDS = 10
"""From as many seeds on, intervals hold about as often as they say (benchmarks/coverage.md)."""


def seeds_text(num_seeds: int) -> str:
    """Return a number of seeds as tables show it.

    >>> seeds_text(10), seeds_text(3)
    ('10', '3 (too few)')
    """
    return f"{num_seeds}" if num_seeds >= RELIABLE_SEEDS else f"{num_seeds} (too few)"


def few_seeds_notice(num_seeds: int) -> list[str]:
    """Return the sentence that warns of intervals from too few seeds; none if there are enough."""
    if num_seeds >= RELIABLE_SEEDS:
        return []
    return [f"Intervals from {num_seeds} seeds are unreliable: use at least {RELIABLE_SEEDS}."]
