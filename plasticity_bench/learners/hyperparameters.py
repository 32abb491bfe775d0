"""Hyperparameters: the annotated attributes of a learner's class, and their validation."""

import typing
from collections.abc import Mapping
from typing import Any, ClassVar

import pydantic

from plasticity_bench.errors import BadInputError, did_you_mean
from plasticity_bench.learners.optimizers import OPTIMIZERS
from plasticity_bench.names import check_name

ALIASES = {"lr": "step_size", "learning_rate": "step_size"}
"""Other names under which a hyperparameter may be given."""

_KEYS, _COLUMN = "a key of a learner in suites", "a column of results"
_HOOK, _OF_LEARNER = "a hook", "an attribute of every learner"
RESERVED = {
    **dict.fromkeys(("name", "label", "tuned", "streams"), _KEYS),
    **dict.fromkeys(("stream", "learner", "seed"), _COLUMN),
    **dict.fromkeys(
        ("build", "loss", "penalty", "hidden_penalty", "apply_gradients", "observe"), _HOOK
    ),
    **dict.fromkeys(("after_update", "memory", "begin_task", "predict_params"), _HOOK),
    **dict.fromkeys(("observe_inputs", "update", "stored_examples"), _HOOK),
    **dict.fromkeys(("vectorized", "search", "hyperparameters", "non_defaults"), _OF_LEARNER),
    **dict.fromkeys(("replaced", "from_settings", "with_values", "overrides"), _OF_LEARNER),
    **dict.fromkeys(("restart", "replace_units", "network", "on_network", "method"), _OF_LEARNER),
    **dict.fromkeys(("class", "self"), "a word of Python"),
    "state": "the argument of hooks that holds what changes",
}
"""Names that no hyperparameter can have, and what they are instead."""


def canonical(cls: type, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings under the names that a learner's class declares, and in its order.

    Raises:
        BadInputError: if one hyperparameter is given under two names.
    """
    known = annotated(cls)
    settings: dict[str, Any] = {}
    for name, value in given.items():
        declared = name if name in known else ALIASES.get(name, name)
        if declared in settings:
            raise BadInputError(
                f"Learner {cls.__name__}: {declared} is given twice, also under another name.",
                key=name,
            )
        settings[declared] = value
    order = [name for name in known if name in settings]
    return {name: settings[name] for name in (*order, *settings)}


def annotated(cls: type) -> dict[str, Any]:
    """Return the type of every hyperparameter of a learner's class, by name."""
    try:
        hints = typing.get_type_hints(cls, include_extras=True)
    except NameError as error:
        problem = f"an annotation is not defined: {error}"
        raise BadInputError(f"Learner {cls.__name__}: {problem}.") from None
    declared = {
        name: hint
        for name, hint in hints.items()
        if ClassVar not in (hint, typing.get_origin(hint)) and not name.startswith("_")
    }
    for name, hint in declared.items():
        if name in RESERVED:
            raise BadInputError(
                f"Learner {cls.__name__}: {name} cannot be a hyperparameter, because it is "
                f"{RESERVED[name]}: give it another name, such as {name}_value."
            )
        if _bare(hint) not in (int, float, bool, str):
            raise BadInputError(
                f"Learner {cls.__name__}: the hyperparameter {name} must be an int, float, bool "
                "or str."
            )
        if not hasattr(cls, name):
            raise BadInputError(
                f"Learner {cls.__name__}: the hyperparameter {name} needs a default."
            )
    return declared


def validated(cls: type, given: Mapping[str, object]) -> dict[str, Any]:
    """Return every hyperparameter: as given, else the class's default.

    `ALIASES` are accepted.

    Raises:
        BadInputError: if a declaration is not valid, or a hyperparameter is unknown, of the wrong
            type, out of range, or has no effect.
    """
    known, given = annotated(cls), canonical(cls, given)
    for name in given:
        if name not in known:
            hint = did_you_mean(name, known)
            if hasattr(cls, name) and not callable(getattr(cls, name)):
                hint = f"To be one it needs a type: `{name}: float = ...`."
            raise BadInputError(
                f"Learner {cls.__name__} has no hyperparameter {name!r}. {hint}", key=name
            )
    fields: dict[str, Any] = {
        name: (_not_negative(hint), getattr(cls, name)) for name, hint in known.items()
    }
    config = pydantic.ConfigDict(
        strict=True, allow_inf_nan=False, validate_default=True, protected_namespaces=()
    )
    model = pydantic.create_model(cls.__name__, __config__=config, **fields)
    try:
        values: dict[str, Any] = model(**given).model_dump()
    except pydantic.ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0])
        problem = first["msg"][0].lower() + first["msg"][1:]
        message = f"Learner {cls.__name__}: {name}: {problem}, not {first['input']!r}."
        raise BadInputError(message + _remedy(name, known[name], first), key=name) from None
    for name, value in values.items():
        if isinstance(value, str):
            check_name(value, f"Learner {cls.__name__}: {name}", name)
    _check_optimizer(cls, values, given)
    return values


def without_effect(optimizer: str) -> set[str]:
    """Return the names of the hyperparameters that only other optimisers have."""
    of_all = {name for rule in OPTIMIZERS.values() for name in rule.settings}
    return of_all - set(OPTIMIZERS[optimizer].settings)


def _bare(hint: Any) -> Any:
    """The type in an annotation with bounds."""
    return typing.get_args(hint)[0] if typing.get_origin(hint) is typing.Annotated else hint


def _not_negative(hint: Any) -> Any:
    """Bound a plain number by 0 from below; an annotation with bounds is left unchanged."""
    return typing.Annotated[hint, pydantic.Field(ge=0)] if hint in (int, float) else hint


def _remedy(name: str, hint: Any, error: Any) -> str:
    """What to do where the bound is not stated by the annotation."""
    if hint not in (int, float) or error["type"] != "greater_than_equal":
        return ""
    wider = f"{name}: Annotated[{hint.__name__}, pydantic.Field(ge=...)]"
    return f" To allow negative numbers, declare `{wider}`."


def _check_optimizer(cls: type, values: dict[str, Any], given: Mapping[str, object]) -> None:
    chosen = values["optimizer"]
    if chosen not in OPTIMIZERS:
        hint = did_you_mean(chosen, OPTIMIZERS)
        raise BadInputError(
            f"Learner {cls.__name__}: unknown optimizer {chosen!r}. {hint}", key="optimizer"
        )
    for name in sorted(without_effect(chosen)):
        if name in given:
            raise BadInputError(
                f"Learner {cls.__name__}: {name} has no effect with the optimizer {chosen!r}.",
                key=name,
            )
