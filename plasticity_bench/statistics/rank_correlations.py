"""Spearman's rank correlations of many rows at once, plain and with a third variable held fixed."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from plasticity_bench.statistics.aggregates import Array

LEAST_PAIRS = 3
"""Over fewer pairs there is no rank correlation."""

_EXACT = 1e-12
"""A share of the variance of ranks up to which it is a rounding error of none."""


def rank_correlations(x: ArrayLike, y: ArrayLike) -> Array:
    """Return Spearman's rank correlation of each row, in [-1, 1]; ties have mean ranks.

    Only pairs of which both numbers are finite count. 0 if x is constant while y is not: it
    explains nothing. NaN if y is constant, and for fewer than three pairs.

    Args:
        x: (..., pairs).
        y: (..., pairs), broadcast with x.
    """
    of_x, of_y = _ranked(x, y)
    defined = _count(of_x) >= LEAST_PAIRS
    return _correlation(_products(of_x, of_y), _variance(of_x), _variance(of_y), defined)


def partial_rank_correlations(x: ArrayLike, y: ArrayLike, given: ArrayLike) -> Array:
    r"""Return Spearman's partial rank correlation of each row, in [-1, 1].

    With the rank correlations of every two of x, y and z = `given`:

    $$ r_{xy \cdot z} = \frac{r_{xy} - r_{xz} r_{yz}}{\sqrt{(1 - r_{xz}^2)(1 - r_{yz}^2)}} $$

    A constant z takes nothing away. 0 if z determines the ranks of x, but not those of y: x then
    adds nothing to z. NaN if y is constant or determined by z, and for fewer than four triples.

    Args:
        x: (..., triples).
        y: (..., triples), broadcast with x.
        given: (..., triples), broadcast with both.
    """
    of_x, of_y, of_z = _ranked(x, y, given)
    variance = _variance(of_z)
    denominator = np.where(variance > 0, variance, 1)
    x_on_z, y_on_z = _products(of_x, of_z), _products(of_y, of_z)
    product = _products(of_x, of_y) - x_on_z * y_on_z / denominator
    left_of_x = _left(_variance(of_x), x_on_z**2 / denominator)
    left_of_y = _left(_variance(of_y), y_on_z**2 / denominator)
    return _correlation(product, left_of_x, left_of_y, _count(of_x) > LEAST_PAIRS)


def _ranked(*variables: ArrayLike) -> list[Array]:
    """The ranks of each row of all variables, minus their mean; NaN where one is not finite."""
    import scipy.stats  # where it is used: its import takes a second

    arrays = np.broadcast_arrays(*(np.asarray(v, dtype=np.float64) for v in variables))
    known = np.logical_and.reduce([np.isfinite(array) for array in arrays])
    ranked = []
    for array in arrays:
        values = np.where(known, array, np.nan)
        ranks = scipy.stats.rankdata(values, axis=-1, nan_policy="omit")
        ranked.append(ranks - (known.sum(-1, keepdims=True) + 1) / 2)
    return ranked


def _products(x: Array, y: Array) -> Array:
    return np.asarray(np.nansum(x * y, axis=-1))


def _variance(ranks: Array) -> Array:
    return _products(ranks, ranks)


def _left(variance: Array, explained: Array) -> Array:
    """What of a variance is not explained; exactly 0 where all is but for rounding."""
    left = variance - explained
    return np.where(left > _EXACT * variance, left, 0.0)


def _count(ranks: Array) -> NDArray[np.int64]:
    return np.asarray(np.isfinite(ranks).sum(-1))


def _correlation(product: Array, of_x: Array, of_y: Array, defined: NDArray[np.bool_]) -> Array:
    """From a covariance and two variances: 0 without a variance of x, NaN without one of y."""
    scale = np.sqrt(np.where(of_x > 0, of_x, 1) * np.where(of_y > 0, of_y, 1))
    correlation = np.where(of_x > 0, np.clip(product / scale, -1, 1), 0.0)
    return np.where(defined & (of_y > 0), correlation, np.nan)
