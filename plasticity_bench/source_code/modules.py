"""Which modules a file imports, where their files are, and whose they are."""

import ast
import contextlib
import importlib.util
import re
import site
import sys
import sysconfig
from collections.abc import Iterator
from enum import Enum, auto
from functools import cache
from importlib import metadata
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import NamedTuple

from plasticity_bench.shipped import BASELINES
from plasticity_bench.source_code.syntax import parsed

PACKAGE = "plasticity_bench"

_STANDARD = {Path(sysconfig.get_path(kind)) for kind in ("stdlib", "platstdlib")}
_STANDARD |= {path.resolve() for path in _STANDARD}
_INSTALLED = {Path(path) for path in (*site.getsitepackages(), site.getusersitepackages())}
_FOLDERS_OF_PACKAGES = {"site-packages", "dist-packages"}


class Owner(Enum):
    """Whose a module is.

    A package that is installed in editable mode is the user's: its files lie in a folder of theirs.
    """

    US = auto()
    PYTHON = auto()
    INSTALLED = auto()
    USER = auto()


class Package(NamedTuple):
    """An installed package; `required` if plasticity-bench itself requires it."""

    name: str
    version: str
    required: bool


def owner_of(module: str) -> Owner:
    """Return whose a module is; a shipped baseline counts as the user's, as any learner."""
    top = module.partition(".")[0]
    if top == PACKAGE:
        return Owner.USER if module.startswith(f"{BASELINES}.") else Owner.US
    file = file_of(module)
    in_packages = file is not None and is_installed(file)
    if top in sys.stdlib_module_names and (file is None or in_packages):
        return Owner.PYTHON
    return Owner.INSTALLED if in_packages else Owner.USER


def file_of(module: str) -> str | None:
    """Return a module's file, whether it is loaded or not; None if it has none.

    Nothing is imported, since that would run code.
    """
    if module in sys.modules:
        return getattr(sys.modules[module], "__file__", None)
    spec = _spec(module)
    return spec.origin if spec and spec.has_location else None


def is_installed(file: str) -> bool:
    """Return whether a file belongs to the standard library or to an installed package."""
    path = Path(file)
    if _FOLDERS_OF_PACKAGES & set(path.parts):
        return True
    return any(path.is_relative_to(folder) for folder in _STANDARD | _INSTALLED)


@cache
def package_of(top: str) -> Package | None:
    """Return the installed package that a top-level module comes from; None if it is of none."""
    try:
        found = metadata.distribution(top)
    except metadata.PackageNotFoundError:
        names = metadata.packages_distributions().get(top)
        if not names:
            return None
        found = metadata.distribution(names[0])
    name = _normal(found.name)
    return Package(name, found.version, name in _required())


def with_packages(module: str) -> list[str]:
    """Return the names of the packages around a module, and its own.

    >>> with_packages("lab.learners.mine")
    ['lab', 'lab.learners', 'lab.learners.mine']
    """
    parts = module.split(".")
    return [".".join(parts[: end + 1]) for end in range(len(parts))]


def imported_by(module: str, file: str, content: bytes) -> Iterator[str]:
    """Yield the name of everything that a file may import, and of the packages around it.

    These are all import statements, also in functions, and calls of `importlib.import_module` and
    `__import__` with a literal name.
    """
    tree = parsed(content)
    package = module if Path(file).stem == "__init__" else module.rpartition(".")[0]
    for node in ast.walk(tree) if tree else ():
        for name in _names_in(node):
            with contextlib.suppress(ImportError, ValueError):
                yield from with_packages(importlib.util.resolve_name(name, package))


def imports_by_name(node: ast.AST) -> bool:
    """Return whether a node is a call that imports the module whose name it is given."""
    if not (isinstance(node, ast.Call) and (node.args or node.keywords)):
        return False
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    return name in ("import_module", "__import__")


def literal_name(call: ast.Call) -> str | None:
    """Return the name that such a call is given; None if it is computed."""
    first = call.args[0] if call.args else call.keywords[0].value
    is_text = isinstance(first, ast.Constant) and isinstance(first.value, str)
    return str(first.value) if is_text else None  # type: ignore[attr-defined]


def _names_in(node: ast.AST) -> list[str]:
    """What a node imports, as it is written there."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        base = "." * node.level + (node.module or "")
        joint = "" if base.endswith(".") else "."
        # What is imported from a package may be a module, too.
        return [base, *(f"{base}{joint}{alias.name}" for alias in node.names)]
    if isinstance(node, ast.Call) and imports_by_name(node):
        name = literal_name(node)
        return [name] if name else []
    return []


def _spec(module: str) -> ModuleSpec | None:
    outer = module.rpartition(".")[0]
    path = None
    if outer:
        if outer in sys.modules:
            path = getattr(sys.modules[outer], "__path__", None)
        elif spec := _spec(outer):
            path = spec.submodule_search_locations
        if path is None:
            return None  # what it is imported from is no package
    for finder in sys.meta_path:
        with contextlib.suppress(ImportError, AttributeError, ValueError, OSError):
            if spec := finder.find_spec(module, path):
                return spec
    return None


@cache
def _required() -> frozenset[str]:
    """Names of the packages that plasticity-bench requires, without extras."""
    try:
        stated = metadata.requires("plasticity-bench") or []
    except metadata.PackageNotFoundError:
        return frozenset()
    names = (re.match(r"[\w.-]+", one) for one in stated if "extra ==" not in one)
    return frozenset(_normal(name[0]) for name in names if name)


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
