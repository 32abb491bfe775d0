"""YAML with the line of each value, so that an error can name it."""

import re
from dataclasses import dataclass
from typing import Any

import yaml

from plasticity_bench.errors import BadInputError

MAX_CHARACTERS = 2**20
MAX_VALUES = 20_000

_UNREADABLE = (yaml.YAMLError, ValueError, LookupError, AttributeError, TypeError, OverflowError)
"""What PyYAML raises for what is not YAML, or not of the type that a tag claims."""

Path = tuple[str | int, ...]


class _Loader(yaml.SafeLoader):
    """Safe YAML in which 1e-3 is a number, as in YAML 1.2; PyYAML reads it as text."""


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"^[-+]?\d+(\.\d*)?[eE][-+]?\d+$"),
    list("-+0123456789"),
)


@dataclass(frozen=True)
class Document:
    """A parsed file.

    Attributes:
        name: of the file, as the user gave it.
        value: plain dicts, lists and scalars.
        lines: for each path into the value, its line, counted from 1.
    """

    name: str
    value: Any
    lines: dict[Path, int]

    def where(self, path: Path) -> str:
        """Return `file:line: key` of a path, or of the nearest enclosing one that has a line."""
        for length in range(len(path), -1, -1):
            if path[:length] in self.lines:
                line = self.lines[path[:length]]
                break
        else:
            line = 1
        keys = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in path)
        return f"{self.name}:{line}: {keys.lstrip('.')}".rstrip(": ")


def parse(text: str, name: str) -> Document:
    """Parse YAML.

    Raises:
        BadInputError: if it is not YAML, or a mapping has a key twice.
    """
    if len(text) > MAX_CHARACTERS:
        raise BadInputError(f"{name}: it has more than {MAX_CHARACTERS:,} characters.")
    try:
        loader = _Loader(text)
        node = loader.get_single_node()
        lines: dict[Path, int] = {}
        if node is None:
            return Document(name, None, lines)
        _note_lines(node, (), lines, name)
        return Document(name, loader.construct_document(node), lines)
    except RecursionError:
        raise BadInputError(f"{name}: it is nested too deeply.") from None
    except _UNREADABLE as error:
        mark = getattr(error, "problem_mark", None)
        line = f":{mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or str(error) or type(error).__name__
        problem = " ".join(problem.split()).rstrip(".")
        raise BadInputError(f"{name}{line}: not valid YAML: {problem}.") from None


def scalar(text: str) -> Any:
    """Return the value that a word has in YAML: number, truth value or text."""
    try:
        return yaml.load(text, Loader=_Loader)
    except (*_UNREADABLE, RecursionError):
        return text


def _note_lines(node: yaml.Node, path: Path, lines: dict[Path, int], name: str) -> None:
    if len(lines) > MAX_VALUES:  # aliases of aliases: few lines that stand for very many
        raise BadInputError(f"{name}: it has more than {MAX_VALUES:,} values.")
    lines.setdefault(path, node.start_mark.line + 1)
    if isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            _note_lines(item, (*path, index), lines, name)
    elif isinstance(node, yaml.MappingNode):
        for key, item in node.value:
            inner = (*path, str(key.value))
            if inner in lines:
                raise BadInputError(
                    f"{name}:{key.start_mark.line + 1}: {key.value!r} is given twice."
                )
            lines[inner] = key.start_mark.line + 1
            _note_lines(item, inner, lines, name)
