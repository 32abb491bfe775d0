"""Entropy of the signs of hidden units over examples."""

import math

import torch
from torch import Tensor

from plasticity_bench.measurements.probe import Measured, Probe
from plasticity_bench.measurements.units import mean_over_units


def unit_sign_entropy(probe: Probe) -> Measured:
    """Return `unit_sign_entropy`, the mean over hidden units of the entropy of their sign, in bits.

    With p_i the share of examples on which h_i(x) > 0: H_i = -p_i log2 p_i - (1-p_i) log2 (1-p_i).
    Lewandowski et al. (2024), arXiv:2406.06811. The explanation: a unit whose sign never changes is
    linear, or dead, and adds nothing to what can be represented. In [0, 1]; higher is said to be
    better. Not available without hidden activations.
    """

    def entropy(outputs: Tensor) -> Tensor:
        share = (outputs > 0).double().mean(1)
        nats = -torch.xlogy(share, share) - torch.xlogy(1 - share, 1 - share)
        return nats / math.log(2)

    return mean_over_units(probe.on_examples("unit_sign_entropy"), probe, entropy, probe.hidden)
