"""Stand-ins for users' learner classes, whose modules are not imported in this process.

A process that has imported the class describes it as plain data. From that, a class of the same
name is made, with the same hyperparameters and search space, whose hooks cannot be called.
"""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, ClassVar

import pydantic

from plasticity_bench.learners.hyperparameters import annotated
from plasticity_bench.learners.learner import HOOKS, Learner
from plasticity_bench.learners.search_space import Choice, LogUniform, Uniform

_TYPES = {kind.__name__: kind for kind in (int, float, bool, str)}
_RANGES = {kind.__name__: kind for kind in (LogUniform, Uniform)}
_BOUNDS = ("gt", "ge", "lt", "le", "multiple_of", "min_length", "max_length")
"""Attributes of what an annotation has beside the type, and arguments of `pydantic.Field`."""


class StandIn(Learner):
    """A class of a user's that is not imported here.

    Attributes:
        reference: module:Class, of the module that defines it.
        overridden: the hooks that it overrides.
    """

    reference: ClassVar[str]
    overridden: ClassVar[frozenset[str]]

    @classmethod
    def overrides(cls, hook: str) -> bool:
        """Return whether the class that this one stands for overrides a hook."""
        return hook in cls.overridden


def describe(cls: type[Learner]) -> dict[str, Any]:
    """Return what `stand_in` needs to know of a class, as JSON has it.

    Raises:
        BadInputError: if one of its declarations is wrong.
    """
    known = annotated(cls)
    others = [
        name
        for name in dir(cls)
        if not (name.startswith("_") or name in known or hasattr(Learner, name))
        and not callable(getattr(cls, name))
    ]
    return {
        "module": cls.__module__,
        "qualname": cls.__qualname__,
        "name": cls.__name__,
        "vectorized": cls.vectorized,
        "overridden": [hook for hook in HOOKS if cls.overrides(hook)],
        "hyperparameters": {
            name: [*_type_data(hint), _plain(getattr(cls, name))] for name, hint in known.items()
        },
        "attributes": others,
        "search": _search_data(cls),
    }


def stand_in(description: Mapping[str, Any]) -> type[StandIn]:
    """Return the class that stands for a described one.

    Raises:
        TypeError, ValueError, LookupError: if this is no description.
    """
    given = description["hyperparameters"]
    hints = {name: _type(kind, bounds) for name, (kind, bounds, _) in given.items()}
    reference = f"{description['module']}:{description['qualname']}"
    members: dict[str, Any] = {
        "__module__": str(description["module"]),
        "__qualname__": str(description["qualname"]),
        "__annotations__": hints,
        **dict.fromkeys(description["attributes"]),
        **{hook: _absent(reference, hook) for hook in description["overridden"] if hook in HOOKS},
        **{name: default for name, (_, _, default) in given.items()},
        "reference": reference,
        "overridden": frozenset(description["overridden"]),
        "vectorized": bool(description["vectorized"]),
        "search": _search(description["search"]),
    }
    return type(str(description["name"]), (StandIn,), members)


def _absent(reference: str, hook: str) -> Callable[..., Any]:
    def absent(*_: object) -> Any:
        raise AssertionError(f"{reference}.{hook} is called where its class is not imported")

    return absent


def _type_data(hint: Any) -> tuple[str, dict[str, Any] | None]:
    """The type of a hyperparameter and its bounds; None for those that plain numbers have."""
    if not hasattr(hint, "__metadata__"):
        return hint.__name__, None
    constraints: list[Any] = []
    for one in hint.__metadata__:
        constraints += one.metadata if isinstance(one, pydantic.fields.FieldInfo) else [one]
    bounds = {
        name: _plain(getattr(one, name))
        for one in constraints
        for name in _BOUNDS
        if getattr(one, name, None) is not None
    }
    return hint.__origin__.__name__, bounds


def _type(kind: str, bounds: Mapping[str, Any] | None) -> Any:
    plain = _TYPES[kind]
    return plain if bounds is None else Annotated[plain, pydantic.Field(**bounds)]


def _search_data(cls: type[Learner]) -> dict[str, Any] | None:
    """The ranges of a class and its bases; None where one declares something else."""
    found: dict[str, Any] = {}
    for base in reversed(cls.__mro__):
        declared = vars(base).get("search", {})
        if not isinstance(declared, dict):
            return None
        found |= {str(name): _range_data(value) for name, value in declared.items()}
    return found


def _range_data(value: object) -> list[Any]:
    if isinstance(value, Choice):
        return ["Choice", [_plain(one) for one in value.values]]
    if isinstance(value, LogUniform | Uniform):
        return [type(value).__name__, [value.low, value.high, value.points]]
    return ["", [repr(value)]]


def _search(data: Mapping[str, Any] | None) -> Any:
    if data is None:
        return None
    return {name: _range(kind, values) for name, (kind, values) in data.items()}


def _range(kind: str, values: list[Any]) -> Any:
    if kind == "Choice":
        return Choice(*values)
    return _RANGES[kind](*values) if kind else values[0]


def _plain(value: object) -> Any:
    return value if isinstance(value, int | float | bool | str) else repr(value)
