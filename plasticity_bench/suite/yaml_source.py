"""YAML with the line of each value, so that an error can name it."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import yaml

from plasticity_bench.errors import BadInputError, MissingDataError
from plasticity_bench.names import check_name

MAX_CHARACTERS = 2**20
MAX_VALUES = 20_000

_UNREADABLE = (yaml.YAMLError, ValueError, LookupError, AttributeError, TypeError, OverflowError)
"""What PyYAML raises for what is not YAML, or not of the type that a tag claims."""

Path = tuple[str | int, ...]


_TAG = "tag:yaml.org,2002:"
_CORE_SCHEMA = {
    "null": (r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    "bool": (r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    "int": (
        r"[-+]?[0-9]+|[-+]?[1-9][0-9]{0,2}(_[0-9]{3})+|0o[0-7]+|0x[0-9a-fA-F]+",
        list("-+0123456789"),
    ),
    "float": (
        r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?"
        r"|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)",
        list("-+.0123456789"),
    ),
    "merge": (r"<<", ["<"]),
}
"""What plain words are by the core schema of YAML 1.2 (section 10.3.2), and how they begin.

PyYAML follows YAML 1.1, by which 010 is 8, 1:30 is 90, 1e-3 is text and `no` is false. Beyond the
schema, 1_000 is accepted as 1000, because suites have used it.
"""


class _Loader(yaml.SafeLoader):
    """Safe YAML 1.2."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012

    def construct_number(self, node: yaml.ScalarNode) -> int | float:
        """Return the number that a scalar of the tag int or float stands for."""
        text = str(self.construct_scalar(node))
        kind = node.tag.removeprefix(_TAG)
        if not re.fullmatch(_CORE_SCHEMA[kind][0], text):
            raise ValueError(f"{text!r} is not of the type {kind}")
        if kind == "int":
            return int(text, 0) if text[:2] in ("0o", "0x") else int(text)
        return float(text.lower().replace(".inf", "inf").replace(".nan", "nan"))


class Dumper(yaml.SafeDumper):
    """Writes YAML that is read alike by versions 1.1 and 1.2: ambiguous text is quoted."""


for _kind, (_words, _starts) in _CORE_SCHEMA.items():
    for _cls in (_Loader, Dumper):
        _cls.add_implicit_resolver(_TAG + _kind, re.compile(f"^(?:{_words})$"), _starts)
_Loader.add_constructor(f"{_TAG}int", _Loader.construct_number)
_Loader.add_constructor(f"{_TAG}float", _Loader.construct_number)


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


@dataclass
class Location:
    """The part of a document that is being read."""

    path: Path = ()


@contextmanager
def located(document: Document) -> Iterator[Location]:
    """Add to an error where in the document it comes from: the location's path at that time."""
    location = Location()
    try:
        yield location
    except MissingDataError:
        raise  # nothing in the document is wrong
    except BadInputError as error:
        path = location.path
        keyed = (*path, error.key) if error.key else path
        where = document.where(keyed if keyed in document.lines else path)
        raise BadInputError(f"{where}: {error}") from error


def check_visible(document: Document) -> None:
    """Check that all keys and strings can be seen, but for lines of the description.

    Raises:
        BadInputError: if one has a character that cannot be seen.
    """

    def check(value: object, path: Path) -> None:
        if path == ("description",):
            return
        if isinstance(value, dict):
            for key, entry in value.items():
                check(key, path)
                check(entry, (*path, key))
        elif isinstance(value, list):
            for index, entry in enumerate(value):
                check(entry, (*path, index))
        elif isinstance(value, str):
            try:
                check_name(value, "the text")
            except BadInputError as error:
                raise BadInputError(f"{document.where(path)}: {error}") from None

    check(document.value, ())


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
