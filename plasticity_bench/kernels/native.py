"""The package's C++ functions: compiled once, cached on disk, and done without where they must be.

PyTorch's compiler builds and caches them beside its own code; it needs a C++ compiler, which need
not be there.
"""

import functools
import os
from ctypes import CDLL, c_bool, c_long, c_void_p
from importlib import resources
from importlib.resources.abc import Traversable

SWITCH = "PLASTICITY_BENCH_KERNELS"
"""Environment variable; "off" does without the C++ functions."""


@functools.cache
def load() -> CDLL | None:
    """Return the library of C++ functions, or None if it cannot be built here.

    It takes seconds to build the first time on a machine, and a second in each process after that.
    """
    if os.environ.get(SWITCH) == "off":
        return None
    try:
        from torch._inductor.codecache import CppCodeCache

        code = "\n".join(file.read_text() for file in sources())
        library = CppCodeCache.load(code, extra_flags=["-ftree-loop-vectorize"])
    except Exception:  # whatever is wrong with the compiler, PyTorch's own operations do
        return None
    library.plasticity_bench_bmm.argtypes = [c_void_p] * 3 + [c_long] * 10
    library.plasticity_bench_bmm.restype = None
    library.plasticity_bench_match_ranks.argtypes = [c_void_p] * 3 + [c_long] * 2
    library.plasticity_bench_match_ranks.restype = c_bool
    return library  # type: ignore[no-any-return]


def sources() -> list[Traversable]:
    """Return the C++ files, in a fixed order."""
    files = resources.files(__package__).iterdir()
    return sorted(
        (file for file in files if file.name.endswith(".cpp")), key=lambda file: file.name
    )


def loaded() -> CDLL | None:
    """Return the library if this process has loaded it; never build it."""
    return load() if load.cache_info().currsize else None
