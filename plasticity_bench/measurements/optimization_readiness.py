"""How much of minibatches' gradients is the gradient of all examples."""

import numpy as np
import torch
from torch import Tensor

from plasticity_bench.measurements.probe import Measured, Probe, numbers

BATCHES = 128
SHARE = 8
"""A minibatch has one of so many parts of the examples."""


def optimization_readiness(probe: Probe) -> Measured:
    """Return `optimization_readiness_b*` = ||g||^2 / mean over minibatches of ||g_B||^2.

    g is the gradient of the mean loss of all n examples, g_B that of a minibatch of n / 8 of them
    (at least one), drawn without replacement; 128 minibatches, the same for every network. The
    name has their size, as in `optimization_readiness_b32_n256`. "Predicting plasticity in deep
    continual learning", 2026, arXiv:2605.09044, in which it bounds from below what one step can
    gain: gradients are large, and minibatches agree on them.

    In [0, 1] but for chance, 1 if all minibatches have the same gradient; higher is said to be
    better. Not available where all gradients are zero.

    Cost: the Gram matrix of the Fisher matrix, from which the norms of all means follow: for
    weights w of the examples, ||sum w_i g_i||^2 = w^T G G^T w.
    """
    n = probe.targets.shape[1]
    size = max(1, n // SHARE)
    products = n * probe.gradient_gram.double()
    drawn = minibatches(n, size).to(products)
    whole = products.sum((1, 2)) / n**2
    parts = torch.einsum("bi,rij,bj->rb", drawn, products, drawn).mean(1)
    ratio = np.full(probe.num_replicas, np.nan)
    np.divide(numbers(whole), numbers(parts), out=ratio, where=numbers(parts) > 0)
    return {probe.on_examples(f"optimization_readiness_b{size}"): ratio}


def minibatches(n: int, size: int) -> Tensor:
    """Return the weight of every example in every minibatch, (128, n), float64."""
    generator = torch.Generator().manual_seed(0)
    weights = torch.zeros(BATCHES, n, dtype=torch.float64)
    for row in weights:
        row[torch.randperm(n, generator=generator)[:size]] = 1 / size
    return weights
