"""A population's functions in the form that is called: a program, a recorded graph, or a loop."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from torch import Tensor
from torch.utils import _pytree as pytree

from plasticity_bench.programs.compiling import CompilationError
from plasticity_bench.programs.kernels.building import BuildError
from plasticity_bench.programs.program import UnsupportedError
from plasticity_bench.programs.tracing import program, trace
from plasticity_bench.recording.fx_graphs import flat

Arguments = tuple[Any, ...]
"""State, keys, clock, inputs and targets of all replicas."""


@dataclass(frozen=True)
class Prepared:
    """A function of all replicas that is ready to be called.

    Attributes:
        function: from the tensors of its arguments, in order, to those of its results.
        compiled: whether it runs as machine code.
        fallback: why it does not although that was requested; None without a reason.
        varies: what may give other bits on another processor; empty if nothing does.
    """

    function: Callable[..., list[Tensor]]
    compiled: bool = False
    fallback: str | None = None
    varies: tuple[str, ...] = ()


def prepare(update: Callable[..., Any], arguments: Arguments, into_code: bool) -> Prepared:
    """Return the recorded update of all replicas.

    On the CPU it is a program, with the same bits on every processor; elsewhere it is a graph, and
    compiled if that is requested and possible.

    Args:
        update: of all replicas.
        arguments: of the shapes and dtypes that all later calls will have.
        into_code: whether it is to be compiled.
    """
    num_carried = len(pytree.tree_leaves(arguments[0]))
    fallback = None
    varies: tuple[str, ...] = ("another device",)
    if _on_cpu(arguments):
        try:
            made = program(update, arguments, num_carried=num_carried, into_code=into_code)
            return Prepared(made, compiled=into_code, varies=tuple(made.called))
        except (UnsupportedError, BuildError) as error:
            varies = (str(error),)
    elif into_code:
        try:
            code = trace(update, arguments, into_code=True, num_carried=num_carried)
            return Prepared(code, compiled=True, varies=varies)
        except CompilationError as error:
            fallback = str(error)
    return Prepared(trace(update, arguments), fallback=fallback, varies=varies)


def prepare_looped(
    function: Callable[..., Any], arguments: Arguments, into_code: bool = False
) -> Prepared:
    """Return a function of replicas that run in a loop."""
    fallback = "the learner is not recorded" if into_code else None
    flattened = flat(function, pytree.tree_structure(arguments))
    return Prepared(flattened, fallback=fallback, varies=("the learner is not recorded",))


def prepare_hook(function: Callable[..., Any], arguments: Arguments) -> Prepared:
    """Return another function of all recorded replicas, as a program where that is possible.

    Args:
        function: of all replicas.
        arguments: of the shapes and dtypes that all later calls will have.
    """
    varies: tuple[str, ...] = ("another device",)
    if _on_cpu(arguments):
        try:
            made = program(function, arguments)
            return Prepared(made, varies=tuple(made.called))
        except (UnsupportedError, BuildError) as error:
            varies = (str(error),)
    return Prepared(flat(function, pytree.tree_structure(arguments)), varies=varies)


def _on_cpu(arguments: Arguments) -> bool:
    return all(leaf.device.type == "cpu" for leaf in pytree.tree_leaves(arguments))
