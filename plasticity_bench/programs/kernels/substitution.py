"""Replace operations of PyTorch by the package's C++ functions in a recorded graph.

Batched products of small matrices, such as (32, 128) and (128, 784) for each replica, run at twice
the rate of `torch.bmm` where that is MKL on AMD; rank matching runs without Python in between.
"""

import torch
from torch import Tensor, fx

from plasticity_bench.programs.kernels import native, rank_matching

_NATIVE = {
    torch.ops.aten.bmm.default: torch.ops.plasticity_bench.bmm.default,
    rank_matching.operator: (torch.ops.plasticity_bench.match_ranks_native.default),
}


def substitute(graph: fx.GraphModule) -> bool:
    """Replace what can be computed in C++, in place; return whether that is available.

    Operations on dtypes other than float32 and devices other than the CPU are left as they are.
    Products agree up to float32 rounding, ranks exactly.
    """
    if not native.load():
        return False
    for node in graph.graph.nodes:
        if node.target in _NATIVE and _suits(node.meta["val"]):
            node.target = _NATIVE[node.target]
    graph.recompile()
    return True


def _suits(value: Tensor) -> bool:
    return value.dtype == torch.float32 and value.device.type == "cpu"
