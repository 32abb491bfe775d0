"""Curvature: the spectrum of the generalised Gauss-Newton matrix.

M = (1/n) sum_i J_i^T H_i J_i, where J_i is the Jacobian of example i's logits in all parameters and
H_i = diag(p_i) - p_i p_i^T the second derivative of the cross-entropy in the logits, p_i their
softmax (Schraudolph 2002, "Fast curvature matrix-vector products for second-order gradient
descent"). It is the Hessian without the network's own second derivatives, is positive
semi-definite, does not depend on the targets, and for softmax is the Fisher matrix under the
network's own predictions (Martens 2020, arXiv:1412.1193).

H_i = B_i B_i^T with B_i = diag(sqrt p_i) Q_i, where Q_i, (classes, classes - 1), is an orthonormal
basis of the vectors orthogonal to sqrt p_i: the columns of a Householder reflection but the first.
The columns of all B_i are the seeds of a Gram matrix (`layer_gram.py`) with the non-zero spectrum
of M.

Cost: one forward and classes - 1 backward passes, (n (classes - 1))^2 numbers, and an eigenvalue
problem of that size, cubic in it: few examples if classes are many. Error: none but rounding;
float32 and float64 agree to 1e-6 of the largest eigenvalue.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from plasticity_bench.learners.optimizers import Params
from plasticity_bench.measurements.common import eigenvalues, of_each, refuse_non_finite
from plasticity_bench.measurements.layer_gram import gram
from plasticity_bench.measurements.spectrum import srank


def gauss_newton_spectrum(
    module: nn.Module, params: Params, inputs: Tensor, targets: Tensor
) -> NDArray[np.float64]:
    """Return eigenvalues of every replica's Gauss-Newton matrix, ascending.

    Args:
        module: the network whose parameters these are.
        params: each (replicas, *shape), all finite.
        inputs: (replicas, n, *input_shape).
        targets: (replicas, n), which do not matter.

    Returns:
        (replicas, n (classes - 1)): all that are not zero, non-negative up to rounding. NaN
        for a replica whose matrix overflows.

    Raises:
        ValueError: if a parameter is not finite.
    """
    refuse_non_finite(params)
    spectra = []
    for i in range(len(targets)):  # one at a time: the matrix is large
        replica = {name: value[i : i + 1] for name, value in params.items()}
        matrix = gram(module, replica, inputs[i : i + 1], targets[i : i + 1], output_factor)
        spectra.append(eigenvalues(matrix))
    return np.concatenate(spectra)


def gauss_newton_srank(
    module: nn.Module, params: Params, inputs: Tensor, targets: Tensor
) -> NDArray[np.float64]:
    """Return srank 0.99 of every replica's Gauss-Newton matrix, (replicas,).

    Higher means more directions of curvature. At most n (classes - 1). Arguments, NaN and what is
    raised are those of `gauss_newton_spectrum`.
    """
    return of_each(gauss_newton_spectrum(module, params, inputs, targets), srank)


def output_factor(logits: Tensor, targets: Tensor) -> Tensor:
    """Return the columns of every B, (classes - 1, n, classes), from logits (n, classes).

    Of the squared error, whose second derivative is 2 / outputs times the identity:
    (outputs, n, outputs).
    """
    if targets.is_floating_point():
        outputs = logits.shape[-1]
        identity = torch.eye(outputs, dtype=logits.dtype, device=logits.device)
        columns: Tensor = (2 / outputs) ** 0.5 * identity
        return columns[:, None, :].expand(-1, len(logits), -1)
    halves = (logits / 2).softmax(-1)
    roots: Tensor = halves / torch.linalg.vector_norm(halves, dim=-1, keepdim=True)
    first = torch.zeros_like(roots)
    first[..., 0] = 1
    # The reflection 1 - u u^T / (1 + u_0), u = roots + first, takes the roots to -first; so its
    # other columns are orthogonal to them. Nothing cancels: no root is negative.
    u = roots + first
    reflection = torch.eye(roots.shape[-1], dtype=roots.dtype, device=roots.device) - (
        u[..., :, None] * u[..., None, :] / u[..., :1, None]
    )
    return (roots[..., :, None] * reflection)[..., 1:].movedim(-1, 0)
