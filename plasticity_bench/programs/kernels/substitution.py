"""The package's C++ functions in the place of PyTorch's, in a recorded graph.

Batched products of small matrices, such as (32, 128) and (128, 784) for each replica, run at twice
the rate of `torch.bmm` where that is MKL's on AMD; ranking goes without a detour through Python.
"""

import torch
from torch import Tensor, fx

from plasticity_bench.programs.kernels import native, rank_matching

_OURS = {
    torch.ops.aten.bmm.default: torch.ops.plasticity_bench.bmm.default,
    rank_matching.operator: (torch.ops.plasticity_bench.match_ranks_native.default),
}


def substitute(graph: fx.GraphModule) -> bool:
    """Let a recorded graph compute what it can in C++, in place; return whether it does.

    It does not where nothing can be compiled; and other numbers than float32, and other devices
    than the CPU, stay PyTorch's. Products agree to float32 rounding, ranks to the bit.
    """
    if not native.load():
        return False
    for node in graph.graph.nodes:
        if node.target in _OURS and _suits(node.meta["val"]):
            node.target = _OURS[node.target]
    graph.recompile()
    return True


def _suits(value: Tensor) -> bool:
    return value.dtype == torch.float32 and value.device.type == "cpu"
