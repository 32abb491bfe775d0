"""From the eigenvalues of a curvature matrix to one number.

Every function takes the eigenvalues in any order. Where a method only estimates a spectrum, it
gives nodes and `counts`, how many eigenvalues each node stands for; without them each stands for
itself. Ranks go by magnitudes, the absolute values, which for a symmetric matrix are its singular
values. Ranks and shares do not change when the matrix is scaled; sharpness and trace scale with it.

The zero matrix gives 0 everywhere. All functions raise ValueError if an eigenvalue is not finite.
"""

import math

import numpy as np
from numpy.typing import NDArray

from plasticity_bench.measurements import elementary

NOISE_FLOOR = 1e-7
"""Eigenvalues below this share of the largest magnitude are rounding errors of float32."""

Array = NDArray[np.float64]


def srank(eigenvalues: Array, share: float = 0.99, counts: Array | None = None) -> int:
    """Return the effective rank of Kumar et al. (2021), arXiv:2010.14498, section 3.

    The least number of eigenvalues, largest magnitudes first, whose magnitudes sum to at least
    `share` of the total. It does not change when the matrix is scaled.

    Args:
        eigenvalues: (n,), in any order; negative ones count by magnitude.
        share: in (0, 1].
        counts: (n,), how many eigenvalues each one stands for.

    Returns:
        From 1 to n; 0 for the zero matrix.

    Raises:
        ValueError: if an eigenvalue is not finite.
    """
    return _least_number(*_above_noise(eigenvalues, counts), share)


def factor_srank(eigenvalues: Array, share: float = 0.99) -> int:
    """Return the srank of a matrix G, given the eigenvalues of its Gram matrix G G^T.

    The other convention for Gram matrices such as the Fisher's: the magnitudes that are summed are
    the singular values of G, the square roots of the eigenvalues. Never below `srank`. The roots
    lift rounding errors, from the noise floor's 1e-7 of the largest to 3e-4 of it: float64 is the
    safer choice for a Gram matrix whose spectrum goes on below the floor.

    Args:
        eigenvalues: (n,) of G G^T, in any order; negative ones are rounding errors, taken as 0.
        share: in (0, 1].

    Returns:
        From 1 to n; 0 for the zero matrix.

    Raises:
        ValueError: if an eigenvalue is not finite.
    """
    _refuse_non_finite(eigenvalues)
    magnitudes, counts = _above_noise(np.maximum(eigenvalues, 0.0), None)
    return _least_number(np.sqrt(magnitudes), counts, share)


def effective_rank(eigenvalues: Array, counts: Array | None = None) -> float:
    """Return the effective rank of Roy & Vetterli (2007), "The effective rank", EUSIPCO.

    exp(-sum p log p), p the magnitudes divided by their sum: the number of equal eigenvalues that
    would have the same entropy. From 1 to n; 0 for the zero matrix.
    """
    magnitudes, counts = _above_noise(eigenvalues, counts)
    if len(magnitudes) == 0:
        return 0.0
    shares = magnitudes / (counts * magnitudes).sum()
    return elementary.exp(-(counts * shares * elementary.log(shares)).sum())


def participation_ratio(eigenvalues: Array, counts: Array | None = None) -> float:
    """Return (sum |e|)^2 / sum e^2, from 1 to n; 0 for the zero matrix.

    The inverse of the sum of squared shares: the number of equal eigenvalues that would have the
    same one. It leans on the largest eigenvalues more than `effective_rank` and is never above it.
    """
    magnitudes, counts = _above_noise(eigenvalues, counts)
    if len(magnitudes) == 0:
        return 0.0
    return float((counts * magnitudes).sum() ** 2 / (counts * magnitudes**2).sum())


def epsilon_rank(eigenvalues: Array, epsilon: float = 0.01) -> int:
    """Return how many magnitudes exceed `epsilon` of the largest, from 0 to n.

    Args:
        eigenvalues: (n,), in any order.
        epsilon: in [0, 1); below `NOISE_FLOOR`, the floor applies.
    """
    magnitudes, _ = _above_noise(eigenvalues, None)
    return int((magnitudes > epsilon * magnitudes.max(initial=0.0)).sum())


def sharpness(eigenvalues: Array) -> float:
    """Return the largest eigenvalue, with its sign: the loss's curvature in its steepest direction.

    Where these are only the non-zero eigenvalues of a larger matrix, its zeros are left out.
    Jastrzebski et al. (2020), arXiv:2002.09572, among others.
    """
    _refuse_non_finite(eigenvalues)
    return float(np.max(eigenvalues)) if len(eigenvalues) else 0.0


def trace(eigenvalues: Array) -> float:
    """Return the sum of the eigenvalues, with their signs."""
    _refuse_non_finite(eigenvalues)
    return math.fsum(eigenvalues)


def negative_mass(eigenvalues: Array, counts: Array | None = None) -> float:
    """Return the share of the magnitudes' sum that negative eigenvalues have, in [0, 1].

    0 for a positive semi-definite matrix; near 0.5 at the initialisation of most networks, where
    the Hessian's residual term, whose trace is small, outweighs the Gauss-Newton term.
    """
    magnitudes, number = _above_noise(eigenvalues, counts)
    if len(magnitudes) == 0:
        return 0.0
    negative, of_negative = _above_noise(
        np.minimum(eigenvalues, 0.0), counts, largest=float(np.abs(eigenvalues).max())
    )
    return float((of_negative * negative).sum() / (number * magnitudes).sum())


def _least_number(magnitudes: Array, counts: Array, share: float) -> int:
    """How many eigenvalues, in the order given, sum to `share` of the total."""
    if len(magnitudes) == 0:
        return 0
    masses = magnitudes * counts
    # The slack keeps sums that reach the share exactly from missing it by a rounding error.
    wanted = share * masses.sum() * (1 - 1e-12)
    last = int(np.argmax(np.cumsum(masses) >= wanted))
    # A node may stand for many eigenvalues, not all of which are needed; but some are.
    needed = (wanted - masses[:last].sum()) / magnitudes[last]
    return math.ceil(float(counts[:last].sum() + np.clip(needed, 1e-9, counts[last])))


def _above_noise(
    eigenvalues: Array, counts: Array | None, largest: float | None = None
) -> tuple[Array, Array]:
    """Magnitudes above the noise floor, largest first and divided by a power of 2; and counts.

    The division, exact, keeps sums and squares of very large and very small matrices in range.
    """
    _refuse_non_finite(eigenvalues)
    if counts is None:
        counts = np.ones(len(eigenvalues))
    magnitudes = np.abs(eigenvalues).astype(np.float64)
    if largest is None:
        largest = float(magnitudes.max(initial=0.0))
    magnitudes = np.ldexp(magnitudes, -math.frexp(largest)[1])
    kept = np.flatnonzero(magnitudes > NOISE_FLOOR * math.frexp(largest)[0])
    order = kept[np.argsort(-magnitudes[kept], kind="stable")]
    return magnitudes[order], counts[order]


def _refuse_non_finite(eigenvalues: Array) -> None:
    if not np.isfinite(eigenvalues).all():
        raise ValueError("The spectrum has eigenvalues that are not finite.")
