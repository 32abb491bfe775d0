"""Gradient norm, and the share of its entries that are zero."""

import torch
from torch import Tensor

from plasticity_bench.learners.optimizers import Params
from plasticity_bench.measurements.probe import Measured, Probe, by_layer, norm


def gradient_norm(probe: Probe) -> Measured:
    """Return, over all parameters and for each layer, of the gradient g on the probe's examples.

    - `gradient_norm` = ||g||_2;
    - `zero_gradient_fraction` = share of the entries of g that are exactly zero.

    g is that of the mean cross-entropy of the data, without a learner's penalties. The explanation:
    gradients vanish, or become sparse (Abbas et al., 2023, arXiv:2303.07507; Dohare et al., 2024,
    doi:10.1038/s41586-024-07711-7). The norm is at least 0, the share in [0, 1].
    """
    return {
        **by_layer(probe.on_examples("gradient_norm"), probe.gradients, norm),
        **by_layer(probe.on_examples("zero_gradient_fraction"), probe.gradients, _share_of_zeros),
    }


def _share_of_zeros(params: Params) -> Tensor:
    entries = torch.cat([value.flatten(1) for value in params.values()], 1)
    # NaN if the gradient is not finite: nan == 0 is False and would count as non-zero.
    finite = entries.isfinite().all(1)
    return torch.where(finite, (entries == 0).double().mean(1), torch.nan)
