"""What one Python object is made of, or a text that stands for what it holds."""

import functools
import hashlib
import sys
import types
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

PACKAGE = __name__.partition(".")[0]
BASELINES = ("baselines", f"{PACKAGE}.baselines")

MAX_HASHED = 2**20
"""Numbers of an array that are hashed; of a larger one, some of them."""

PLAIN = (
    *(type(None), bool, int, float, complex, str, bytes, range, slice),
    *(torch.dtype, torch.device),
)
"""Types whose objects never change."""

_NOT_FOLLOWED = {
    *("_io", "abc", "contextlib", "enum", "io", "logging", "pathlib", "re", "threading", "typing"),
    *("_thread", "_weakref", "warnings", "weakref"),
}
"""Modules of Python whose objects change without any effect on results."""


def is_library(module_name: str | None, own: frozenset[str] = frozenset()) -> bool:
    """Return whether a module is one that no user wrote: Python's, installed, or of this package.

    Args:
        module_name: with its packages.
        own: packages that are a user's although they are installed.
    """
    if not module_name:
        return True
    top = module_name.partition(".")[0]
    if module_name.startswith(BASELINES) or top == "__main__":
        return False
    if top == PACKAGE or top in sys.stdlib_module_names:
        return True
    if top in own:
        return False
    file = getattr(sys.modules.get(module_name), "__file__", None) or ""
    return "site-packages" in file or "dist-packages" in file


def digest_of(value: Any) -> str | None:  # noqa: PLR0911
    """Return what an object without parts holds; None for others."""
    if isinstance(value, Tensor):
        return _of_tensor(value)
    if isinstance(value, np.ndarray | np.generic):
        return _of_array(np.asarray(value))
    if isinstance(value, torch.Generator):
        return _hashed(value.get_state().numpy().tobytes())
    if isinstance(value, np.random.Generator):
        return repr(value.bit_generator.state)
    if isinstance(value, np.random.RandomState):
        return _hashed(repr(value.get_state(legacy=False)).encode())
    if callable(getattr(value, "getstate", None)) and type(value).__module__ == "random":
        return _hashed(repr(value.getstate()).encode())
    if type(value).__module__ == "itertools":
        return repr(value)
    if isinstance(value, types.ModuleType | types.BuiltinFunctionType | types.CodeType):
        return getattr(value, "__name__", "code")
    if isinstance(value, functools._lru_cache_wrapper):
        return "cache"
    if isinstance(value, type) and is_library(value.__module__):
        return value.__qualname__
    if type(value).__module__.partition(".")[0] in _NOT_FOLLOWED:
        return type(value).__qualname__
    return None


def parts_of(value: Any) -> dict[str, object]:  # noqa: PLR0911
    """Return what an object is made of, by the path that leads to it from the object."""
    if isinstance(value, Mapping):
        return {"{}": len(value), **{f"[{_key(k)}]": v for k, v in list(value.items())}}
    if isinstance(value, set | frozenset):
        return {"{}": repr(sorted(map(_key, value)))}
    if isinstance(value, Iterable) and hasattr(value, "__len__") and hasattr(value, "__getitem__"):
        try:
            items = list(value)
        except Exception:
            items = []
        return {
            "[]": len(items),
            **{f"[{i}]": v for i, v in enumerate(items)},
            **_attributes(value),
        }
    if isinstance(value, types.FunctionType):
        return _of_function(value)
    if isinstance(value, types.MethodType):
        return {"": value.__func__, ".self": value.__self__}
    if isinstance(value, functools.partial):
        return {".func": value.func, ".args": value.args, ".keywords": value.keywords}
    if isinstance(value, property):
        return {"": value.fget}
    if isinstance(value, staticmethod | classmethod):
        return {"": value.__func__}
    if isinstance(value, types.GeneratorType):
        frame = value.gi_frame
        return {} if frame is None else {".line": frame.f_lasti, **_dotted(frame.f_locals)}
    if isinstance(value, type):
        own = {k: v for k, v in vars(value).items() if not (k[:2] == k[-2:] == "__")}
        return _dotted(own)
    return _attributes(value)


def _of_function(function: types.FunctionType) -> dict[str, object]:
    if is_library(function.__module__) and not function.__closure__:
        return {}
    parts: dict[str, object] = {".code": _hashed(function.__code__.co_code)}
    cells = zip(function.__code__.co_freevars, function.__closure__ or (), strict=False)
    for name, cell in cells:
        try:
            parts[f".{name}"] = cell.cell_contents
        except ValueError:  # it is empty
            parts[f".{name}"] = "empty"
    for place in ("__defaults__", "__kwdefaults__", "__dict__"):
        if given := getattr(function, place):
            parts[f".{place}"] = given
    return parts


def _attributes(value: object) -> dict[str, object]:
    """An object's attributes; of a network, those that a user set, which are no parameters."""
    held = dict(getattr(value, "__dict__", {}))
    for cls in type(value).__mro__:
        for name in getattr(cls, "__slots__", ()):
            if isinstance(name, str) and hasattr(value, name):
                held[name] = getattr(value, name)
    if isinstance(value, torch.nn.Module):
        held = {k: v for k, v in held.items() if k not in _OF_MODULES}
        held |= {**value._parameters, **value._buffers, **value._modules}
    if not is_library(type(value).__module__):
        held |= {f"({type(value).__qualname__})": type(value)}
    return _dotted(held)


_OF_MODULES = set(vars(torch.nn.Module()))


def _dotted(parts: Mapping[str, object]) -> dict[str, object]:
    return {f".{name}": part for name, part in parts.items()}


def _key(key: object) -> str:
    return repr(key) if isinstance(key, PLAIN) else type(key).__qualname__


def _of_tensor(tensor: Tensor) -> str:
    looks = f"{tensor.dtype} {tuple(tensor.shape)}"
    try:
        if tensor.numel() > MAX_HASHED:
            return f"{looks} {tensor.data_ptr()} {tensor._version}"
        plain = tensor.detach().cpu().contiguous().reshape(-1)
        return f"{looks} {_hashed(plain.view(torch.uint8).numpy().tobytes())}"
    except Exception:  # what is mapped over replicas, sparse or quantised has no bytes
        return looks


def _of_array(array: Any) -> str:
    looks = f"{array.dtype} {array.shape}"
    if array.dtype.hasobject:
        return f"{looks} {_hashed(repr(array).encode())}"
    flat = array.reshape(-1)
    some = flat[:: max(1, flat.size // MAX_HASHED)]
    return f"{looks} {_hashed(np.ascontiguousarray(some).tobytes())}"


def _hashed(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:16]
