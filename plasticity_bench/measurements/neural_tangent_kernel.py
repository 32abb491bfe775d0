"""The neural tangent kernel: how alike examples are to gradient descent."""

import numpy as np
import torch
from torch import Tensor, nn
from torch.func import vmap

from plasticity_bench.compiler import jacrev
from plasticity_bench.learners.optimizers import Params
from plasticity_bench.measurements import elementary
from plasticity_bench.measurements.common import eigenvalues, eval_mode, of_each
from plasticity_bench.measurements.probe import Measured, Probe
from plasticity_bench.measurements.spectrum import effective_rank
from plasticity_bench.networks.functional import apply_network

ROUNDING = 1e-12
"""Eigenvalues below this share of the largest are rounding errors of float64."""


def neural_tangent_kernel(probe: Probe) -> Measured:
    """Return two numbers of the kernel's eigenvalues lambda.

    The kernel is J J^T, (n classes x n classes), where J holds the gradients of every logit of
    every example in all parameters (Jacot et al., 2018, arXiv:1806.07572). It is computed in
    float64, at a cost of n x classes x parameters numbers of memory for each replica.

    - `ntk_effective_rank`: exp of the entropy of lambda / sum(lambda);
    - `ntk_log10_condition`: log10 of the largest lambda over the least, 12 where the least is less
      than 1e-12 of the largest: numerically singular.

    The explanation: directions of the output that gradient descent no longer separates cannot be
    learnt (Lyle et al., 2024, arXiv:2402.18762). Not available for a kernel that is zero or not
    finite.
    """
    spectra = np.concatenate(
        [
            eigenvalues(kernel(probe.module, replica_params, x)[None])
            for replica_params, x, _ in probe.one_by_one()
        ]
    )
    least, largest = spectra[:, 0], spectra[:, -1]
    with np.errstate(invalid="ignore", divide="ignore"):
        condition = -elementary.log10(np.maximum(least / largest, ROUNDING))
    ranks = of_each(spectra, effective_rank)
    known = np.isfinite(spectra).all(1) & (largest > 0)
    return {
        probe.on_examples("ntk_effective_rank"): np.where(known, ranks, np.nan),
        probe.on_examples("ntk_log10_condition"): np.where(known, condition, np.nan),
    }


def kernel(module: nn.Module, params: Params, inputs: Tensor) -> Tensor:
    """Return one replica's J J^T, (n x classes, n x classes), in float64."""
    doubled = {name: value.detach().double() for name, value in params.items()}
    # Batch normalisation needs statistics of the dtype of its inputs.
    buffers = {n: b.double() for n, b in module.named_buffers() if b.is_floating_point()}
    inputs = inputs.double() if inputs.is_floating_point() else inputs

    def logits(params: Params, example: Tensor) -> Tensor:
        outputs: Tensor = apply_network(module, {**buffers, **params}, example[None])[0]
        return outputs

    with eval_mode(module):
        jacobians = vmap(jacrev(logits), in_dims=(None, 0))(doubled, inputs)
    rows = [jacobian.flatten(0, 1).flatten(1) for jacobian in jacobians.values()]
    return torch.stack([row @ row.T for row in rows]).sum(0)
