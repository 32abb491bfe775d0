"""Match values to a reference sample by rank, fast enough for every update.

The distributional regulariser compares the i-th smallest weight with the i-th smallest initial
weight, for every layer at every update; `torch.sort` on a CPU takes many times as long as the
network's step (benchmarks/throughput.md). In programs a radix sort does it (rank_matching.h).
Elsewhere numpy's SIMD sort of 64-bit integers is used: each number is packed with its position into
one integer of the same order, so that the sorted integers say where each reference belongs. Both
are exact, and stable for equal numbers.
"""

import sys
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

CHUNK = 1 << 16
"""Numbers that are packed at a time: half a megabyte of integers, which fits a core's cache."""

_library = torch.library.Library("plasticity_bench", "FRAGMENT")
_library.define("match_ranks(Tensor values, Tensor ordered) -> Tensor")


def match_ranks(values: Tensor, ordered: Tensor) -> Tensor:
    """Return, in place of each value, the element of `ordered` that has the value's rank.

    The optimal transport between two samples of equal size on a line: the sum of
    (values - match_ranks(values, ordered))^2 is their squared 2-Wasserstein distance times their
    size, and, the ranks being locally constant, its gradient is that of the sorted distance. No
    gradient flows through the result itself.

    Args:
        values: any shape.
        ordered: (values.numel(),), ascending.
    """
    matched: Tensor = _MatchRanks.apply(values.flatten(), ordered)  # type: ignore[no-untyped-call]
    return matched.reshape(values.shape)


class _MatchRanks(torch.autograd.Function):
    """Values (..., n) and ordered (..., n) -> (..., n): what autograd needs to know."""

    generate_vmap_rule = True

    @staticmethod
    def forward(values: Tensor, ordered: Tensor) -> Tensor:
        matched: Tensor = torch.ops.plasticity_bench.match_ranks(values, ordered)
        return matched

    @staticmethod
    def setup_context(ctx: Any, _inputs: Any, output: Tensor) -> None:
        ctx.mark_non_differentiable(output)

    @staticmethod
    def backward(_ctx: Any, _gradient: Tensor) -> tuple[None, None]:
        return None, None


def _by_torch(values: Tensor, ordered: Tensor) -> Tensor:
    order = values.sort(dim=-1, stable=True).indices
    matched = torch.empty_like(values, memory_format=torch.contiguous_format)
    return matched.scatter(-1, order, ordered)


def _on_cpu(values: Tensor, ordered: Tensor) -> Tensor:
    if values.dtype != torch.float32 or sys.byteorder != "little" or values.numel() == 0:
        return _by_torch(values, ordered)
    return _by_packing(values, ordered)


def _by_packing(values: Tensor, ordered: Tensor) -> Tensor:
    size = values.shape[-1]
    bits = values.contiguous().view(torch.int32).numpy().reshape(-1, size)
    references = ordered.contiguous().view(-1, size)
    matched = torch.empty(references.shape)
    rows = max(1, CHUNK // size)
    for start in range(0, len(bits), rows):
        chunk = slice(start, start + rows)
        places = torch.from_numpy(_sorted_places(bits[chunk]))
        matched[chunk].view(-1).scatter_(0, places.view(-1), references[chunk].view(-1))
    return matched.view(values.shape)


def _sorted_places(bits: NDArray[np.int32]) -> NDArray[np.int64]:
    """Return flat positions, (rows, n), in the order of each row's floats, given as their bits."""
    packed = np.empty(bits.shape, np.int64)
    halves = packed.view(np.int32).reshape(*bits.shape, 2)
    halves[..., 0] = np.arange(bits.size, dtype=np.int32).reshape(bits.shape)
    # Read as an integer, a float32's bits ascend with its value if it is positive and descend if it
    # is negative; turning over the lower 31 bits of the negative ones makes them ascend throughout.
    np.bitwise_xor(bits, (bits >> 31) & 0x7FFFFFFF, out=halves[..., 1])
    packed.sort(axis=-1)
    packed &= 0xFFFFFFFF
    return packed


def _mapped(info: Any, in_dims: tuple[int | None, int | None], *tensors: Tensor) -> Any:
    stacked = [
        tensor.expand(info.batch_size, *tensor.shape) if dim is None else tensor.movedim(dim, 0)
        for tensor, dim in zip(tensors, in_dims, strict=True)
    ]
    return torch.ops.plasticity_bench.match_ranks(*stacked), 0


torch.library.register_vmap("plasticity_bench::match_ranks", _mapped, lib=_library)
_library.impl("match_ranks", _on_cpu, "CPU")
_library.impl("match_ranks", _by_torch, "CUDA")
_library.impl("match_ranks", _by_torch, "Meta")
