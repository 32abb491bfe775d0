"""Source files as text that comments, docstrings and blank lines do not change."""

import ast
import copy
import warnings
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

_UNPARSABLE = (SyntaxError, ValueError, RecursionError, MemoryError)
_IMPLIED = ("ctx", "kind", "type_comment", "type_ignores")
"""Fields that follow from the rest of the tree, or have no effect."""

SELF = frozenset({"__doc__", "__file__", "__loader__", "__spec__", "inspect", "linecache"})
"""By which a program reads its own text."""


@lru_cache(maxsize=512)
def parsed(content: bytes) -> ast.Module | None:
    """Return the syntax tree of a file; None if it is not Python."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about escapes such as "\d"
            return ast.parse(content)
    except _UNPARSABLE:
        return None


@lru_cache(maxsize=512)
def canonical(content: bytes) -> bytes:
    r"""Return what a file's hash is computed from.

    Of Python, it is the syntax tree without comments, docstrings and other statements that are only
    a string, and without a learner's `method = Method(...)`, which runs no more than a docstring.
    It is the same on every version of Python that parses the file; `ast.dump` prints other fields
    in other versions. Of anything else, it is the bytes.

    >>> canonical(b'def f(x):\n    "Doc."\n    return x') == canonical(b"def f(x): return x # f")
    True
    """
    tree = parsed(content)
    if tree is None:
        return b"bytes:" + content
    return b"tree:" + "".join(_text(_without_methods(tree))).encode()


def reads_itself(content: bytes) -> bool:
    """Return whether a file may read the text of source files, docstrings among it.

    It is searched for `SELF`: names, attributes, imports, and strings that are one of these.
    """
    tree = parsed(content)
    return tree is not None and not SELF.isdisjoint(_words(tree))


def _words(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.alias):
            yield from node.name.split(".")
        elif isinstance(node, ast.ImportFrom):
            yield from (node.module or "").split(".")
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def _without_methods(tree: ast.Module) -> ast.Module:
    """The tree without statements that cite a method, unless something reads what they say."""
    named = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    named |= {str(node.value) for node in ast.walk(tree) if isinstance(node, ast.Constant)}
    names = [node.id for node in ast.walk(tree) if isinstance(node, ast.Name)]
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    cited = [entry for node in classes for entry in node.body if _cites(entry)]
    once = all(names.count(name) == len(cited) for name in ("method", "Method"))
    if not (cited and once) or "method" in named:
        return tree
    body: list[ast.stmt] = []
    for node in tree.body:
        changes: dict[str, Any] = {}
        if isinstance(node, ast.ClassDef):
            changes["body"] = [entry for entry in node.body if entry not in cited]
        elif isinstance(node, ast.ImportFrom) and node.module == "plasticity_bench":
            changes["names"] = [alias for alias in node.names if alias.name != "Method"]
        body.append(_copied(node, **changes))
    return ast.Module(body, type_ignores=[])


def _cites(statement: ast.stmt) -> bool:
    """Whether a statement is `method = Method(...)`, of constants."""
    return (
        isinstance(statement, ast.Assign)
        and [ast.unparse(target) for target in statement.targets] == ["method"]
        and isinstance(statement.value, ast.Call)
        and ast.unparse(statement.value.func) == "Method"
        and not statement.value.args
        and all(_is_constant(keyword.value) for keyword in statement.value.keywords)
    )


def _is_constant(node: ast.expr) -> bool:
    if isinstance(node, ast.Tuple):
        return all(_is_constant(entry) for entry in node.elts)
    return isinstance(node, ast.Constant)


def _copied(node: ast.stmt, **changes: Any) -> ast.stmt:
    copied = copy.copy(node)
    vars(copied).update(changes)
    return copied


def _text(tree: ast.AST) -> Iterator[str]:
    """The parts of a tree's text; without recursion, since trees may be deep."""
    left: list[str | ast.AST] = [tree]
    while left:
        part = left.pop()
        if isinstance(part, str):
            yield part
        else:
            left += reversed(list(_parts(part)))


def _parts(node: ast.AST) -> Iterator[str | ast.AST]:
    """A node as text and inner nodes: its class, and its fields by name if they are not empty."""
    if isinstance(node, ast.Constant):
        # Not repr, which depends on the version's table of Unicode, and refuses long integers.
        yield hex(node.value) if type(node.value) is int else ascii(node.value)
        return
    yield f"{type(node).__name__}("
    for name in sorted(node._fields):
        value = getattr(node, name, None)
        if isinstance(value, list):
            entries = [entry for entry in value if not _is_without_effect(entry, node)]
            if entries:
                yield f"{name}=["
                for entry in entries:
                    yield entry if isinstance(entry, ast.AST) else ascii(entry)
                    yield ","
                yield "],"
        elif value is not None and name not in _IMPLIED:
            yield f"{name}="
            yield value if isinstance(value, ast.AST) else ascii(value)
            yield ","
    yield ")"


def _is_without_effect(entry: object, parent: ast.AST) -> bool:
    """Whether an entry of a list is a string that is not used."""
    if isinstance(parent, ast.JoinedStr):  # some versions end the format of f"{x:{width}}" in one
        return isinstance(entry, ast.Constant) and entry.value == ""
    return (
        isinstance(entry, ast.Expr)
        and isinstance(entry.value, ast.Constant)
        and isinstance(entry.value.value, str)
    )
