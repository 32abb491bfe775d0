"""What Python objects hold, as text by path: equal before and after if and only if nothing changed.

It follows attributes, items, closures, default arguments and, where asked to, the global variables
that functions name. Caches of `functools` are not looked into: they change no result.
"""

import types
from collections.abc import Callable, Mapping
from typing import Any

from plasticity_bench.object_parts import PLAIN, digest_of, is_library, parts_of

MAX_DEPTH = 12
MAX_ENTRIES = 20_000
State = dict[str, str]
Leaf = Callable[[object], Any]
"""From an object to what stands for it; `NotImplemented` where it is followed as any other."""


def _not_a_leaf(_value: object) -> Any:
    return NotImplemented


def state_of(
    roots: Mapping[str, object],
    *,
    globals_of: frozenset[str] | None = None,
    leaf: Leaf = _not_a_leaf,
) -> State:
    """Return what some objects hold, by path.

    Args:
        roots: by the name that their paths begin with.
        globals_of: follow functions to the global variables that they name: functions of modules
            that a user wrote, and of these packages, installed or not. None follows no function.
        leaf: says what stands for an object in place of what it holds.
    """
    walk = _Walk(globals_of, leaf)
    for name, value in roots.items():
        walk.add(name, value, 0)
    return walk.entries


def changed(before: State, after: State) -> str | None:
    """Return the first path whose object changed, appeared or vanished; None without any."""
    for path in [*after, *before]:
        if before.get(path) != after.get(path):
            return path
    return None


class _Walk:
    """Collects entries; an object that is reached twice has those of its first path."""

    def __init__(self, globals_of: frozenset[str] | None, leaf: Leaf) -> None:
        self.entries: State = {}
        self._globals_of, self._leaf = globals_of, leaf
        self._seen: dict[int, object] = {}  # keeps them alive, so that no id is used again

    def add(self, path: str, value: Any, depth: int) -> None:
        if len(self.entries) >= MAX_ENTRIES:
            return
        if isinstance(value, PLAIN):
            self.entries[path] = repr(value)
            return
        if id(value) in self._seen:
            return
        self._seen[id(value)] = value
        stands = self._leaf(value)
        if stands is not NotImplemented:
            self._children(path, stands, depth)
            return
        if depth > MAX_DEPTH:
            return
        digest = digest_of(value)
        if digest is not None:
            self.entries[path] = digest
            return
        self.entries.setdefault(path, type(value).__qualname__)
        self._children(path, parts_of(value), depth)
        if isinstance(value, types.FunctionType) and self._globals_of is not None:
            self._follow_globals(value, self._globals_of, depth)

    def _children(self, path: str, parts: Mapping[str, object], depth: int) -> None:
        for name, part in parts.items():
            self.add(f"{path}{name}", part, depth + 1)

    def _follow_globals(
        self, function: types.FunctionType, own: frozenset[str], depth: int
    ) -> None:
        if is_library(function.__module__, own):
            return
        named = names_in(function.__code__)
        if "globals" in named:
            named = [name for name in function.__globals__ if name[:2] != "__"]
        for name in named:
            if name not in function.__globals__:
                continue
            value = function.__globals__[name]
            if isinstance(value, types.ModuleType):
                if not is_library(value.__name__, own):
                    parts = {f".{k}": v for k, v in vars(value).items() if k in named}
                    self._children(value.__name__, parts, depth)
            else:
                self.add(f"{function.__module__}.{name}", value, depth + 1)


def names_in(code: types.CodeType) -> list[str]:
    """Return the names that a function's code, and functions in it, look up or set."""
    names = list(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            names += names_in(constant)
    return list(dict.fromkeys(names))
