"""Dormant hidden units (Sokar et al., 2023)."""

import torch
from torch import Tensor

from plasticity_bench.measurements.probe import Measured, Probe
from plasticity_bench.measurements.units import mean_over_units

THRESHOLDS = (0, 0.01, 0.1)


def dormant_units(probe: Probe) -> Measured:
    """Return `dormant_units_tau*`, the share of hidden units whose score is at most tau.

    The score of unit i in a layer of H units, over the examples x (Sokar et al., 2023,
    arXiv:2302.12902, definition 3.1):

        s_i = mean_x |h_i(x)| / ((1/H) sum_k mean_x |h_k(x)|)

    With tau = 0 these are the *dead* units: output zero on every example. All units of a layer that
    is zero throughout are dormant. In [0, 1]; lower is said to be better. Units of tanh or of a
    leaky ReLU hardly ever fall under tau = 0. Not available without hidden activations.
    """
    sizes = {
        layer: outputs.abs().mean(1, keepdim=True, dtype=torch.float64)
        for layer, outputs in probe.hidden.items()
    }
    measured: Measured = {}
    for threshold in THRESHOLDS:

        def dormant(size: Tensor, threshold: float = threshold) -> Tensor:
            # s_i <= tau, multiplied out: no layer's mean is divided by.
            return (size <= threshold * size.mean(2, keepdim=True))[:, 0]

        name = probe.on_examples(f"dormant_units_tau{threshold}")
        measured |= mean_over_units(name, probe, dormant, sizes)
    return measured
