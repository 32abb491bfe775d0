"""Arguments of operations, and tensors, as what `json.dumps` accepts."""

import base64
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from plasticity_bench.errors import UnrecordableError

_OF_TORCH = {
    "dtype": torch.dtype,
    "layout": torch.layout,
    "memory_format": torch.memory_format,
}


@dataclass(frozen=True)
class Value:
    """What stands for the result of an earlier operation, by its number."""

    number: int


def digest(data: Any) -> str:
    """Return a hash of what `json.dumps` accepts."""
    return hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()[:16]


def encoded(argument: Any) -> Any:
    """Return an argument as plain data.

    Raises:
        UnrecordableError: if it is of another kind than operations on tensors have.
    """
    if argument is None or isinstance(argument, bool | int | str):
        return argument
    if isinstance(argument, list):
        return [encoded(entry) for entry in argument]
    kind, content = _kind(argument)
    return {kind: content}


def _kind(argument: Any) -> tuple[str, Any]:
    simple: dict[type, Callable[[], tuple[str, Any]]] = {
        Value: lambda: ("value", argument.number),
        float: lambda: ("float", argument.hex()),
        torch.device: lambda: ("device", "cpu"),
        type(...): lambda: ("ellipsis", 0),
        slice: lambda: (
            "slice",
            [encoded(part) for part in (argument.start, argument.stop, argument.step)],
        ),
        dict: lambda: ("dict", {str(name): encoded(entry) for name, entry in argument.items()}),
    }
    for cls, described in simple.items():
        if isinstance(argument, cls):
            kind, content = described()
            return kind, content
    if isinstance(argument, tuple):
        return "tuple", [encoded(entry) for entry in argument]
    for kind, cls in _OF_TORCH.items():
        if isinstance(argument, cls):
            return kind, str(argument).removeprefix("torch.")
    raise UnrecordableError(f"an operation has an argument of type {type(argument).__name__}")


def decoded(data: Any) -> Any:
    """Return the argument of which `encoded` returned the data.

    Raises:
        ValueError: if there is none; so do AttributeError, KeyError and TypeError.
    """
    if data is None or isinstance(data, bool | int | str):
        return data
    if isinstance(data, list):
        return [decoded(entry) for entry in data]
    ((kind, content),) = data.items()
    if kind in _OF_TORCH:
        found = getattr(torch, str(content))
        if not isinstance(found, _OF_TORCH[kind]):
            raise ValueError(content)
        return found
    make: dict[str, Callable[[], Any]] = {
        "value": lambda: Value(int(content)),
        "float": lambda: float.fromhex(content),
        "device": lambda: torch.device("cpu"),
        "ellipsis": lambda: ...,
        "slice": lambda: slice(*map(decoded, content)),
        "tuple": lambda: tuple(map(decoded, content)),
        "dict": lambda: {str(name): decoded(entry) for name, entry in content.items()},
    }
    return make[kind]()


def dtype_name(dtype: torch.dtype) -> str:
    """Return the name of a dtype, as "float32"."""
    return str(dtype).removeprefix("torch.")


def dtype_named(name: str) -> torch.dtype:
    """Return the dtype of a name. Raises as `decoded`."""
    dtype: torch.dtype = decoded({"dtype": name})
    return dtype


def encoded_tensor(tensor: Tensor) -> list[Any]:
    """Return a tensor as its shape, the name of its dtype, and its bytes in base 64."""
    content = tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes()
    return [list(tensor.shape), dtype_name(tensor.dtype), base64.b64encode(content).decode()]


def decoded_tensor(data: Any) -> Tensor:
    """Return the tensor of which `encoded_tensor` returned the data. Raises as `decoded`."""
    shape, dtype, content = data
    numbers = np.frombuffer(base64.b64decode(content), np.uint8).copy()
    return torch.from_numpy(numbers).view(dtype_named(dtype)).reshape([int(size) for size in shape])
