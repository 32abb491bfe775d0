"""The outputs of a network's hidden activations.

A hidden activation is a module of a kind in `networks.ACTIVATIONS` or in PyTorch's own list of
activations; a function called in a network's `forward` is not seen. A module that is called several
times counts as several layers. A network without any has no hidden units to measure.
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn.modules import activation as torch_activations

from plasticity_bench.learners.optimizers import Params
from plasticity_bench.measurements.common import eval_mode
from plasticity_bench.networks import ACTIVATIONS

_NO_UNITS = (nn.MultiheadAttention, nn.Softmax, nn.LogSoftmax, nn.Softmin, nn.Softmax2d)
_OF_TORCH = tuple(
    kind
    for name in torch_activations.__all__
    if isinstance(kind := getattr(torch_activations, name), type)
    and issubclass(kind, nn.Module)
    and not issubclass(kind, _NO_UNITS)
)
_KINDS: tuple[type[nn.Module], ...] = (
    *_OF_TORCH,
    *{type(make()) for make in ACTIVATIONS.values()},
)


def activation_modules(module: nn.Module) -> dict[str, nn.Module]:
    """Return a network's activation modules by name, in the order they are defined."""
    return {name: part for name, part in module.named_modules() if isinstance(part, _KINDS)}


def hidden_activations(module: nn.Module, params: Params, inputs: Tensor) -> dict[str, Tensor]:
    """Return the outputs of one replica's hidden activations.

    Args:
        module: the network; it is left as it was.
        params: one replica's parameters.
        inputs: (n, *input_shape).

    Returns:
        (n x positions, units) by layer, in the order they were computed: an image's channels are
        units, a sequence's features are.
    """
    seen: dict[str, Tensor] = {}

    def keep(name: str) -> Any:
        def hook(_module: nn.Module, _inputs: Any, output: Tensor) -> None:
            calls = sum(key == name or key.startswith(f"{name}#") for key in seen)
            # A copy: a later layer may work in place.
            seen[f"{name}#{calls + 1}" if calls else name] = _units_last(output.detach().clone())

        return hook

    parts = activation_modules(module)
    handles = [part.register_forward_hook(keep(name)) for name, part in parts.items()]
    try:
        with torch.no_grad(), eval_mode(module):
            functional_call(module, params, (inputs,))
    finally:
        for handle in handles:
            handle.remove()
    return seen


def _units_last(output: Tensor) -> Tensor:
    """(n, channels, height, width) or (n, ..., units) -> (n x positions, units)."""
    if output.ndim == 4:
        output = output.movedim(1, -1)
    return output.flatten(0, -2)
