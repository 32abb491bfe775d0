"""Which parts of a module are run by a learner or a stream."""

import ast
from collections.abc import Iterable, Iterator

_GIVEN_TO_SOURCE = ("find", "read", "download")


def run_nodes(tree: ast.Module) -> Iterator[ast.AST]:
    """Yield the nodes of a module that a learner or a stream may run.

    Left out is what is run only if the file is the main program, and what only reads a data set:
    functions that a `Source` is given, and those that only these call. A data set has a
    fingerprint, which is in every key.
    """
    functions = {n.name: n for n in tree.body if isinstance(n, ast.FunctionDef)}
    given = [value for node in ast.walk(tree) for value in _given_to_source(node)]
    skipped: set[ast.AST] = {*given, *filter(_is_main, tree.body)}
    reading = _reached(functions, _names(given))
    others = [n for n in tree.body if getattr(n, "name", None) not in reading]
    used = _reached(functions, _names(others, skipped))
    return _walk(tree, skipped | {functions[name] for name in reading - used})


def _given_to_source(node: ast.AST) -> list[ast.AST]:
    """What a call `Source(find=..., read=..., download=...)` is given."""
    if not isinstance(node, ast.Call):
        return []
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    if name != "Source":
        return []
    return [keyword.value for keyword in node.keywords if keyword.arg in _GIVEN_TO_SOURCE]


def _is_main(node: ast.stmt) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) == "__name__ == '__main__'"


def _reached(functions: dict[str, ast.FunctionDef], names: Iterable[str]) -> set[str]:
    """The functions of a module that are called from some names, directly or not."""
    reached: set[str] = set()
    left = list(names)
    while left:
        name = left.pop()
        if name in functions and name not in reached:
            reached.add(name)
            left += _names([functions[name]])
    return reached


def _names(nodes: Iterable[ast.AST], skipped: Iterable[ast.AST] = ()) -> set[str]:
    walked = (part for node in nodes for part in _walk(node, set(skipped)))
    return {part.id for part in walked if isinstance(part, ast.Name)}


def _walk(node: ast.AST, skipped: set[ast.AST]) -> Iterator[ast.AST]:
    left = [node]
    while left:
        part = left.pop()
        if part not in skipped:
            yield part
            left += ast.iter_child_nodes(part)
