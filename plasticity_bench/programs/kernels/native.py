"""The package's C++ functions: compiled once, cached on disk, and optional.

PyTorch's compiler builds and caches them beside its own code, if there is a C++ compiler. They
register themselves as operators of PyTorch, which compiled updates call without Python in between.
"""

import functools
import os
from importlib import resources
from importlib.resources.abc import Traversable

import torch
from torch import Tensor

SWITCH = "PLASTICITY_BENCH_KERNELS"
"""Environment variable; "off" disables the C++ functions."""


_library = torch.library.Library("plasticity_bench", "FRAGMENT")
_library.define("bmm(Tensor left, Tensor right) -> Tensor")
_library.define("match_ranks_native(Tensor values, Tensor ordered) -> Tensor")
_library.impl("bmm", torch.bmm, "Meta")


def _like_values(values: Tensor, _ordered: Tensor) -> Tensor:
    return torch.empty_like(values, memory_format=torch.contiguous_format)


_library.impl("match_ranks_native", _like_values, "Meta")


@functools.cache
def load() -> bool:
    """Return whether the C++ functions are available; build and load them where possible.

    Building them takes seconds the first time on a machine; loading takes a second in each process.
    """
    if os.environ.get(SWITCH) == "off":
        return False
    try:
        from torch._inductor.codecache import CppCodeCache

        code = "\n".join(file.read_text() for file in sources())
        CppCodeCache.load(code, extra_flags=["-ftree-loop-vectorize"])
    except Exception:  # whatever is wrong with the compiler, PyTorch's operations serve
        return False
    return True


def sources() -> list[Traversable]:
    """Return the C++ files of PyTorch's operators, in the order in which they are joined."""
    folder = resources.files(__package__)
    names = ("matmul.h", "rank_matching.h", "matmul.cpp", "rank_matching.cpp")
    return [folder / name for name in names]


def loaded() -> bool:
    """Return whether this process has loaded them, without building them."""
    return bool(load.cache_info().currsize) and load()
