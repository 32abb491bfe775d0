"""A recorded function as machine code, by PyTorch's compiler."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, fx

AUTO_UPDATES = 100_000
"""Updates from which "auto" compiles: compiling takes some 10 to 40 seconds when it is not cached,
and spares a quarter or more of each update, which takes about a millisecond."""


class CompilationError(Exception):
    """The compiler refused; the message is its reason, in one line."""


def should_compile(mode: str, num_updates: int) -> bool:
    """Return whether to compile under a mode: "on", "off", or "auto" by the number of updates."""
    return mode == "on" or (mode == "auto" and num_updates >= AUTO_UPDATES)


def compiled(graph: fx.GraphModule, examples: Sequence[Tensor]) -> Callable[..., Any]:
    """Compile a flat graph of tensor operations.

    The compiler fuses operations, so results agree with the graph's to rounding, not to the bit;
    they remain independent of which members run together. Code is cached on disk, across processes
    and runs.

    Args:
        graph: from tensors to a list of tensors.
        examples: tensors of the shapes and dtypes that all calls will have.

    Raises:
        CompilationError: if there is no compiler, or it cannot take the graph.
    """
    try:
        from torch._inductor import config, standalone_compile

        # One thread in the code, as everywhere; and none of the compiler's own worker processes.
        with config.patch(compile_threads=1):
            code = standalone_compile(graph, [example.contiguous() for example in examples])

        def function(*tensors: Tensor) -> Any:  # the code relies on the strides of its examples
            return code(*(tensor.contiguous() for tensor in tensors))

        with torch.no_grad():
            function(*(example.clone() for example in examples))
    except Exception as error:
        lines = str(error).strip().splitlines() or [type(error).__name__]
        raise CompilationError(f"{type(error).__name__}: {lines[0]}") from error
    return function
