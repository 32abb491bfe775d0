"""Import what a user names as `module:Class`."""

import importlib
import re
from types import ModuleType
from typing import Any

from plasticity_bench.errors import BadInputError
from plasticity_bench.source_code.modules import Owner, owner_of
from plasticity_bench.source_code.shadowing import shadowed
from plasticity_bench.standard_output import kept_for_data


def imported_object(what: str, reference: str) -> tuple[Any, ModuleType]:
    """Return what a reference names, None if its module has no such name, and the module.

    Args:
        what: it is, to begin a sentence with: "Learner".
        reference: module:Class.

    Raises:
        BadInputError: if there is no such module, it does not import, or another one of its name
            was loaded in its place.
    """
    module_name, _, name = reference.partition(":")
    is_file = module_name.endswith(".py")
    if is_file or not re.fullmatch(r"[^\W\d]\w*(\.[^\W\d]\w*)*", module_name):
        raise BadInputError(
            f"{what} {reference}: {module_name!r} is not the name of a module; a {what.lower()} in "
            "my_module.py is given as my_module:Class."
        )
    module = _imported(what, reference, module_name)
    value = getattr(module, name, None)
    other = shadowed(module_name)
    if other and (value is None or owner_of(module_name) is Owner.PYTHON):
        raise BadInputError(f"{what} {reference}: {other}.")
    return value, module


def _imported(what: str, reference: str, module_name: str) -> ModuleType:
    try:
        with kept_for_data():
            return importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if other := shadowed(module_name):  # a module of the same name is no package
            raise BadInputError(f"{what} {reference}: {other}.") from None
        if error.name and module_name.split(".", maxsplit=1)[0] == error.name.split(".")[0]:
            raise BadInputError(
                f"{what} {reference}: there is no module {error.name!r} in the current folder or "
                "among the installed packages."
            ) from None
        raise BadInputError(f"{what} {reference}: {_failure(module_name, error)}") from error
    except (Exception, SystemExit) as error:
        raise BadInputError(f"{what} {reference}: {_failure(module_name, error)}") from error


def _failure(module_name: str, error: BaseException) -> str:
    line = line_of(error)
    message = str(error)
    if isinstance(error, SyntaxError):
        line = f" (line {error.lineno} of {error.filename})" if error.lineno else ""
        message = error.msg
    return f"importing {module_name} failed: {type(error).__name__}: {message}{line}"


def line_of(error: BaseException) -> str:
    """Return where an exception was raised, in parentheses after a blank; empty if unknown."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return f" (line {trace.tb_lineno} of {trace.tb_frame.f_code.co_filename})" if trace else ""
