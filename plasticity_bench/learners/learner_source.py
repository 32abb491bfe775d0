"""The source files of a learner; their hash is part of a result's key."""

import ast
import contextlib
import importlib.util
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

from plasticity_bench.learners.learner import Learner

OWN_PACKAGE = "plasticity_bench"

_INSTALLED = [
    Path(sysconfig.get_path(kind)) for kind in ("stdlib", "platstdlib", "purelib", "platlib")
]


def source_files(cls: type[Learner]) -> list[str]:
    """Return the files that define a learner, in the order of their modules' names.

    They are the file of its class, those of its bases, and what these import from their own folders
    or packages: a helper beside a learner is part of it, an installed package is not. They are
    hashed in this order, which does not depend on where they are on a machine.
    """
    left = [base.__module__ for base in cls.__mro__[: cls.__mro__.index(Learner)]]
    sources: dict[str, str] = {}
    while left:
        name = left.pop()
        file = _file(name)
        if file is None or file in sources:
            continue
        sources[file] = name
        home = _home(name, Path(file))
        left += [_package(name)] if _lies_in(_package(name), home) else []
        left += _imports(name, Path(file), home)
    return sorted(sources, key=sources.__getitem__)


def _file(name: str) -> str | None:
    """A module's file, whether it is loaded or not; None if it has none."""
    if name in sys.modules:
        return getattr(sys.modules[name], "__file__", None)
    package = _package(name)
    if package and package not in sys.modules:  # importing it would run its code
        return None
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, AttributeError, ValueError):
        return None
    return spec.origin if spec and spec.has_location else None


def _package(name: str) -> str:
    return name.rpartition(".")[0]


def _home(name: str, file: Path) -> Path:
    """The folder of a module's outermost package, or that of its file if it is in none."""
    package, *inner = name.split(".")
    folder = file.parents[max(0, len(inner) - (file.stem != "__init__"))]
    return folder if inner and folder.name == package else file.parent


def _imports(name: str, file: Path, home: Path) -> Iterator[str]:
    """Modules of a folder that a module there imports."""
    if file.suffix != ".py":
        return
    package = name if file.stem == "__init__" else _package(name)
    try:
        nodes = list(ast.walk(ast.parse(file.read_bytes())))
    except (OSError, SyntaxError, ValueError):
        return
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if _lies_in(alias.name, home))
        elif isinstance(node, ast.ImportFrom):
            relative = "." * node.level + (node.module or "")
            with contextlib.suppress(ImportError):
                base = importlib.util.resolve_name(relative, package)
                if _lies_in(base, home):  # then what is imported from it may be a module, too
                    inner = [f"{base}.{alias.name}" for alias in node.names]
                    yield from (base, *(part for part in inner if _lies_in(part, home)))


def _lies_in(name: str, folder: Path) -> bool:
    """Whether a module is in a folder, and not in a virtual environment within it."""
    if name.partition(".")[0] == OWN_PACKAGE:
        return False
    file = Path(_file(name) or "")
    if not file.is_relative_to(folder):
        return False
    return not any(
        file.is_relative_to(installed) and installed.is_relative_to(folder)
        for installed in _INSTALLED
    )
