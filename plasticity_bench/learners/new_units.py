"""Replace hidden units by new ones, as methods do that reset dead or useless units."""

import math

import torch
from torch import Tensor

from plasticity_bench.learners.batch import Hidden
from plasticity_bench.learners.noise import Noise
from plasticity_bench.learners.optimizers import Moments, Params


def replaced(
    trained: tuple[Params, Params, Moments],
    hidden: dict[str, Hidden],
    chosen: dict[str, Tensor],
    noise: Noise,
    *,
    layer_by_layer: bool,
) -> tuple[Params, Moments]:
    """Return parameters and moments with new units; `Learner.replace_units` defines them.

    Args:
        trained: the parameters, the initial ones, and the optimiser's moments.
        hidden: the layers by name.
        chosen: for each layer, (units,) bool.
        noise: for the new weights.
        layer_by_layer: replace the units of the first layer, then of the second, and so on.
    """
    before, initial, moments = trained
    params = dict(before)
    zeroed: Params = {}  # masks
    for layer, units in chosen.items():
        for name in hidden[layer].incoming:
            value = params[name]
            mask = units.reshape(-1, *[1] * (value.ndim - 1)).expand_as(value)
            params[name] = torch.where(mask, _new(name, initial[name], noise), value)
            _mark(zeroed, name, mask)
        if layer_by_layer:
            _silence(hidden[layer], units, params, zeroed)
    if not layer_by_layer:
        for layer, units in chosen.items():  # last: a new unit does not read another new unit
            _silence(hidden[layer], units, params, zeroed)
    return params, {
        moment: {
            name: torch.where(zeroed[name], 0.0, value) if name in zeroed else value
            for name, value in averages.items()
        }
        for moment, averages in moments.items()
    }


def _silence(layer: Hidden, units: Tensor, params: Params, zeroed: Params) -> None:
    """Set the outgoing weights of units to zero in `params`, and mark them in `zeroed`."""
    value = params[layer.outgoing]
    columns = value.reshape(len(value), len(units), -1)
    mask = units[:, None].expand_as(columns).reshape(value.shape)
    params[layer.outgoing] = torch.where(mask, 0.0, value)
    _mark(zeroed, layer.outgoing, mask)


def _mark(zeroed: Params, name: str, mask: Tensor) -> None:
    zeroed[name] = mask | zeroed[name] if name in zeroed else mask


def _new(name: str, initial: Tensor, noise: Noise) -> Tensor:
    """The parameter of new units: weights are drawn, biases zero, gains as they started."""
    if initial.ndim >= 2:
        half_width = math.sqrt(3) * initial.std(correction=0)
        return half_width * (2 * noise.uniform(initial) - 1)
    return torch.zeros_like(initial) if name.endswith("bias") else initial
