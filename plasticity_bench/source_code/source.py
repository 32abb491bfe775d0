"""The source of a class: its file, and the files of all modules of the user's that it imports."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from plasticity_bench.source_code import modules
from plasticity_bench.source_code.modules import Owner
from plasticity_bench.source_code.syntax import canonical, reads_itself


class SourceFile(NamedTuple):
    """A file of a source.

    Attributes:
        module: the name that it is imported by.
        path: where it is.
        content: its bytes.
    """

    module: str
    path: str
    content: bytes

    @property
    def name(self) -> str:
        """The module's name; a shipped baseline has the one of a checkout, `baselines.l2`."""
        return self.module.removeprefix(f"{modules.PACKAGE}.")


@dataclass(frozen=True)
class Source:
    """What a class is made of, beside this package.

    Attributes:
        files: the file of the class first, then the others by their modules' names; none if the
            class and its bases are of this package.
        packages: name and version of each installed package that these import. Those that this
            package requires itself are left out; each result has their versions beside it.
    """

    files: tuple[SourceFile, ...]
    packages: dict[str, str]

    @property
    def hash(self) -> str | None:
        """The hash of the files; None if there are none."""
        named = [(file.name, file.content) for file in self.files]
        return source_hash(named) if named else None

    def identity(self) -> dict[str, object]:
        """Return what stands for it in the identity of a run."""
        packages = {"packages": self.packages} if self.packages else {}
        return {"source": self.hash, **packages}


def source_hash(files: Sequence[tuple[str, bytes]]) -> str:
    """Return the sha256 of some modules' syntax trees; of their bytes if one may read its text.

    Each is preceded by its name and its length, so that text moved from one file to another changes
    the hash. The name of the first one is left out: a class may move to a file of another name.

    Args:
        files: name and content of each module, that of the class first.
    """
    digest = hashlib.sha256()
    exact = any(reads_itself(content) for _, content in files)
    for index, (module, content) in enumerate(files):
        text = b"bytes:" + content if exact else canonical(content)
        digest.update(f"{module if index else ''}:{len(text)}:".encode())
        digest.update(text)
    return digest.hexdigest()


def source_of(cls: type | Callable[..., Any]) -> Source:
    """Return the source of a class, or of a function.

    It has the files of the class and its bases, and those of the modules that these import, from
    any folder. Not part of it are the standard library and installed packages; of a class that is
    itself in an installed package, that package's modules are.
    """
    classes = [base.__module__ for base in getattr(cls, "__mro__", (cls,))]
    own = {_top(name) for name in classes if modules.owner_of(name) is Owner.INSTALLED}
    own = {top for top in own if not _is_required(top)}
    left = [outer for name in classes for outer in modules.with_packages(name)]
    files: dict[str, SourceFile] = {}
    packages: dict[str, str] = {}
    seen: set[str] = set()
    while left:
        name = left.pop()
        owner = Owner.PYTHON if name in seen else modules.owner_of(name)
        seen.add(name)
        if owner is Owner.INSTALLED and _top(name) not in own:
            package = modules.package_of(_top(name))
            if package is not None:
                packages |= {} if package.required else {package.name: package.version}
                continue
        if owner in (Owner.US, Owner.PYTHON):
            continue
        file = _read(name)
        if file and file.path not in files:
            files[file.path] = file
            left += modules.imported_by(*file)
    ordered = sorted(files.values(), key=lambda f: (f.module != cls.__module__, f.module))
    return Source(tuple(ordered), dict(sorted(packages.items())))


def _read(module: str) -> SourceFile | None:
    path = modules.file_of(module)
    if path is None:
        return None
    try:
        return SourceFile(module, path, Path(path).read_bytes())
    except OSError:
        return None


def _top(module: str) -> str:
    return module.partition(".")[0]


def _is_required(top: str) -> bool:
    package = modules.package_of(top)
    return package is not None and package.required
