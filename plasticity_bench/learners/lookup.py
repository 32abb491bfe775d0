"""Find learners by name: baselines, and `module:Class`."""

import importlib
import inspect
from pathlib import Path

from plasticity_bench.errors import BadInputError, did_you_mean
from plasticity_bench.learners.hyperparameters import annotated
from plasticity_bench.learners.learner import HOOKS, Learner
from plasticity_bench.names import check_name
from plasticity_bench.shipped import BASELINES, baseline_names
from plasticity_bench.source_code.importing import imported_object


def find_learner(reference: str) -> type[Learner]:
    """Return a learner's class.

    Args:
        reference: a baseline's name, or `module:Class`.

    Raises:
        BadInputError: if there is no such learner, its module does not import, or the class has a
            public method that is not a hook.
    """
    check_name(reference, "The learner", "name")
    if ":" in reference:
        learner_class = _from_module(reference)
    elif reference in baseline_names():
        learner_class = _only_learner(f"{BASELINES}.{reference}")
    else:
        hint = did_you_mean(reference, baseline_names())
        raise BadInputError(
            f"Unknown learner {reference!r}. {hint} Your own learner is given as module:Class.",
            key="name",
        )
    check_class(reference, learner_class)
    return learner_class


def _from_module(reference: str) -> type[Learner]:
    learner_class, module = imported_object("Learner", reference)
    module_name, _, class_name = reference.partition(":")
    if learner_class is None:
        hint = did_you_mean(class_name, _learners_in(module))
        raise BadInputError(
            f"Learner {reference}: {module_name} has no class {class_name!r}. {hint}"
        )
    if not (inspect.isclass(learner_class) and issubclass(learner_class, Learner)):
        raise BadInputError(
            f"Learner {reference}: {class_name} is not a subclass of plasticity_bench.Learner."
        )
    return learner_class


def _learners_in(module: object) -> list[str]:
    return [
        name
        for name, value in vars(module).items()
        if inspect.isclass(value) and issubclass(value, Learner)
    ]


def _only_learner(module_name: str) -> type[Learner]:
    module = importlib.import_module(module_name)
    defined = [
        value
        for value in vars(module).values()
        if inspect.isclass(value)
        and issubclass(value, Learner)
        and value.__module__ == module.__name__
    ]
    assert len(defined) == 1, f"{module_name} must define one learner"
    return defined[0]


def check_class(given: str | None, cls: type[Learner]) -> None:
    """Refuse reserved names, methods that would never be called, and hooks that cannot be.

    Args:
        given: the reference, for messages; None for the name of the class.
        cls: that is to be a learner's class.

    Raises:
        BadInputError: a sentence that begins with the reference.
    """
    reference = given or str(getattr(cls, "__name__", repr(cls)))
    helpers = {name for name in vars(Learner) if name not in HOOKS}
    if not (inspect.isclass(cls) and issubclass(cls, Learner)):
        raise BadInputError(
            f"Learner {reference}: it is not a subclass of plasticity_bench.Learner."
        )
    annotated(cls)
    if not isinstance(cls.vectorized, bool):
        raise BadInputError(f"Learner {reference}: vectorized must be True or False.")
    place = cls.__mro__.index(Learner)
    for base in cls.__mro__[place + 1 :]:
        for name in vars(base):
            if name in vars(Learner) and not name.startswith("__"):
                raise BadInputError(
                    f"Learner {reference}: {name} of {base.__name__} is never used, because "
                    f"Learner comes before it: write `class ...({base.__name__}, Learner)`."
                )
    for base in cls.__mro__[:place]:
        if "__init__" in vars(base):
            source = "@dataclass" if "__dataclass_fields__" in vars(base) else "__init__"
            raise BadInputError(
                f"Learner {reference}: hyperparameters are annotated class attributes: remove "
                f"{source}."
            )
        for name, value in vars(base).items():
            if name in HOOKS and not inspect.isfunction(value):
                raise BadInputError(
                    f"Learner {reference}, hook {name}: it must be a method, which sees the "
                    f"learner's settings, not a {type(value).__name__}: write `{_written(name)}`."
                )
            if name.startswith("_") or not inspect.isfunction(value):
                continue
            if name in helpers:
                raise BadInputError(f"Learner {reference}: {name} is not a hook to override.")
            if name not in HOOKS:
                raise BadInputError(
                    f"Learner {reference}: unknown hook {name!r}. {did_you_mean(name, HOOKS)} "
                    "The name of a helper method begins with an underscore."
                )
            _check_signature(reference, name, value)


def _check_signature(reference: str, hook: str, method: object) -> None:
    expected = _arguments(hook)
    signature = inspect.signature(method)  # type: ignore[arg-type]
    try:
        signature.bind(*expected)
    except TypeError:
        code = getattr(method, "__code__", None)
        location = f" ({Path(code.co_filename).name}:{code.co_firstlineno})" if code else ""
        raise BadInputError(
            f"Learner {reference}, hook {hook}{location}: it is called as "
            f"{hook}({', '.join(expected[1:])}), but defined with {signature}: write "
            f"`{_written(hook)}`."
        ) from None


def _arguments(hook: str) -> list[str]:
    return list(inspect.signature(getattr(Learner, hook)).parameters)


def _written(hook: str) -> str:
    return f"def {hook}({', '.join(_arguments(hook))})"
