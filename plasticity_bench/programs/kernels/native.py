"""The package's C++ functions: compiled once, cached on disk, and done without where they must be.

PyTorch's compiler builds and caches them beside its own code; it needs a C++ compiler, which need
not be there. Loaded, they register themselves as operators of PyTorch, which compiled updates call
without a detour through Python.
"""

import functools
import os
from importlib import resources
from importlib.resources.abc import Traversable

import torch
from torch import Tensor

SWITCH = "PLASTICITY_BENCH_KERNELS"
"""Environment variable; "off" does without the C++ functions."""


_library = torch.library.Library("plasticity_bench", "FRAGMENT")
_library.define("bmm(Tensor left, Tensor right) -> Tensor")
_library.define("match_ranks_native(Tensor values, Tensor ordered) -> Tensor")
_library.impl("bmm", torch.bmm, "Meta")


def _like_values(values: Tensor, _ordered: Tensor) -> Tensor:
    return torch.empty_like(values, memory_format=torch.contiguous_format)


_library.impl("match_ranks_native", _like_values, "Meta")


@functools.cache
def load() -> bool:
    """Return whether there are the C++ functions: they are built and loaded if they can be.

    It takes seconds to build them the first time on a machine, and a second in each process after
    that.
    """
    if os.environ.get(SWITCH) == "off":
        return False
    try:
        from torch._inductor.codecache import CppCodeCache

        code = "\n".join(file.read_text() for file in sources())
        CppCodeCache.load(code, extra_flags=["-ftree-loop-vectorize"])
    except Exception:  # whatever is wrong with the compiler, PyTorch's own operations do
        return False
    return True


def sources() -> list[Traversable]:
    """Return the C++ files, in a fixed order."""
    files = resources.files(__package__).iterdir()
    return sorted(
        (file for file in files if file.name.endswith(".cpp")), key=lambda file: file.name
    )


def loaded() -> bool:
    """Return whether this process has loaded them; never build them."""
    return bool(load.cache_info().currsize) and load()
