"""The update of a population in the form that is called: a program, a record, or a loop.

Before it is used, it is compared with the hooks that it is made of.
"""

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from torch import Tensor
from torch.utils import _pytree as pytree

from plasticity_bench.learners.learner import Learner
from plasticity_bench.programs import purity
from plasticity_bench.programs.compiling import CompilationError
from plasticity_bench.programs.hook_state import HookState
from plasticity_bench.programs.kernels.building import BuildError
from plasticity_bench.programs.program import UnsupportedError
from plasticity_bench.programs.replicas import Replicas
from plasticity_bench.programs.tracing import flat, program, trace

Arguments = tuple[Any, ...]
"""State, keys, clock, inputs and targets of all replicas."""

COUNTS = (9, 99, 999)
"""The recorded update is compared with the hooks as the next of that many updates."""


@dataclass(frozen=True)
class Prepared:
    """An update that is ready to be called.

    Attributes:
        function: from the tensors of its arguments, in order, to those of its results.
        compiled: whether it runs as machine code.
        fallback: why it did not although that was requested; None without a reason.
        varies: what may give other bits on another processor; empty if nothing does.
    """

    function: Callable[..., list[Tensor]]
    compiled: bool = False
    fallback: str | None = None
    varies: tuple[str, ...] = ()


def prepare(
    replicas: Replicas,
    update: Callable[..., Any],
    hook_state: HookState,
    arguments: Arguments,
    into_code: bool,
) -> Prepared:
    """Return the update of all replicas.

    On the CPU it is a program, with the same bits on every processor; elsewhere it is recorded, and
    compiled if that is requested and possible. That of a learner that is not vectorized is a loop.

    Args:
        replicas: all of them.
        update: of one replica, (learner, *arguments).
        hook_state: what the learner's hooks can reach.
        arguments: of the shapes and dtypes that all later calls will have.
        into_code: whether it is to be compiled.

    Raises:
        LearnerError: if a hook depends on more than its arguments.
    """
    of_all = replicas.map(update)
    prepared = _prepared(replicas.learner, of_all, arguments, into_code)
    if purity.is_due(replicas.learner):  # after recording, which tells some faults with their line
        _check(replicas.learner, hook_state, update, of_all, arguments)
    return prepared


def _prepared(
    learner: Learner, of_all: Callable[..., Any], arguments: Arguments, into_code: bool
) -> Prepared:
    if not learner.vectorized:
        fallback = "the learner is not vectorized" if into_code else None
        function = flat(of_all, pytree.tree_structure(arguments))
        return Prepared(function, fallback=fallback, varies=("the learner is not vectorized",))
    fallback = None
    varies: tuple[str, ...] = ("another device",)
    if _on_cpu(arguments):
        try:
            num_carried = len(pytree.tree_leaves(arguments[0]))
            made = program(of_all, arguments, num_carried=num_carried, into_code=into_code)
            return Prepared(made, compiled=into_code, varies=tuple(made.called))
        except (UnsupportedError, BuildError) as error:
            varies = (str(error),)
    elif into_code:
        try:
            num_carried = len(pytree.tree_leaves(arguments[0]))
            code = trace(of_all, arguments, into_code=True, num_carried=num_carried)
            return Prepared(code, compiled=True, varies=varies)
        except CompilationError as error:
            fallback = str(error)
    return Prepared(trace(of_all, arguments), fallback=fallback, varies=varies)


def _check(
    learner: Learner,
    hook_state: HookState,
    update: Callable[..., Any],
    of_all: Callable[..., Any],
    arguments: Arguments,
) -> None:
    """Check one replica's hooks, and the recorded update of all."""
    first = pytree.tree_map(lambda tensor: tensor[0], arguments)
    purity.check_repeatable(
        learner, hook_state, lambda: pytree.tree_leaves(update(learner, *first))
    )
    if not learner.vectorized:
        return
    record = trace(of_all, arguments)  # a program rounds in another way
    for count in COUNTS:
        later = _later(arguments, count)
        recorded = record(*pytree.tree_leaves(later))
        purity.check_recorded(learner, recorded, pytree.tree_leaves(of_all(*later)))


def prepare_prediction(
    learner: Learner, predict: Callable[..., Any], arguments: Arguments
) -> Callable[..., list[Tensor]]:
    """Return the predictions of all replicas as a program, where that is possible.

    Args:
        learner: whose predictions they are.
        predict: of all replicas.
        arguments: state and inputs, of the shapes that all later calls will have.
    """
    if learner.vectorized and _on_cpu(arguments):
        with contextlib.suppress(UnsupportedError, BuildError):
            return program(predict, arguments)
    return flat(predict, pytree.tree_structure(arguments))


def _on_cpu(arguments: Arguments) -> bool:
    return all(leaf.device.type == "cpu" for leaf in pytree.tree_leaves(arguments))


def _later(arguments: Arguments, count: int) -> Arguments:
    """Arguments of the same shapes, of a later update and with other data."""
    state, keys, clock, inputs, targets = arguments
    state = state._replace(step=state.step + count)
    return state, keys, clock + count, inputs.flip(1), targets.roll(1, 1)
