"""Means of a per-unit number, over a layer and over the network."""

from collections.abc import Callable

import torch
from torch import Tensor

from plasticity_bench.measurements.probe import Measured, Probe, numbers, unavailable


def mean_over_units(
    name: str, probe: Probe, of_units: Callable[[Tensor], Tensor], layers: dict[str, Tensor]
) -> Measured:
    """Return the mean over all hidden units, and over those of each layer.

    Args:
        name: of the mean.
        probe: whose replicas these are.
        of_units: from outputs, (replicas, rows, units), to a number for each unit, (replicas,
            units).
        layers: outputs by layer; if empty, the mean is NaN.

    Returns:
        NaN for a replica whose outputs are not finite.
    """
    if not layers:
        return unavailable(probe, name)
    each = {}
    for layer, outputs in layers.items():
        finite = outputs.isfinite().flatten(1).all(1)
        each[layer] = torch.where(finite[:, None], of_units(outputs).double(), torch.nan)
    total = torch.cat(list(each.values()), 1).mean(1)
    parts = {f"{name}/{layer}": numbers(units.mean(1)) for layer, units in each.items()}
    return {name: numbers(total), **parts}
