"""Curvature: the spectrum of the empirical Fisher matrix.

The empirical Fisher of n examples is F = (1/n) G^T G, where row i of G is the gradient of example
i's loss in all parameters. Its non-zero eigenvalues are those of the n x n Gram matrix
K = (1/n) G G^T, so its whole spectrum is exact at the cost of an n x n eigenvalue problem. This is
the measure of curvature in the later versions of Lewandowski et al. (2023), arXiv:2312.00246.

Cost: one forward and one backward pass, n^2 numbers and their eigenvalues; `layer_gram.py` has the
formulas. Error: none but rounding; those of float32 lie below 1e-6 of the largest eigenvalue.
"""

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from plasticity_bench.learners.optimizers import Params
from plasticity_bench.measurements.common import eigenvalues, of_each, refuse_non_finite
from plasticity_bench.measurements.layer_gram import gram, loss_gradient
from plasticity_bench.measurements.spectrum import srank


def fisher_spectrum(
    module: nn.Module, params: Params, inputs: Tensor, targets: Tensor
) -> NDArray[np.float64]:
    """Return the largest n eigenvalues of every replica's empirical Fisher matrix, ascending.

    The loss is the cross-entropy of the data alone, whatever the learner adds to it.

    Args:
        module: the network whose parameters these are.
        params: each (replicas, *shape), all finite.
        inputs: (replicas, n, *input_shape).
        targets: (replicas, n).

    Returns:
        (replicas, n), non-negative up to rounding. NaN for a replica whose gradients are so large
        that the matrix overflows.

    Raises:
        ValueError: if a parameter is not finite.
    """
    refuse_non_finite(params)
    return eigenvalues(gram(module, params, inputs, targets, loss_gradient))


def fisher_srank(
    module: nn.Module, params: Params, inputs: Tensor, targets: Tensor
) -> NDArray[np.float64]:
    """Return srank 0.99 of every replica's empirical Fisher, (replicas,).

    Higher means more directions of curvature. At most n; a dead network with an output bias keeps
    at most classes - 1. Arguments, and what is raised, are those of `fisher_spectrum`.

    Returns:
        NaN for a replica whose gradients are so large that the matrix overflows.
    """
    return of_each(fisher_spectrum(module, params, inputs, targets), srank)
