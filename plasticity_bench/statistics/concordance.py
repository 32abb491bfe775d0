"""How often one of two that are alike in something else is ahead in both x and y."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from plasticity_bench.statistics.aggregates import Array


class Concordance(NamedTuple):
    """Counts of matched pairs of rows.

    Attributes:
        concordant: (rows, rows), how many pairs have the same order in x and y; equal x count half.
        matched: (rows, rows), how many pairs there are.
    """

    concordant: Array
    matched: Array


def matched_concordance(
    x: ArrayLike, y: ArrayLike, matched_by: ArrayLike, tolerance: float
) -> Concordance:
    """Return the counts of each two different rows, symmetric, with a zero diagonal.

    A pair is two rows at the same place, whose x, y and `matched_by` are finite, whose `matched_by`
    differ by at most the tolerance, and whose y differ.

    Args:
        x: (rows, places).
        y: (rows, places).
        matched_by: (rows, places), in which both must be alike.
        tolerance: the largest difference there, at least 0.
    """
    given = [np.asarray(a, dtype=np.float64) for a in (x, y, matched_by)]
    known = np.logical_and.reduce([np.isfinite(a) for a in given])
    arrays = [np.where(known, a, np.nan) for a in given]
    rows = len(known)
    found = Concordance(np.zeros((rows, rows)), np.zeros((rows, rows)))
    for one in range(rows):
        of_x, of_y, apart = (a[one] - a for a in arrays)
        # 1e-12: a difference of exactly the tolerance, as 0.52 - 0.5 of 0.02, may round above it.
        pairs = known & known[one] & (np.abs(apart) <= tolerance + 1e-12) & (of_y != 0)
        score = np.where(of_x == 0, 0.5, np.sign(of_x) == np.sign(of_y))
        found.concordant[one] = np.where(pairs, score, 0).sum(-1)
        found.matched[one] = pairs.sum(-1)
    return found
