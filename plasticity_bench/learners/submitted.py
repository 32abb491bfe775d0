"""A learner of a user's as plain data: its class is not imported where it is evaluated."""

import inspect
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from plasticity_bench.learners.learner import HOOKS, Learner
from plasticity_bench.learners.lookup import find_learner
from plasticity_bench.learners.stand_in import StandIn
from plasticity_bench.networks import NetworkSpec
from plasticity_bench.source_code.source import source_of

TRUSTED = "plasticity_bench"
"""The package whose learners are part of this project."""

Value = float | int | bool | str


@dataclass(frozen=True)
class SubmittedLearner:
    """What is known of a learner without its Python.

    Attributes:
        reference: module:Class.
        settings: all hyperparameters.
        path: where its modules are looked for, as `sys.path`.
        vectorized: as the class says.
        hooks: names of the hooks that it overrides.
        source: the hash of its source, where its class was at hand. What was recorded before its
            file changed is not taken for it.
    """

    reference: str
    settings: Mapping[str, Value]
    path: tuple[str, ...]
    vectorized: bool = True
    hooks: frozenset[str] = frozenset()
    source: str | None = None

    @property
    def name(self) -> str:
        """The name of its class."""
        return self.reference.rpartition(":")[2]

    def hyperparameters(self) -> dict[str, Value]:
        """Return every hyperparameter and its value."""
        return dict(self.settings)

    def overrides(self, hook: str) -> bool:
        """Return whether it overrides a hook."""
        return hook in self.hooks

    def loaded(self) -> Learner:
        """Return the learner itself, whose module is imported. Raises a BadInputError."""
        _imported.add(self.reference)
        return find_learner(self.reference).from_settings(self.settings)


AnyLearner = Learner | SubmittedLearner

_imported: set[str] = set()
"""Learners whose code this process has imported after it was given them as plain data."""


def has_imported() -> bool:
    """Return whether a user's code was imported here to be run unrecorded.

    It could change what others get in this process.
    """
    return bool(_imported)


def submitted(learner: AnyLearner, network: NetworkSpec | None = None) -> AnyLearner:
    """Return a user's learner as plain data; one that cannot be imported by name as it is.

    A learner of this project is plain data too where it builds a user's network.
    """
    if isinstance(learner, SubmittedLearner):
        return learner
    cls = type(learner)
    module = cls.__module__
    users_network = network is not None and network.is_own
    is_trusted = module.partition(".")[0] == TRUSTED and not users_network
    importable = issubclass(cls, StandIn) or _importable(cls)
    if is_trusted or not importable or (network and not network.is_importable):
        return learner
    return SubmittedLearner(
        reference=f"{module}:{cls.__qualname__}",
        settings=learner.hyperparameters(),
        path=tuple(str(Path(entry).absolute()) for entry in sys.path),
        vectorized=learner.vectorized,
        hooks=frozenset(hook for hook in HOOKS if learner.overrides(hook)),
        source=source_of(cls).hash,
    )


def is_submitted(learner: AnyLearner, network: NetworkSpec | None = None) -> bool:
    """Return whether another process is given it as plain data."""
    return isinstance(submitted(learner, network), SubmittedLearner)


def loaded(learner: AnyLearner) -> Learner:
    """Return the learner itself. Raises a BadInputError if its module cannot be imported."""
    return learner.loaded() if isinstance(learner, SubmittedLearner) else learner


def _importable(cls: type[Learner]) -> bool:
    """Whether a new process finds the class by its name; not so in a notebook or a function."""
    module = sys.modules.get(cls.__module__)
    if cls.__module__ == "__main__" or getattr(module, cls.__qualname__, None) is not cls:
        return False
    return inspect.getsourcefile(cls) is not None
