"""Spearman's rank correlation, with ties."""

import numpy as np
from numpy.typing import ArrayLike, NDArray


def spearman(x: ArrayLike, y: ArrayLike) -> float:
    """Return Pearson's correlation of the ranks, tied values sharing the mean of their ranks.

    Spearman (1904), doi:10.2307/1412159. In [-1, 1]; not a number if either is constant or there
    are fewer than two pairs.

    Args:
        x: (n,), finite.
        y: (n,), finite.

    >>> spearman([1, 2, 3, 4], [10, 30, 20, 40])
    0.8
    """
    one, other = ranks(x), ranks(y)
    if len(one) < 2:
        return np.nan
    one, other = one - one.mean(), other - other.mean()
    size = np.sqrt((one**2).sum() * (other**2).sum())
    return float(np.clip((one * other).sum() / size, -1, 1)) if size > 0 else np.nan


def ranks(values: ArrayLike) -> NDArray[np.float64]:
    """Return the ranks of values from 1, the mean rank for tied ones.

    >>> ranks([30, 10, 30, 20])
    array([3.5, 1. , 3.5, 2. ])
    """
    _, inverse, counts = np.unique(np.asarray(values), return_inverse=True, return_counts=True)
    mean_ranks = counts.cumsum() - (counts - 1) / 2
    shared: NDArray[np.float64] = mean_ranks[inverse]
    return shared
