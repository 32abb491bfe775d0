"""Effective ranks of many spectra at once.

A spectrum that is not finite has no rank (not a number); one that is all zero has rank 0.
"""

import numpy as np
import torch
from torch import Tensor

from plasticity_bench.measurements.probe import Values

ROUNDING = 1e-7
"""Singular values below this share of the largest are rounding errors of float32."""


def singular_values(matrices: Tensor) -> Values:
    """Return the singular values, largest first, of (members, rows, columns) matrices.

    From the eigenvalues of the smaller Gram matrix, in float64.
    """
    tall = matrices.double()
    if tall.shape[1] < tall.shape[2]:
        tall = tall.mT
    values = np.sqrt(np.maximum(eigenvalues(tall.mT @ tall), 0))
    values[values <= ROUNDING * values[:, :1]] = 0
    return values


def eigenvalues(matrices: Tensor) -> Values:
    """Return the eigenvalues, largest first, of symmetric (members, n, n) matrices."""
    finite = matrices.isfinite().flatten(1).all(1)
    values = np.full(matrices.shape[:2], np.nan)
    spectra = torch.linalg.eigvalsh(matrices[finite].double())
    values[finite.cpu().numpy()] = spectra.flip(-1).cpu().numpy()
    return values


def srank(spectra: Values, share: float = 0.99) -> Values:
    """Return the least number of values, largest first, that sum to `share` of all of them.

    Kumar et al. (2021), arXiv:2010.14498, section 3.

    >>> srank(np.array([[6.0, 3.0, 1.0], [0.0, 0.0, 0.0]]), share=0.9)
    array([2., 0.])
    """
    sums = spectra.cumsum(1)
    # The slack keeps sums that reach the share exactly from missing it by a rounding error.
    reached = sums >= share * sums[:, -1:] * (1 - 1e-12)
    return _known(spectra, np.where(sums[:, -1] > 0, reached.argmax(1) + 1.0, 0.0))


def effective_rank(spectra: Values) -> Values:
    """Return exp of the entropy of the values divided by their sum.

    Roy and Vetterli (2007), "The effective rank: a measure of effective dimensionality".

    >>> effective_rank(np.array([[2.0, 2.0, 0.0], [0.0, 0.0, 0.0]])).round(9)
    array([2., 0.])
    """
    total = spectra.sum(1, keepdims=True)
    shares = np.divide(spectra, total, out=np.zeros_like(spectra), where=total > 0)
    terms = np.where(shares > 0, shares * np.log(np.where(shares > 0, shares, 1)), 0)
    return _known(spectra, np.where(total[:, 0] > 0, np.exp(-terms.sum(1)), 0.0))


def _known(spectra: Values, ranks: Values) -> Values:
    return np.where(np.isfinite(spectra).all(1), ranks, np.nan)
