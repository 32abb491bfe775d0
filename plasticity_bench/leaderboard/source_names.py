"""Names of an entry's source files: each is one module, and hides no other.

The files are put into a folder that modules are imported from. A file named like a module of
Python's, of an installed package or of ours would be imported in place of it.
"""

import sys
from collections.abc import Iterator, Mapping
from importlib import metadata
from pathlib import Path, PurePosixPath

from plasticity_bench.source_code import modules
from plasticity_bench.source_code.syntax import canonical

BASELINES = "baselines"


def module_of(name: str) -> str:
    """Return the name by which a file of an entry is imported.

    >>> module_of("source/my_lab/__init__.py"), module_of("source/my_lab/learner.py")
    ('my_lab', 'my_lab.learner')
    """
    parts = PurePosixPath(name).with_suffix("").parts[1:]
    return ".".join(parts[:-1] if parts[-1:] == ("__init__",) else parts)


def shadowing(contents: Mapping[str, bytes]) -> Iterator[str]:
    """Yield a sentence for each name of another module; shipped baselines keep their names.

    Args:
        contents: of the source's files, by their names in the entry.
    """
    by_module = {module_of(name): content for name, content in contents.items()}
    for name, content in contents.items():
        module = module_of(name)
        if _top(module) == BASELINES and not _is_shipped(module, content):
            yield f"{name} is not the baseline that this package has: give it another name"
    for top in sorted({_top(module) for module in by_module} - {BASELINES}):
        if top == modules.PACKAGE or top in sys.stdlib_module_names:
            yield f"the module {top} has the name of one of Python's or this package's: rename it"
        elif _is_of_another(top, by_module.get(top, b"")):
            yield f"the module {top} has the name of an installed package: rename it"


def unreached(contents: Mapping[str, bytes]) -> list[str]:
    """Return the files that the first one does not import, directly or through others.

    Arguments as `shadowing`.
    """
    names = {module_of(name): name for name in contents}
    left = modules.with_packages(next(iter(names)))
    reached: set[str] = set()
    while left:
        module = left.pop().removeprefix(f"{modules.PACKAGE}.")
        if module in names and module not in reached:
            reached.add(module)
            name = names[module]
            left += modules.imported_by(module, name, contents[name])
    return sorted(name for name in contents if module_of(name) not in reached)


def _is_shipped(module: str, content: bytes) -> bool:
    file = modules.file_of(f"{modules.PACKAGE}.{module}")
    return file is not None and canonical(Path(file).read_bytes()) == canonical(content)


def _is_of_another(top: str, content: bytes) -> bool:
    """Whether an installed module has this name, and is not the submitted one itself."""
    file = modules.file_of(top)
    if file is None:
        return top in metadata.packages_distributions()
    return modules.is_installed(file) and Path(file).read_bytes() != content


def _top(module: str) -> str:
    return module.partition(".")[0]
