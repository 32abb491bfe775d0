"""From the eigenvalues of a curvature matrix to its rank."""

import numpy as np
from numpy.typing import NDArray

NOISE_FLOOR = 1e-7
"""Eigenvalues below this share of the largest magnitude are rounding errors of float32."""


def srank(eigenvalues: NDArray[np.float64], share: float = 0.99) -> int:
    """Return the effective rank of Kumar et al. (2021), arXiv:2010.14498, section 3.

    The least number of eigenvalues, largest magnitudes first, whose magnitudes sum to at least
    `share` of the total. It does not change when the matrix is scaled.

    Args:
        eigenvalues: (n,), in any order; negative ones count by magnitude.
        share: in (0, 1].

    Returns:
        From 1 to n; 0 for the zero matrix.

    Raises:
        ValueError: if an eigenvalue is not finite.
    """
    if not np.isfinite(eigenvalues).all():
        raise ValueError("The spectrum has eigenvalues that are not finite.")
    magnitudes = np.sort(np.abs(eigenvalues))[::-1]
    magnitudes = magnitudes[magnitudes > NOISE_FLOOR * magnitudes[0]]
    if len(magnitudes) == 0:
        return 0
    # The slack keeps sums that reach the share exactly from missing it by a rounding error.
    reached = np.cumsum(magnitudes) >= share * magnitudes.sum() * (1 - 1e-12)
    return int(np.argmax(reached)) + 1
