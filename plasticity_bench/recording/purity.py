"""Whether a recorded update does what the hooks do when they are called anew."""

import time
from collections.abc import Callable, Sequence

from torch import Tensor

from plasticity_bench.errors import LearnerError
from plasticity_bench.learners.learner import Learner
from plasticity_bench.recording.bits import same
from plasticity_bench.recording.hook_state import REMEDY, HookState

Update = Callable[[], Sequence[Tensor]]

REPEATS = 11
"""Calls of the hooks on the same arguments: what acts in every tenth is seen."""

SECONDS = 0.25
"""After this time there are no more repetitions, but two there are always."""

_checked: set[tuple[object, ...]] = set()


def forget(cls: type[Learner]) -> None:
    """Make updates of a class due again."""
    _checked.difference_update([key for key in _checked if key[0] is cls])


def is_due(learner: Learner) -> bool:
    """Return whether updates of a learner are to be checked: once for its class and switches.

    Switches are the hyperparameters that are no floats. True once in a process.
    """
    switches = [v for v in learner.hyperparameters().items() if not isinstance(v[1], float)]
    key = (type(learner), *switches)
    if key in _checked:
        return False
    _checked.add(key)
    return True


def check_repeatable(learner: Learner, state: HookState, update: Update) -> None:
    """Check that the same arguments give the same results, and that no hook changes Python state.

    Args:
        learner: whose hooks the update calls.
        state: of its hooks, from before any was called.
        update: calls the hooks anew.

    Raises:
        LearnerError: if not.
    """
    began = time.perf_counter()
    first = state.call(update)
    for repeat in range(1, REPEATS):
        if repeat > 2 and time.perf_counter() - began > SECONDS:
            break
        if not same(first, update()):
            raise _fault(learner, "called again with the same arguments, its hooks return others")
    state.check()


def check_recorded(learner: Learner, recorded: Sequence[Tensor], anew: Sequence[Tensor]) -> None:
    """Check that a recorded update and the hooks, called anew, gave the same results.

    Raises:
        LearnerError: if they did not.
    """
    if not same(recorded, anew):
        raise _fault(learner, "the recorded update differs from its hooks, called anew")


def _fault(learner: Learner, problem: str) -> LearnerError:
    return LearnerError(
        f"Learner {type(learner).__name__}: {problem}, perhaps for a counter, a clock, a random "
        f"number or a global variable in one of them: {REMEDY}."
    )
