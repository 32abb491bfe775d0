"""Which parts of a module are run by a learner or a stream."""

import ast
from collections.abc import Iterable, Iterator, Sequence

_GIVEN_TO_SOURCE = ("find", "read", "download")


_Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
_PLAIN_DECORATORS = {"cache", "cached_property", "contextmanager", "dataclass", "lru_cache"} | {
    *("compile", "enable_grad", "fixture", "no_grad", "parametrize", "skipif", "wraps")
}
"""Decorators that do not call what they decorate, nor make it known elsewhere."""


def unused_definitions(trees: Sequence[ast.Module], roots: Iterable[str]) -> set[ast.AST]:
    """Return functions and classes of modules whose names are used nowhere that some names lead to.

    What a module does when it is imported is used, and so is what another decorator than the
    usual ones is given. The modules are taken together: a name of one is one of all.

    Args:
        trees: of the modules.
        roots: names that are used, as that of a learner's class.
    """
    defined: dict[str, list[ast.AST]] = {}
    left: list[ast.AST] = []
    for tree in trees:
        for node in tree.body:
            if isinstance(node, _Definition) and not _is_made_known(node):
                defined.setdefault(node.name, []).append(node)
            elif not _is_main(node):
                left.append(node)
    used: set[ast.AST] = set()
    names = set(roots)
    while left or names:
        for node in left:
            names |= set(_all_names(node))
        left = [node for name in names for node in defined.get(name, ()) if node not in used]
        used |= set(left)
        names = set()
    return {node for nodes in defined.values() for node in nodes} - used


def _is_made_known(node: _Definition) -> bool:
    decorators = [d.func if isinstance(d, ast.Call) else d for d in node.decorator_list]
    names = [d.attr if isinstance(d, ast.Attribute) else getattr(d, "id", "") for d in decorators]
    return not _PLAIN_DECORATORS.issuperset(names)


def _all_names(node: ast.AST) -> Iterator[str]:
    """Names, attributes and texts of a node: a function may be found by any of them."""
    for part in ast.walk(node):
        if isinstance(part, ast.Name):
            yield part.id
        elif isinstance(part, ast.Attribute):
            yield part.attr
        elif isinstance(part, ast.alias):
            yield part.name
        elif isinstance(part, ast.Constant) and isinstance(part.value, str):
            yield part.value


def run_nodes(tree: ast.Module, unused: Iterable[ast.AST] = ()) -> Iterator[ast.AST]:
    """Yield the nodes of a module that a learner or a stream may run.

    Left out is what is run only if the file is the main program, and what only reads a data set:
    functions that a `Source` is given, and those that only these call. A data set has a
    fingerprint, which is in every key.

    Args:
        tree: of the module.
        unused: nodes that are left out, too.
    """
    functions = {n.name: n for n in tree.body if isinstance(n, ast.FunctionDef)}
    given = [value for node in ast.walk(tree) for value in _given_to_source(node)]
    skipped: set[ast.AST] = {*given, *unused, *filter(_is_main, tree.body)}
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
