"""Which parts of a module are run by a learner or a stream."""

import ast
from collections.abc import Iterable, Iterator, Sequence

_GIVEN_TO_SOURCE = ("find", "read", "download")


_Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
_PLAIN_DECORATORS = {"cache", "contextmanager", "dataclass", "lru_cache", "wraps"}
_PLAIN_MODULES = {"contextlib", "dataclasses", "functools", "pytest", "torch", "typing"}
"""Decorators, and modules of those, that make what they decorate known nowhere else."""


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
    for statement in (statement for tree in trees for statement in tree.body):
        for name in _defined_by(statement):
            defined.setdefault(name, []).append(statement)
        if not (_defined_by(statement) or _is_main(statement)):
            left.append(statement)
    used: set[ast.AST] = set()
    names = set(roots)
    while left or names:
        for node in left:
            names |= set(_all_names(node))
        left = [node for name in names for node in defined.get(name, ()) if node not in used]
        used |= set(left)
        names = set()
    unused = {node for nodes in defined.values() for node in nodes} - used
    return {node for node in unused if isinstance(node, _Definition)}


def _defined_by(node: ast.stmt) -> list[str]:
    """The names that a statement does nothing but define; none if it may do more."""
    if isinstance(node, _Definition):
        return [] if _is_made_known(node) else [node.name]
    if isinstance(node, ast.Import | ast.ImportFrom):
        return [alias.asname or alias.name.partition(".")[0] for alias in node.names]
    if isinstance(node, ast.Assign | ast.AnnAssign):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        names = [target.id for target in targets if isinstance(target, ast.Name)]
        calls = any(isinstance(part, ast.Call) for part in ast.walk(node))
        return names if len(names) == len(targets) and not calls else []
    return []


def _is_made_known(node: _Definition) -> bool:
    for decorator in node.decorator_list:
        called = decorator.func if isinstance(decorator, ast.Call) else decorator
        first, _, _ = ast.unparse(called).partition(".")
        if first not in _PLAIN_DECORATORS | _PLAIN_MODULES:
            return True
    return False


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


def only_decorators(tree: ast.Module) -> set[ast.AST]:
    """The nodes of a module's functions that are run only as it is imported, as decorators.

    These decorate what the module itself defines, and are named nowhere else in it.
    """
    decorating = [d for n in tree.body if isinstance(n, _Definition) for d in n.decorator_list]
    elsewhere = _names([tree], decorating)
    return {
        part
        for node in tree.body
        if isinstance(node, ast.FunctionDef) and node.name in _names(decorating) - elsewhere
        for part in ast.walk(node)
    }
