"""Curvature: the block of the Hessian that belongs to the last two layers.

What the first version of Lewandowski et al. (2023), arXiv:2312.00246, measured for want of the full
Hessian: the second derivatives of the mean cross-entropy in the parameters of the last two layers,
the others held. A layer here is one with a weight of two or more dimensions; normalisation between
or after the two belongs to the block. Layers count in the order in which they are computed; where
that cannot be recorded, in which the module names them.

Cost: as many products with the Hessian as the block has parameters, and an eigenvalue problem of
that size. Error: rounding.
"""

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from plasticity_bench.learners.optimizers import Params
from plasticity_bench.measurements.hessian import hessian_spectrum
from plasticity_bench.networks.forward_graph import forward_graph


def last_layers_spectrum(
    module: nn.Module, params: Params, inputs: Tensor, targets: Tensor
) -> NDArray[np.float64]:
    """Return all eigenvalues of the block, ascending, (replicas, parameters of the block).

    Args:
        module: the network whose parameters these are.
        params: each (replicas, *shape), all finite.
        inputs: (replicas, n, *input_shape).
        targets: (replicas, n).

    Returns:
        NaN for a replica whose Hessian overflows.

    Raises:
        ValueError: if a parameter is not finite, or the block has more than `hessian.DENSE_LIMIT`.
    """
    return hessian_spectrum(
        module, params, inputs, targets, last_layers_parameters(module, inputs[0, :2])
    )


def last_layers_parameters(module: nn.Module, inputs: Tensor) -> list[str]:
    """Return the names of the parameters from the second to last layer on.

    Args:
        module: the network.
        inputs: (n, *input_shape), some to compute it on.
    """
    try:
        order = {name: i for i, name in enumerate(forward_graph(module, inputs).order())}
    except Exception:
        order = {}
    layers = [
        (layer, [f"{name}.{parameter}".lstrip(".") for parameter, _ in owned])
        for name, layer in module.named_modules()
        if (owned := list(layer.named_parameters(recurse=False)))
    ]
    layers.sort(key=lambda layer: max(order.get(name, -1) for name in layer[1]))
    matrices = [
        i
        for i, (layer, _) in enumerate(layers)
        if any(p.dim() > 1 for p in layer.parameters(recurse=False))
    ]
    first = matrices[-2] if len(matrices) > 1 else 0
    chosen = {name for _, names in layers[first:] for name in names}
    return [name for name, _ in module.named_parameters() if name in chosen]
