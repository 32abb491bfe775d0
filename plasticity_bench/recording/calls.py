"""What the forward pass of a network may call: PyTorch's modules, functions and methods."""

import builtins
import functools
import math
import operator
from collections.abc import Callable, Mapping, Sequence
from types import ModuleType
from typing import Any

import torch
from torch import nn
from torch.nn import functional
from torch.overrides import get_overridable_functions

from plasticity_bench.errors import UnrecordableError
from plasticity_bench.networks import activations, attention, gpt, resnet, vit

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
    *("empty", "empty_like", "empty_strided", "empty_permuted", "empty_quantized", "new"),
    *(
        "new_empty",
        "new_empty_strided",
        "as_strided",
        "as_strided_",
        "resize_as_",
        "data",
        "requires_grad_",
    ),
}
"""Functions and methods that are no computation on tensors, are random, or show unset memory."""

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
        and value is not nn.DataParallel
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


OPERATORS = {
    *("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul", "neg", "pos", "abs"),
    *("iadd", "isub", "imul", "itruediv", "ipow", "imatmul", "and_", "or_", "xor", "invert", "inv"),
    *("eq", "ne", "lt", "le", "gt", "ge", "lshift", "rshift", "getitem", "setitem"),
}
"""Of the module `operator`, those of Python's syntax."""

FUNCTIONAL = {
    *("celu_", "elu_", "hardsigmoid", "hardswish", "hardtanh_", "leaky_relu_", "relu_", "rrelu_"),
    *("selu_", "sigmoid", "tanh", "threshold", "threshold_"),
}
"""Of `torch.nn.functional`, those that `torch.overrides` does not list."""

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
    if word not in _permitted().get(space, ()) or word in NOT_DATA:
        raise UnrecordableError(f"its network calls {name[:100]}")
    result: Callable[..., Any] = getattr(_NAMESPACES[space], word)
    return result


@functools.cache
def _permitted() -> Mapping[str, set[str]]:
    """Names of functions that compute data from data, by module."""
    listed = get_overridable_functions()[functional]
    return {
        "operator": OPERATORS,
        "math": {name for name in vars(math) if not name.startswith("_")},
        "torch": {name for name in dir(torch._C._VariableFunctions) if not name.startswith("_")},
        "functional": FUNCTIONAL
        | {n for n, f in vars(functional).items() if any(f is one for one in listed)},
    }


def check_data(*values: Any) -> None:
    """Check that values are data: then what functions and methods are given is no code.

    Raises:
        UnrecordableError: if a value is neither a tensor, nor a number, text, type or shape of
            one, nor a list of those.
    """
    for value in values:
        if isinstance(value, list | tuple):
            check_data(*value)
        elif isinstance(value, slice):
            check_data(value.start, value.stop, value.step)
        elif not isinstance(value, _DATA):
            raise UnrecordableError(f"its network computes with a {type(value).__name__}")


_DATA = (
    *(torch.Tensor, bool, int, float, complex, str, type(None), type(...)),
    *(torch.dtype, torch.device, torch.layout, torch.memory_format),
)


def _attribute(value: Any, name: str) -> Any:
    if name not in ATTRIBUTES or not isinstance(value, torch.Tensor):
        raise UnrecordableError(f"its network reads the attribute {str(name)[:100]} of a tensor")
    return getattr(value, name)


def called_method(value: Any, name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
    """Return what a method of a tensor returns.

    Raises:
        UnrecordableError: if a forward pass may not call it.
    """
    check_method(name)
    if not isinstance(value, torch.Tensor):
        raise UnrecordableError(f"its network calls the method {name} of what is no tensor")
    return getattr(value, name)(*args, **kwargs)


@functools.cache
def check_method(name: str) -> None:
    """Raise an UnrecordableError unless a forward pass may call a method of a tensor."""
    if name.startswith("_") or name in NOT_DATA or not hasattr(torch._C.TensorBase, name):
        raise UnrecordableError(f"its network calls the method {name[:100]}")
