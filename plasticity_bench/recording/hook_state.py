"""Refuses hooks that depend on more than their arguments: Python state, clocks, global generators.

An update is recorded once and replayed: what a hook reads from elsewhere would stay as it was
then, and what it writes elsewhere would be written once. In a loop, replicas would share it, and a
resumed run would not have it. So what hooks can reach is compared before and after they are called,
which shows a change whatever is done with it later.
"""

import random
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from types import CodeType, FrameType, FunctionType
from typing import Any, TypeVar

import numpy as np
import torch
from torch import nn

from plasticity_bench import object_state
from plasticity_bench.errors import LearnerError
from plasticity_bench.learners.learner import HOOKS, Learner
from plasticity_bench.networks import NetworkLayers
from plasticity_bench.object_parts import is_library
from plasticity_bench.object_state import State, names_in

Result = TypeVar("Result")

REMEDY = (
    "hooks may depend on their arguments only: count with state.step, draw from `noise`, and keep "
    "what changes in the dictionary that memory() returns"
)


def _of_numpy() -> tuple[object, ...]:
    kind, words, *rest = np.random.get_state()
    return (kind, np.asarray(words).tobytes(), *rest)


GENERATORS: dict[str, Callable[[], object]] = {
    "random": random.getstate,
    "numpy.random": _of_numpy,
    "torch": lambda: torch.random.get_rng_state().numpy().tobytes(),
}
"""The process-wide random generators, and what reads their states."""

PYTHONS_GENERATOR = random.random.__self__  # type: ignore[attr-defined]


class HookState:
    """What a learner's hooks can reach beside their arguments, as it was when this was made."""

    def __init__(self, learner: Learner) -> None:
        self._learner = learner
        classes = [cls for cls in type(learner).__mro__ if issubclass(cls, Learner)]
        self._classes = [cls for cls in classes if cls is not Learner]
        self._own = frozenset(cls.__module__.partition(".")[0] for cls in self._classes)
        self._network: nn.Module | None = None
        self._before = self._now()
        self._num_calls = 0

    def add_network(self, module: nn.Module, learner: Learner) -> None:
        """Watch a network's attributes and what its forward pass can reach, from now on.

        Args:
            module: the network.
            learner: the copy that knows its layers, watched from now on.
        """
        self.check()
        self._network, self._learner = module, learner
        self._before = self._now()

    def call(self, hooks: Callable[[], Result]) -> Result:
        """Return the result of a call of hooks.

        Raises:
            LearnerError: if a hook changed what it can reach, read a clock, or used a global random
                generator.
        """
        before = _generators()
        with _seeing_calls(self._own) as seen:
            result = hooks()
        if _generators() != before:  # modules of PyTorch, when first imported, use them too
            before = _generators()
            with _seeing_calls(self._own) as seen_again:
                hooks()
            used = [name for name, state in _generators().items() if state != before[name]]
            if not seen_again.draws_from_random:  # other threads do, such as a Dask client's
                used = [name for name in used if name != "random"]
            if used:
                raise LearnerError(
                    f"Learner {type(self._learner).__name__}: it uses the global random generator "
                    f"of {' and '.join(used)}: draw from the hook's `noise`, or from PyTorch's "
                    "generator within build."
                )
        self.check()
        if seen.clocks:
            what, caller = seen.clocks[0]
            raise self._fault(self._hook_of(caller), f"it calls {what}")
        return result

    def check(self) -> None:
        """Raise a LearnerError if anything has changed since this was made."""
        path = object_state.changed(self._before, self._now())
        if path is not None:
            raise self._fault(self._hook_that_names(path), f"it changes {path}")

    def check_at_times(self) -> None:
        """As `check`, in the 1st, 2nd, 4th, 8th ... call."""
        self._num_calls += 1
        if self._num_calls & (self._num_calls - 1) == 0:
            self.check()

    def _now(self) -> State:
        registered = set() if self._network is None else set(map(id, self._network.parameters()))
        roots: dict[str, object] = {"self": vars(self._learner)}
        for cls in self._classes:
            own = {k: v for k, v in vars(cls).items() if k[:2] != "__"}
            roots |= {f"{cls.__name__}.{name}": value for name, value in own.items()}
        if self._network is not None:
            roots["network"] = self._network

        def leaf(value: object) -> Any:
            known = value is self._learner or isinstance(value, NetworkLayers)
            return {} if known or id(value) in registered else NotImplemented

        return object_state.state_of(roots, globals_of=self._own, leaf=leaf)

    def _hook_that_names(self, path: str) -> str:
        """The hook whose code names what is at a path; empty if none does."""
        for cls in self._classes:
            for name, function in vars(cls).items():
                if isinstance(function, FunctionType) and name in HOOKS:
                    named = [*names_in(function.__code__), *function.__code__.co_freevars]
                    if any(f".{word}" in f".{path}".replace("[", ".") for word in named):
                        return name
        return ""

    def _hook_of(self, code: CodeType) -> str:
        hooks = {
            function.__code__: name
            for cls in self._classes
            for name, function in vars(cls).items()
            if isinstance(function, FunctionType) and name in HOOKS
        }
        return hooks.get(code, "")

    def _fault(self, hook: str, problem: str) -> LearnerError:
        where = f", hook {hook}" if hook else ""
        return LearnerError(f"Learner {type(self._learner).__name__}{where}: {problem}: {REMEDY}.")


def _generators() -> dict[str, object]:
    return {name: read() for name, read in GENERATORS.items()}


@dataclass
class _Seen:
    """What a thread called: clocks, with the code that called each, and Python's generator."""

    clocks: list[tuple[str, CodeType]] = field(default_factory=list)
    draws_from_random: bool = False


@contextmanager
def _seeing_calls(own: frozenset[str]) -> Iterator[_Seen]:
    """Yield what this thread calls of clocks and of random generators until the end."""
    before = sys.getprofile()
    seen = _Seen()

    def profile(frame: FrameType, event: str, called: Any) -> None:
        if event != "c_call":
            return
        if getattr(called, "__self__", None) is PYTHONS_GENERATOR:
            seen.draws_from_random = True
        if (what := _clock(called)) and (caller := _caller(frame, own)):
            seen.clocks.append((what, caller))

    sys.setprofile(profile)
    try:
        yield seen
    finally:
        if enable := getattr(before, "enable", None):  # cProfile's, which is not callable
            enable()
        else:
            sys.setprofile(before)


def _clock(called: Any) -> str:
    """The name of a function that reads a clock or draws random numbers; empty for others."""
    module, name = getattr(called, "__module__", None), getattr(called, "__name__", "")
    owner = getattr(called, "__self__", None)
    if module == "time" and name != "sleep":
        return f"time.{name}()"
    if name in ("now", "utcnow", "today") and isinstance(owner, type) and issubclass(owner, date):
        return f"{owner.__name__}.{name}()"
    if called is hash:  # of texts: another in every process
        return "hash()"
    if name == "urandom":
        return "os.urandom()"
    if isinstance(owner, random.Random) and name in ("random", "getrandbits"):
        return f"random.{name}()"
    return ""


def _caller(frame: FrameType | None, own: frozenset[str]) -> CodeType | None:
    """The code of a user that a call comes from, perhaps through Python's own modules; or None."""
    if frame is not None and frame.f_code.co_name == "__hash__":  # of a key of a dictionary
        return None
    while frame is not None:
        module = frame.f_globals.get("__name__", "")
        top = module.partition(".")[0]
        if top == "__main__" or top not in sys.stdlib_module_names:
            return None if is_library(module, own) else frame.f_code
        frame = frame.f_back
    return None
