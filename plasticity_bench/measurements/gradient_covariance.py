"""How alike the gradients of different examples are."""

import numpy as np
import torch
from torch import Tensor

from plasticity_bench.measurements import elementary
from plasticity_bench.measurements.common import eigenvalues, of_each
from plasticity_bench.measurements.probe import Measured, Probe
from plasticity_bench.measurements.spectrum import effective_rank, srank


def gradient_covariance(probe: Probe) -> Measured:
    r"""Return three numbers of the normalised covariance of the examples' gradients.

    With $g_i$ the gradient of example i's loss in all parameters (Lyle et al., 2023,
    arXiv:2303.01486):

        C_ij = <g_i, g_j> / (||g_i|| ||g_j||)

    - `gradient_cosine_mean`: the mean of C_ij over i != j, in [-1, 1];
    - `gradient_covariance_srank99` and `gradient_covariance_effective_rank`: of the eigenvalues of
      C, from 0 to n.

    The explanation: when all gradients point the same way, or few ways, examples cannot be told
    apart by gradient descent. Unlike the Fisher matrix, C gives every example the same weight,
    however large its loss. An example whose gradient is zero has a row of zeros, and is left out of
    the mean, which is not available with less than two others.

    Cost: the Gram matrix of the Fisher matrix, which is shared with it, and n^3.
    """
    cosines = normalised(probe.gradient_gram.double())
    spectra = eigenvalues(cosines)
    return {
        probe.on_examples("gradient_cosine_mean"): np.array([_mean(c) for c in cosines]),
        probe.on_examples("gradient_covariance_srank99"): of_each(spectra, srank),
        probe.on_examples("gradient_covariance_effective_rank"): of_each(spectra, effective_rank),
    }


def normalised(gram: Tensor) -> Tensor:
    """Return the cosines of the rows behind Gram matrices (replicas, n, n); 0 for rows of zeros."""
    lengths = elementary.sqrt(gram.diagonal(dim1=1, dim2=2).clamp(min=0))
    inverse = torch.where(lengths > 0, 1 / lengths, torch.zeros_like(lengths))
    # NaN stays NaN: a gradient that overflows has no direction.
    inverse = torch.where(lengths.isnan(), lengths, inverse)
    return gram * inverse[:, :, None] * inverse[:, None, :]


def _mean(cosines: Tensor) -> float:
    count = int((cosines.diagonal() != 0).sum())
    if count < 2:
        return float("nan")
    return float((cosines.sum() - cosines.trace()) / (count * (count - 1)))
