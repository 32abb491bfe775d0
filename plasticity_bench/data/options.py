"""Options of loaders, from Python or a suite's file; a number can stand for a column's name."""

from numbers import Real
from pathlib import Path
from typing import Any

from plasticity_bench.errors import BadInputError


def column(given: Any, key: str) -> str | None:
    """Return the name of a column: also as a number, where a header has numbers.

    Raises:
        BadInputError: if it is something else.
    """
    if given is None or isinstance(given, str):
        return given
    if not isinstance(given, Real) or isinstance(given, bool):
        raise _wrong(key, "the name of a column", given)
    return str(given)


def columns(given: Any, key: str) -> list[str] | None:
    """Return the names of columns, one or several. Raises as `column`."""
    if given is None:
        return None
    if isinstance(given, str | Real):
        given = [given]
    if not isinstance(given, list | tuple) or not given or None in given:
        raise _wrong(key, "the name of a column, or a list of them", given)
    return [str(column(name, key)) for name in given]


def check_texts(**given: Any) -> None:
    """Raise BadInputError if one of some options is no text."""
    for key, value in given.items():
        if value is not None and not isinstance(value, str):
            raise _wrong(key, "a text", value)


def check_path(given: Any, key: str) -> None:
    """Raise BadInputError if an option is no path."""
    if given is not None and not isinstance(given, str | Path):
        raise _wrong(key, "a path", given)


def _wrong(key: str, what: str, given: Any) -> BadInputError:
    return BadInputError(f"dataset: {key} is {what}, not {given!r}.", "dataset")
