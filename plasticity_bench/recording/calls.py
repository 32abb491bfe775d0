"""What the forward pass of a network may call: PyTorch's modules, functions and methods."""

import builtins
import functools
import math
import operator
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from plasticity_bench.networks import activations, attention, gpt, resnet, vit
from plasticity_bench.recording.plain_data import UnrecordableError

NOT_DATA = {
    *("backward", "data_ptr", "item", "numpy", "register_hook", "retain_grad", "share_memory_"),
    *(
        "tolist",
        "untyped_storage",
        "storage",
        "apply_",
        "map_",
        "map2_",
        "set_",
        "resize_",
        "pin_memory",
    ),
    *("rand", "randn", "randint", "randperm", "normal", "bernoulli", "multinomial", "from_file"),
    *("rand_like", "randn_like", "randint_like", "poisson", "uniform_", "normal_", "bernoulli_"),
    *("random_", "exponential_", "cauchy_", "log_normal_", "geometric_", "to_dense", "to_sparse"),
}
"""Functions and methods that are no computation on tensors, or are random."""

ATTRIBUTES = ("shape", "dtype", "device", "T", "mT", "H", "mH", "ndim", "real", "imag")
"""Of a tensor, what a forward pass may read."""


@functools.cache
def classes() -> Mapping[str, type[nn.Module]]:
    """Return the modules that are known, by name."""
    of_torch = {
        f"torch.nn.{name}": value
        for name, value in vars(nn).items()
        if isinstance(value, type)
        and issubclass(value, nn.Module)
        and not issubclass(value, nn.RNNBase | nn.modules.lazy.LazyModuleMixin)
        and not issubclass(value, nn.TransformerEncoderLayer | nn.TransformerDecoderLayer)
    }
    ours = {
        f"{module.__name__}.{name}": value
        for module in (activations, attention, gpt, resnet, vit)
        for name, value in vars(module).items()
        if isinstance(value, type)
        and issubclass(value, nn.Module)
        and value.__module__ == module.__name__
    }
    return of_torch | ours


_NAMESPACES: dict[str, ModuleType] = {
    "operator": operator,
    "functional": functional,
    "torch": torch,
    "math": math,
}


def name_of(function: Callable[..., Any]) -> str:
    """Return the name of a function that a forward pass may call.

    Raises:
        UnrecordableError: if it may not call it.
    """
    if function is builtins.getattr:
        return "builtins.getattr"
    name = getattr(function, "__name__", "")
    for space, module in _NAMESPACES.items():
        if getattr(module, name, None) is function:
            function_named(f"{space}.{name}")
            return f"{space}.{name}"
    raise UnrecordableError(f"its network calls {name or function}, no function of PyTorch")


@functools.cache
def function_named(name: str) -> Callable[..., Any]:
    """Return the function of a name that `name_of` returned.

    Raises:
        UnrecordableError: if a forward pass may not call it.
    """
    if name == "builtins.getattr":
        return _attribute
    space, _, word = name.partition(".")
    found: Any = getattr(_NAMESPACES.get(space), word, None)
    of_functional = space == "functional" and callable(found) and not isinstance(found, type)
    built_in = isinstance(found, type(len)) and callable(found)
    known = of_functional or (space == "operator" and callable(found)) or built_in
    if space == "torch":  # other functions of the module are no operations on tensors
        known = known and hasattr(torch._C._VariableFunctions, word)
    if not known or word.startswith("_") or word in NOT_DATA:
        raise UnrecordableError(f"its network calls {name[:100]}")
    result: Callable[..., Any] = found
    return result


def _attribute(value: Any, name: str) -> Any:
    if name not in ATTRIBUTES:
        raise UnrecordableError(f"its network reads the attribute {name[:100]} of a tensor")
    return getattr(value, name)


@functools.cache
def check_method(name: str) -> None:
    """Raise an UnrecordableError unless a forward pass may call a method of a tensor."""
    if name.startswith("_") or name in NOT_DATA or not hasattr(torch._C.TensorBase, name):
        raise UnrecordableError(f"its network calls the method {name[:100]}")
