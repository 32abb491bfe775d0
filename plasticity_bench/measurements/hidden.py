"""The outputs of a network's hidden activations.

A hidden activation is a module of a kind in `networks.ACTIVATIONS` or in PyTorch's own list of
activations, or a call of the function of such a module, as `torch.relu`. One that is called
several times counts as several layers. A network without any has no hidden units to measure.
Neither has one whose forward pass has other functions that are not linear, as `torch.sin` or
`x.clamp(min=0)`: whether they make units is not known, and numbers of the others alone would be
wrong.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn.modules import activation as torch_activations
from torch.overrides import TorchFunctionMode

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


_FUNCTIONS = {kind.__name__.lower() for kind in _OF_TORCH} | {
    *("leaky_relu", "log_sigmoid", "_threshold"),
}
_FUNCTIONS |= {name + "_" for name in _FUNCTIONS}  # in place
"""Functions of PyTorch that are a module's, by name."""

_UNCLEAR = {
    *("abs", "absolute", "arctan", "atan", "asinh", "clamp", "clamp_max", "clamp_min", "clip"),
    *("cos", "erf", "exp2", "expm1", "fmax", "fmin", "heaviside", "log1p", "maximum", "minimum"),
    *("sign", "sgn", "sin", "sinc", "sinh", "cosh", "arcsinh", "where", "frac", "round", "floor"),
    *("__gt__", "__ge__", "__lt__", "__le__", "gt", "ge", "lt", "le", "masked_fill"),
}
_UNCLEAR |= {name + "_" for name in _UNCLEAR if not name.startswith("__")}
"""Functions that may be a hidden activation, or a part of one."""


_PRODUCTS = {"mul", "mul_", "multiply", "__mul__", "__rmul__", "__imul__"}


class Hidden(dict[str, Tensor]):
    """Outputs of hidden activations by layer.

    Attributes:
        unclear: the first function that may be an activation, and is none that is known; or empty.
    """

    unclear = ""


def activation_kind(module: nn.Module, layer: str) -> str:
    """Return the kind of a layer of `hidden_activations`, in lower case, as "relu"."""
    name = layer.partition("#")[0]
    if name.endswith("()"):
        return name.removesuffix("()")
    return type(module.get_submodule(name)).__name__.lower()


def hidden_activations(module: nn.Module, params: Params, inputs: Tensor) -> Hidden:
    """Return the outputs of one replica's hidden activations.

    Args:
        module: the network; it is left as it was.
        params: one replica's parameters.
        inputs: (n, *input_shape).

    Returns:
        (n x positions, units) by layer, in the order they were computed: an image's channels are
        units, a sequence's features are. A layer is called as its module, or as its function, such
        as "relu()". Nothing if a function is unclear.
    """
    seen = Hidden()

    def keep(name: str, output: Tensor) -> None:
        calls = sum(key == name or key.startswith(f"{name}#") for key in seen)
        # A copy: a later layer may work in place.
        seen[f"{name}#{calls + 1}" if calls else name] = _units_last(output.detach().clone())

    functions = _Functions(keep)
    with torch.no_grad(), eval_mode(module), _hooked(module, functions, keep), functions:
        functional_call(module, params, (inputs,))
    if functions.unclear:
        seen.clear()
        seen.unclear = functions.unclear
    return seen


class _Functions(TorchFunctionMode):
    """Sees the functions that are called outside activation modules.

    Attributes:
        inside: how many activation modules are being computed.
        unclear: as `Hidden` has it.
    """

    def __init__(self, keep: Callable[[str, Tensor], None]) -> None:
        super().__init__()
        self._keep = keep
        self.inside = 0
        self.unclear = ""

    def __torch_function__(
        self,
        function: Callable[..., Any],
        _types: Any,
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        output = function(*args, **(kwargs or {}))
        name = getattr(function, "__name__", "")
        if self.inside == 0 and isinstance(output, Tensor) and _has_units(output):
            if name in _FUNCTIONS:
                self._keep(f"{name.strip('_')}()", output)
            elif name in _UNCLEAR or (name in _PRODUCTS and _gates(args)):
                self.unclear = self.unclear or name.strip("_")
        return output


@contextmanager
def _hooked(
    module: nn.Module, functions: _Functions, keep: Callable[[str, Tensor], None]
) -> Iterator[None]:
    """Keep the outputs of activation modules; functions inside of them are no activations."""

    def enter(_module: nn.Module, _inputs: Any) -> None:
        functions.inside += 1

    def leave(name: str) -> Callable[[nn.Module, Any, Tensor], None]:
        def hook(_module: nn.Module, _inputs: Any, output: Tensor) -> None:
            functions.inside -= 1
            if functions.inside == 0:
                keep(name, output)

        return hook

    handles = []
    for name, part in activation_modules(module).items():
        handles.append(part.register_forward_pre_hook(enter))
        handles.append(part.register_forward_hook(leave(name)))
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def _gates(factors: tuple[Any, ...]) -> bool:
    """Whether a product is of two layers' outputs, as in a gated unit; gains have other shapes."""
    tensors = [factor for factor in factors if isinstance(factor, Tensor)]
    if len(tensors) != 2 or tensors[0] is tensors[1]:
        return False
    return tensors[0].shape == tensors[1].shape


def unclear_function(module: nn.Module, inputs: Tensor) -> str:
    """Return the function for which a network's hidden activations are not known; empty if none."""
    params = {name: value.detach() for name, value in module.named_parameters()}
    return hidden_activations(module, params, inputs).unclear


def _has_units(output: Tensor) -> bool:
    """Whether there are several units; a norm's divisor is one number for each example."""
    return output.ndim > 1 and output.shape[1 if output.ndim == 4 else -1] > 1


def _units_last(output: Tensor) -> Tensor:
    """(n, channels, height, width) or (n, ..., units) -> (n x positions, units)."""
    if output.ndim == 4:
        output = output.movedim(1, -1)
    return output.flatten(0, -2)
