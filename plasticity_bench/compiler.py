"""PyTorch's compiler is imported where it compiles, and nowhere else.

Its import takes two thirds of the time of importing PyTorch and this package, in every process.
PyTorch imports it where `torch.func` first computes a gradient and where an operation is first
decomposed, only to tell the compiler to leave them alone.
"""

import contextlib
import importlib
import sys
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import torch
from torch.func import grad, jacrev, vjp

__all__ = ["grad", "jacrev", "vjp", "without_import"]

COMPILER = "torch._dynamo"

_SWITCHED_OFF = SimpleNamespace(_disable=contextlib.nullcontext)


class _CompilerIfUsed:
    """Stands for the compiler's module, and imports it where anything else of it is used."""

    def __getattr__(self, name: str) -> Any:
        # `torch.func` switches off the compiler's autograd. What is not imported is not on.
        if name == "compiled_autograd" and COMPILER not in sys.modules:
            return _SWITCHED_OFF
        return getattr(importlib.import_module(COMPILER), name)


def without_import(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function of PyTorch's, whose call does not import the compiler.

    A function that is not to be compiled is wrapped in one that imports the compiler at its first
    call and keeps, as an attribute, the function that the compiler makes of it. What is called from
    Python, and is not compiled, may be the function itself.
    """
    wrapped = function
    while (inner := getattr(wrapped, "__wrapped__", None)) is not None:
        inner.__dict__.setdefault("__dynamo_disable", inner)
        wrapped = inner
    return function


if COMPILER not in sys.modules:
    torch._dynamo = _CompilerIfUsed()  # type: ignore[assignment]
