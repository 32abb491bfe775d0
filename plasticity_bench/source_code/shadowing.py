"""A file of the user's that Python does not load, since another module has its name."""

import sys
from pathlib import Path

from plasticity_bench.source_code.modules import file_of


def shadowed(module: str) -> str:
    """Return a sentence if the current folder has a module that another one is loaded in place of.

    Empty if the module that is loaded, or would be, is the one in the current folder.
    """
    path = Path(*module.split("."))
    files = [path.with_suffix(".py"), path / "__init__.py"]
    present = [file for file in files if file.is_file()]
    if not present:
        return ""
    loaded = file_of(module)
    if loaded is not None and any(Path(loaded).samefile(file) for file in present):
        return ""
    origin = loaded or ("Python itself" if module in sys.builtin_module_names else "elsewhere")
    return f"module {module} was loaded from {origin}, not from ./{present[0]}: rename it"
