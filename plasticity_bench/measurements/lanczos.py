"""The spectrum of a large symmetric matrix, from products with it: block Lanczos and quadrature.

From b random start vectors z_1 ... z_b, Lanczos builds an orthonormal basis Q and the block
tridiagonal T = Q^T H Q (Golub & Underwood 1977). Every new block is orthogonalised against the
whole basis, twice, without which eigenvalues would be found again and again.

The eigenvalues of T, Ritz values, become nodes of a quadrature rule for the spectrum (Golub &
Meurant 2010, "Matrices, moments and quadrature"): sum f(e) is about the sum of count * f(node). A
node whose Ritz vector has converged is an eigenvalue, and stands for one. The others stand for the
rest of the matrix, in proportion to what the start vectors have in their direction: a random
number, whose spread between the start vectors shows how well the rest is known. The Gauss rule has
the nodes of T; the Gauss-Radau rule continues T by a block that gives it nodes at 0, where the
Hessian of a network has most of its eigenvalues. The two bracket integrals of smooth functions.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Array = NDArray[np.float64]

CONVERGED = 1e-3
"""Residual, relative to the Ritz value, below which a Ritz vector counts as an eigenvector."""

MULTIPLE = 16.0
"""Weight above which a node must be a multiple eigenvalue: for a simple one it has mean 1, and
exceeds 16 with a probability of 1e-7 for two start vectors, less for more."""


@dataclass(frozen=True)
class Rule:
    """A quadrature rule for a spectrum: one set of nodes, and counts by each start vector.

    Attributes:
        nodes: (m,).
        counts: (b, m), how many eigenvalues each node stands for; each row sums to the size.
    """

    nodes: Array
    counts: Array


@dataclass(frozen=True)
class Lanczos:
    """What block Lanczos found.

    Attributes:
        tridiagonal: T, (k, k).
        remainder: (b, b), the block that would couple T to its continuation.
        start: (b, b), the start vectors in the first block of the basis.
        size: p, of the matrix.
    """

    tridiagonal: Array
    remainder: Array
    start: Array
    size: int

    @property
    def finite(self) -> bool:
        """Did no product overflow?"""
        return bool(np.isfinite(self.tridiagonal).all() and np.isfinite(self.remainder).all())

    def largest(self) -> tuple[float, float]:
        """Return the largest Ritz value and the distance to an eigenvalue, at most."""
        ritz, _, last = self._ritz
        return float(ritz[-1]), float(np.linalg.norm(last[:, -1]))

    def gauss(self) -> Rule:
        """Return the rule whose nodes are the eigenvalues of T."""
        nodes, vectors, last = self._ritz
        return self._rule(nodes, vectors, np.linalg.norm(last, axis=0) <= CONVERGED * np.abs(nodes))

    def radau(self) -> Rule:
        """Return the rule of T continued by the block that makes 0 an eigenvalue, b times.

        For an indefinite matrix the continuation may have nodes outside the spectrum, which make
        the rule worthless; then this is the Gauss rule.
        """
        ritz, vectors, last = self._ritz
        largest = np.abs(ritz).max()
        usable = np.abs(ritz) > 1e-10 * largest
        inverse = np.divide(1.0, ritz, out=np.zeros_like(ritz), where=usable)
        continued = np.block([[np.diag(ritz), last.T], [last, (last * inverse) @ last.T]])
        nodes, rotation = np.linalg.eigh(continued)
        if np.abs(nodes).max() > 1.01 * largest:
            return self.gauss()
        outside = np.linalg.norm(rotation[len(ritz) :], axis=0)
        return self._rule(nodes, vectors @ rotation[: len(ritz)], outside <= CONVERGED)

    @cached_property
    def _ritz(self) -> tuple[Array, Array, Array]:
        """Ritz values (k,), their vectors' first blocks (b, k), and residual vectors (b, k)."""
        values, vectors = np.linalg.eigh(self.tridiagonal)
        b = len(self.start)
        return values, vectors[:b], self.remainder @ vectors[-b:]

    def _rule(self, nodes: Array, first: Array, converged: Array) -> Rule:
        weights = (self.start.T @ first) ** 2
        single = converged & (weights.mean(0) < MULTIPLE)
        tail = weights * ~single
        totals = tail.sum(1, keepdims=True)
        rest = self.size - single.sum()
        counts = single + rest * np.divide(tail, totals, out=np.zeros_like(tail), where=totals > 0)
        return Rule(nodes, counts)


def block_lanczos(
    multiply: Callable[[Tensor], Tensor],
    size: int,
    *,
    block: int,
    steps: int,
    like: Tensor,
    seed: int = 0,
) -> Lanczos:
    """Run block Lanczos with full re-orthogonalisation.

    Cost: block x steps products, as many vectors of memory, and 4 size (block x steps)^2
    multiplications. It ends early when the start vectors have shown all they can, as on a matrix
    of low rank.

    Args:
        multiply: rows of (b, size) to the matrix times each.
        size: p, of the matrix; at least `block`.
        block: b, start vectors, at least 2 for a spread between them.
        steps: blocks of the basis, at most.
        like: a tensor whose dtype and device are computed in; T is float64.
        seed: of the start vectors.
    """
    generator = torch.Generator().manual_seed(seed)

    def random(columns: int) -> Tensor:
        return torch.randn(size, columns, generator=generator).to(like)

    steps = min(steps, size // block)
    basis = like.new_empty(steps * block, size)
    tridiagonal = np.zeros((steps * block, steps * block))
    columns, start = torch.linalg.qr(random(block))
    scale = 0.0
    for step in range(steps):
        old, new = step * block, (step + 1) * block
        basis[old:new] = columns.T
        image = multiply(basis[old:new])
        diagonal = _array(basis[old:new] @ image.T)
        tridiagonal[old:new, old:new] = (diagonal + diagonal.T) / 2
        scale = max(scale, float(np.abs(diagonal).max()))
        image = _orthogonalized(image, basis[:new])
        columns, coupling = torch.linalg.qr(image.T)
        exhausted = coupling.diagonal().abs() <= 10 * torch.finfo(like.dtype).eps * scale
        if bool(exhausted.all()):
            coupling = torch.zeros_like(coupling)
        overflown = not np.isfinite(diagonal).all()
        if bool(exhausted.all()) or overflown or new == steps * block:
            break
        if bool(exhausted.any()):  # what is left of these is rounding: take new directions
            columns[:, exhausted] = random(int(exhausted.sum()))
            columns = torch.linalg.qr(_orthogonalized(columns.T, basis[:new]).T)[0]
            coupling = columns.T @ image.T
        tridiagonal[new : new + block, old:new] = _array(coupling)
        tridiagonal[old:new, new : new + block] = _array(coupling.T)
    return Lanczos(tridiagonal[:new, :new], _array(coupling), _array(start), size)


def _orthogonalized(rows: Tensor, basis: Tensor) -> Tensor:
    for _ in range(2):  # one pass leaves what cancellation hides
        rows = rows - (rows @ basis.T) @ basis
    return rows


def _array(tensor: Tensor) -> Array:
    return tensor.double().cpu().numpy()
