"""The update of a population in the form that is called: compiled, recorded, or looped.

Before it is used, it is compared with the hooks that it is made of.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from torch import Tensor
from torch.utils import _pytree as pytree

from plasticity_bench.learners.learner import Learner
from plasticity_bench.programs import purity
from plasticity_bench.programs.compiling import CompilationError
from plasticity_bench.programs.hook_state import HookState
from plasticity_bench.programs.replicas import Replicas
from plasticity_bench.programs.tracing import flat, trace

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
        fallback: why it does not although that was requested; None without a reason.
    """

    function: Callable[..., list[Tensor]]
    compiled: bool = False
    fallback: str | None = None


def prepare(
    replicas: Replicas,
    update: Callable[..., Any],
    hook_state: HookState,
    arguments: Arguments,
    into_code: bool,
) -> Prepared:
    """Return the update of all replicas: compiled if requested and possible, recorded, or looped.

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
        _check(replicas.learner, hook_state, update, of_all, prepared, arguments)
    return prepared


def _prepared(
    learner: Learner, of_all: Callable[..., Any], arguments: Arguments, into_code: bool
) -> Prepared:
    if not learner.vectorized:
        fallback = "the learner is not vectorized" if into_code else None
        return Prepared(flat(of_all, pytree.tree_structure(arguments)), fallback=fallback)
    fallback = None
    if into_code:
        try:
            num_carried = len(pytree.tree_leaves(arguments[0]))
            code = trace(of_all, arguments, into_code=True, num_carried=num_carried)
            return Prepared(code, compiled=True)
        except CompilationError as error:
            fallback = str(error)
    return Prepared(trace(of_all, arguments), fallback=fallback)


def _check(
    learner: Learner,
    hook_state: HookState,
    update: Callable[..., Any],
    of_all: Callable[..., Any],
    prepared: Prepared,
    arguments: Arguments,
) -> None:
    """Check one replica's hooks, and the recorded update of all, which compilation rounds anew."""
    first = pytree.tree_map(lambda tensor: tensor[0], arguments)
    purity.check_repeatable(
        learner, hook_state, lambda: pytree.tree_leaves(update(learner, *first))
    )
    if not learner.vectorized or prepared.compiled:
        return
    for count in COUNTS:
        later = _later(arguments, count)
        recorded = prepared.function(*pytree.tree_leaves(later))
        purity.check_recorded(learner, recorded, pytree.tree_leaves(of_all(*later)))


def _later(arguments: Arguments, count: int) -> Arguments:
    """Arguments of the same shapes, of a later update and with other data."""
    state, keys, clock, inputs, targets = arguments
    state = state._replace(step=state.step + count)
    return state, keys, clock + count, inputs.flip(1), targets.roll(1, 1)
