"""A population's functions in the form that is called: a program, a recorded graph, or a loop."""

import contextlib
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
    """An update that is ready to be called.

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


def prepare_looped(update: Callable[..., Any], arguments: Arguments, into_code: bool) -> Prepared:
    """Return the update of replicas that run in a loop."""
    fallback = "the learner is not recorded" if into_code else None
    function = flat(update, pytree.tree_structure(arguments))
    return Prepared(function, fallback=fallback, varies=("the learner is not recorded",))


def prepare_prediction(
    predict: Callable[..., Any], arguments: Arguments, *, recorded: bool
) -> Callable[..., list[Tensor]]:
    """Return the predictions of all replicas as a program, where that is possible.

    Args:
        predict: of all replicas.
        arguments: state and inputs, of the shapes that all later calls will have.
        recorded: whether the learner is.
    """
    if recorded and _on_cpu(arguments):
        with contextlib.suppress(UnsupportedError, BuildError):
            return program(predict, arguments)
    return flat(predict, pytree.tree_structure(arguments))


def _on_cpu(arguments: Arguments) -> bool:
    return all(leaf.device.type == "cpu" for leaf in pytree.tree_leaves(arguments))
