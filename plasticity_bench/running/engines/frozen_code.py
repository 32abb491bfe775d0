"""The user's code as it was at submission: what tasks of a cluster import."""

import shlex
import shutil
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from plasticity_bench.source_code import modules
from plasticity_bench.source_code.modules import Owner
from plasticity_bench.source_code.source import source_of

MAX_BYTES = 2**26
"""Of a package that is copied."""
IGNORED = shutil.ignore_patterns("__pycache__", ".*", "*.pyc", "*.egg-info")


def freeze(classes: Iterable[type], folder: Path) -> list[str]:
    """Copy the user's modules into a folder: those that are imported, and sources of classes.

    A module is copied alone, and a package with all its files. Installed packages and this one are
    not copied.

    Args:
        classes: learners, streams and networks, whose functions may import further modules.
        folder: where the copies are made.

    Returns:
        The names of packages that are too large, which tasks import from where they are.
    """
    places = {top: path for top in list(sys.modules) if (path := _loaded(top))}
    for cls in classes:
        for file in source_of(cls).files:
            if modules.owner_of(file.module) is Owner.USER:
                top, *inner = file.module.split(".")
                path = Path(file.path)
                path = path.parent if path.name == "__init__.py" else path
                places.setdefault(top, path.parents[len(inner) - 1] if inner else path)
    places.pop(modules.PACKAGE, None)
    left_out = []
    folder.mkdir(parents=True, exist_ok=True)
    for top, path in places.items():
        if path.is_file():
            shutil.copy2(path, folder / path.name)
        elif _size(path) <= MAX_BYTES:
            shutil.copytree(path, folder / path.name, ignore=IGNORED, dirs_exist_ok=True)
        else:
            left_out.append(top)
    return left_out


def with_copies(arguments: Sequence[str], files: Iterable[str], folder: Path) -> list[str]:
    """Return the arguments of a command with copies in place of some files.

    Args:
        arguments: of the command.
        files: those of them, alone or after an option's "=", that are copied if they are files.
        folder: where the copies are made.
    """
    copies: dict[Path, str] = {}
    for index, file in enumerate(dict.fromkeys(map(Path, files))):
        if file.is_file():
            copy = folder / "files" / str(index) / file.name
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(file, copy)
            copies[file] = str(copy.resolve())

    def replaced(argument: str) -> str:
        option, separator, value = argument.partition("=")
        if separator and option.startswith("--") and Path(value) in copies:
            return f"{option}={copies[Path(value)]}"
        return copies.get(Path(argument), argument)

    return [replaced(argument) for argument in arguments]


def export(folder: Path) -> str:
    """Return the line of shell after which Python finds the copies first."""
    return f"export PYTHONPATH={shlex.quote(str(folder))}${{PYTHONPATH:+:$PYTHONPATH}}"


def _loaded(top: str) -> Path | None:
    """The file of a loaded top-level module of the user's, or the folder of a package."""
    if "." in top or top == "__main__" or top in sys.stdlib_module_names:
        return None
    module = sys.modules[top]
    file = getattr(module, "__file__", None)
    path = Path(file) if file else next(map(Path, getattr(module, "__path__", ())), None)
    if path is None or not path.exists() or modules.is_installed(str(path)):
        return None
    if path.is_file() and path.suffix != ".py":
        return None
    return path.parent if path.name == "__init__.py" else path


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
