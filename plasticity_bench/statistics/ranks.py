"""Ranks in a table, with tie groups and intervals."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from plasticity_bench.statistics.aggregates import over_streams
from plasticity_bench.statistics.sign_flips import ALPHA, sign_flip_p_values


@dataclass(frozen=True)
class Rank:
    """A row's rank.

    Attributes:
        rank: 1 is best; rows of one tie group share the position of the first of them.
        low: the lower end of the interval of the row's position: one more than the number of rows
            that are significantly better.
        high: the upper end: the number of rows that are not significantly worse.
    """

    rank: int
    low: int
    high: int


def ranks(scores: ArrayLike) -> list[Rank]:
    """Return the rank of each row by its mean over streams and seeds.

    *Differences.* Every two rows are compared by their paired differences, each seed's averaged
    over streams. The p values are corrected for all pairs of the table (`sign_flip_p_values`): in
    at most about 5 % of tables any two rows that are equal differ significantly.

    *Tie groups.* Rows are sorted by their mean. A group ends before the first row that differs
    significantly from any row of the group, and that row begins the next group. So no two rows of a
    group differ significantly. All have the position of the group's first row as their rank:
    1, 1, 3.

    *Intervals* are simultaneous: in about 95 % of tables every row's true position is within its
    own. Chetverikov et al. (2024), arXiv:2401.15205, section 2.

    Args:
        scores: (rows, streams, seeds), all finite, the same streams and seeds for all rows.
    """
    of_seeds = over_streams(scores)  # (rows, seeds)
    means = of_seeds.mean(axis=-1)
    one, other = np.triu_indices(len(of_seeds), 1)
    differ = np.zeros((len(of_seeds), len(of_seeds)), dtype=bool)
    p_values = sign_flip_p_values(list(of_seeds[one] - of_seeds[other]))
    differ[one, other] = np.array(p_values) < ALPHA
    differ |= differ.T
    low = 1 + (differ & (means > means[:, None])).sum(axis=-1)
    high = len(means) - (differ & (means < means[:, None])).sum(axis=-1)
    rank_of = [0] * len(means)
    order = np.argsort(-means, kind="stable")
    first = 0  # position of the group's first row
    for position, row in enumerate(order):
        if differ[row, order[first:position]].any():
            first = position
        rank_of[row] = first + 1
    return [Rank(r, int(a), int(b)) for r, a, b in zip(rank_of, low, high, strict=True)]
