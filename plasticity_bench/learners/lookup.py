"""Find learners by name: baselines, and `module:Class`."""

import importlib
import inspect
import re
from pathlib import Path

from plasticity_bench.errors import BadInputError, did_you_mean
from plasticity_bench.learners.hyperparameters import annotated
from plasticity_bench.learners.learner import HOOKS, Learner
from plasticity_bench.names import check_name
from plasticity_bench.shipped import BASELINES, baseline_names
from plasticity_bench.source_code.modules import Owner, owner_of
from plasticity_bench.source_code.shadowing import shadowed
from plasticity_bench.standard_output import kept_for_data


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
        learner_class = _from_module(*reference.split(":", 1))
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


def _from_module(module_name: str, class_name: str) -> type[Learner]:
    reference = f"{module_name}:{class_name}"
    is_file = module_name.endswith(".py")
    if is_file or not re.fullmatch(r"[^\W\d]\w*(\.[^\W\d]\w*)*", module_name):
        raise BadInputError(
            f"Learner {reference}: {module_name!r} is not the name of a module; a learner in "
            "my_module.py is given as my_module:Class."
        )
    try:
        with kept_for_data():
            module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if other := shadowed(module_name):  # a module of the same name is no package
            raise BadInputError(f"Learner {reference}: {other}.") from None
        if error.name and module_name.split(".", maxsplit=1)[0] == error.name.split(".")[0]:
            raise BadInputError(
                f"Learner {reference}: there is no module {error.name!r} in the current folder or "
                "among the installed packages."
            ) from None
        raise BadInputError(
            f"Learner {reference}: {_import_failure(module_name, error)}"
        ) from error
    except (Exception, SystemExit) as error:
        raise BadInputError(
            f"Learner {reference}: {_import_failure(module_name, error)}"
        ) from error
    learner_class = getattr(module, class_name, None)
    other = shadowed(module_name)
    if other and (learner_class is None or owner_of(module_name) is Owner.PYTHON):
        raise BadInputError(f"Learner {reference}: {other}.")
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


def _import_failure(module_name: str, error: BaseException) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    line = f" (line {trace.tb_lineno} of {trace.tb_frame.f_code.co_filename})" if trace else ""
    message = str(error)
    if isinstance(error, SyntaxError):
        line = f" (line {error.lineno} of {error.filename})" if error.lineno else ""
        message = error.msg
    return f"importing {module_name} failed: {type(error).__name__}: {message}{line}"


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


def check_class(reference: str, cls: type[Learner]) -> None:
    """Refuse reserved names, methods that would never be called, and hooks that cannot be.

    Raises:
        BadInputError: a sentence that begins with the reference that was given.
    """
    helpers = {name for name in vars(Learner) if name not in HOOKS}
    if not (inspect.isclass(cls) and issubclass(cls, Learner)):
        raise BadInputError(
            f"Learner {reference}: it is not a subclass of plasticity_bench.Learner."
        )
    annotated(cls)
    if not isinstance(cls.vectorized, bool):
        raise BadInputError(f"Learner {reference}: vectorized must be True or False.")
    for base in cls.__mro__[: cls.__mro__.index(Learner)]:
        if "__init__" in vars(base):
            raise BadInputError(
                f"Learner {reference}: hyperparameters are annotated class attributes: remove "
                "__init__."
            )
        for name, value in vars(base).items():
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
    expected = list(inspect.signature(getattr(Learner, hook)).parameters)
    signature = inspect.signature(method)  # type: ignore[arg-type]
    try:
        signature.bind(*expected)
    except TypeError:
        code = getattr(method, "__code__", None)
        location = f" ({Path(code.co_filename).name}:{code.co_firstlineno})" if code else ""
        raise BadInputError(
            f"Learner {reference}, hook {hook}{location}: it is called as "
            f"{hook}({', '.join(expected[1:])}), but defined with {signature}: write "
            f"`def {hook}({', '.join(expected)})`."
        ) from None
