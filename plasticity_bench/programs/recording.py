"""PyTorch's recorder of tensor operations, without what it does for each of them in vain."""

from collections.abc import Callable, Sequence
from typing import Any

from torch import Tensor, fx
from torch._guards import TracingContext, tracing
from torch._subclasses import FakeTensorMode
from torch.fx.experimental.proxy_tensor import make_fx


def recorded(
    function: Callable[..., list[Tensor]], examples: Sequence[Tensor], table: Any = None
) -> fx.GraphModule:
    """Return the graph of the operations that a function does.

    Args:
        function: from tensors to a list of tensors.
        examples: its arguments.
        table: of operations, functions that decompose them.
    """
    # The recorder notes the shape of every result as a tensor without data. Without a context it
    # makes a mode for each, which looks up the lines of the whole stack.
    with tracing(TracingContext(FakeTensorMode(allow_fallback_kernels=True))):
        graph: fx.GraphModule = make_fx(function, decomposition_table=table)(*examples)
    return graph
