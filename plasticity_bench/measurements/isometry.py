"""How far the weights of layers are from preserving lengths and angles."""

from collections.abc import Iterable

import numpy as np
import torch

from plasticity_bench.measurements.feature_rank import singular_values
from plasticity_bench.measurements.probe import Measured, Probe, Values, unavailable
from plasticity_bench.measurements.sums import in_order
from plasticity_bench.networks.layers import Layer, layers_of


def isometry(probe: Probe) -> Measured:
    """Return two distances of weight matrices from isometries, over all layers and for each.

    With sigma_1 ... sigma_k the singular values of a layer's weight, (outputs, inputs), k the
    smaller side:

    - `deviation_from_isometry` = sum_i (sigma_i^2 - 1)^2, that is ||W W^T - I||_F^2 or, where there
      are more outputs than inputs, ||W^T W - I||_F^2 (Han et al., 2026, arXiv:2602.08040, FIRE;
      AdamO, 2026, arXiv:2606.09762); over all layers their sum. At least 0.
    - `singular_value_spread` = 1 - (sum_i sigma_i)^2 / (k sum_i sigma_i^2), which does not change
      when a weight is scaled: 0 for a multiple of an isometry, 1 - 1/k for a matrix of rank one;
      over all layers their mean. In [0, 1).

    Layers are linear layers and convolutions, whose weight is (outputs, inputs x kernel); queries,
    keys and values that are one weight count apart. The explanation: a signal's directions vanish
    in layers with unequal singular values, forward and backward. Lower is said to be better. Not
    available for networks without such layers; the spread not for a weight of zeros.

    Cost: eigenvalues of one k x k matrix for each layer.
    """
    names = "deviation_from_isometry", "singular_value_spread"
    layers = [layer for layer in layers_of(probe.module).all if layer.weight in probe.params]
    if not layers:
        return unavailable(probe, *names)
    deviations: Measured = {}
    spreads: Measured = {}
    for layer in layers:
        spectra = list(_spectra(layer, probe))
        deviations[layer.name] = in_order(((sigma**2 - 1) ** 2).sum(1) for sigma in spectra)
        spreads[layer.name] = in_order(map(spread, spectra)) / len(spectra)
    return {
        names[0]: in_order(deviations.values()),
        names[1]: in_order(spreads.values()) / len(spreads),
        **{f"{names[0]}/{layer}": value for layer, value in deviations.items()},
        **{f"{names[1]}/{layer}": value for layer, value in spreads.items()},
    }


def spread(sigma: Values) -> Values:
    """Return 1 - (sum sigma)^2 / (k sum sigma^2) of singular values (replicas, k)."""
    squares = sigma.shape[1] * (sigma**2).sum(1)
    share = np.full(len(sigma), np.nan)
    np.divide(sigma.sum(1) ** 2, squares, out=share, where=squares > 0)
    left: Values = np.maximum(1 - share, 0)
    return left


def _spectra(layer: Layer, probe: Probe) -> Iterable[Values]:
    """Singular values of each matrix of a layer, (replicas, k)."""
    replicas = [layer.matrices(params) for params, _, _ in probe.one_by_one()]
    for name in replicas[0]:
        matrices = torch.stack([one[name] for one in replicas])
        k = min(matrices.shape[1:])
        yield np.sort(singular_values(matrices), 1)[:, ::-1][:, :k]
