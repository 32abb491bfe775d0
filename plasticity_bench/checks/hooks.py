"""Checks of single hook calls: what they return, and whether they change their arguments.

The learner runs replica by replica without vmap or tracing, so that every value is concrete.
"""

import inspect
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils import _pytree as pytree

from plasticity_bench.errors import LearnerError
from plasticity_bench.learners.learner import HOOKS, Learner
from plasticity_bench.learners.optimizers import Params

PENALTIES = {"penalty": "params", "hidden_penalty": "hidden"}
"""Hooks of which nothing but the gradient has an effect, and what it is taken for."""
HUGE = 1e3  # larger parameters are reported as such
# (class's name, hook, its arguments by name) -> what is called with the value that it returned
Look = Callable[[str, str, dict[str, Any]], Callable[[Any], None]]


def unchanging(learner: Learner) -> Learner:
    """Return the learner, whose hooks now raise a `LearnerError` if they change an argument."""
    return _watched(learner, _look_for_changes)


def finite(learner: Learner) -> Learner:
    """Return the learner, whose hooks now raise a `LearnerError` where a number is not finite."""
    return _watched(learner, _look_for_infinities)


def differentiable(learner: Learner) -> Learner:
    """Return the learner, whose penalties now raise a `LearnerError` if they have no gradient."""
    return _watched(learner, _look_for_gradients)


def _watched(learner: Learner, look: Look) -> Learner:
    """A copy of the learner that inspects each overridden hook before and after its call.

    `apply_gradients` is always inspected, because it receives the gradients of the loss.
    """
    cls = type(learner)
    hooks = [hook for hook in HOOKS if cls.overrides(hook) or hook == "apply_gradients"]
    body = {hook: _watched_hook(hook, look) for hook in hooks}
    attributes = {"vectorized": False, "__module__": cls.__module__, **body}
    made: Learner = object.__new__(type(cls.__name__, (cls,), attributes))
    vars(made).update(vars(learner))
    return made


def _watched_hook(hook: str, look: Look) -> Callable[..., Any]:
    names = list(inspect.signature(getattr(Learner, hook)).parameters)[1:]

    def call(self: Learner, *given: Any, **named: Any) -> Any:
        arguments = {**dict(zip(names, given, strict=False)), **named}
        done = look(type(self).__name__, hook, arguments)
        returned = getattr(super(type(self), self), hook)(*given, **named)
        done(returned)
        return returned

    return call


def _look_for_changes(learner: str, hook: str, arguments: dict[str, Any]) -> Callable[[Any], None]:
    before = _tensors(arguments)
    copies = {name: value.detach().clone() for name, value in before.items()}

    def look(_returned: Any) -> None:
        now = _tensors(arguments)
        for name in before | now:
            if before.get(name) is not now.get(name) or not _same(now[name], copies[name]):
                raise LearnerError(
                    f"Learner {learner}, hook {hook}: it changes its argument {name}: make new "
                    "tensors, `a + b` for `a += b` or `a.add_(b)`, and new dictionaries, "
                    "`{**state.memory, ...}`, and return state._replace(...)."
                )

    return look


def _look_for_infinities(
    learner: str, hook: str, arguments: dict[str, Any]
) -> Callable[[Any], None]:
    given = _beyond(arguments)
    if given and hook == "apply_gradients":
        raise _not_finite_gradient(learner, given, arguments["state"].params)
    if given:
        raise LearnerError(
            f"Learner {learner}, hook {hook}: its argument {given} is not finite, although no "
            "hook returned it: parameters have become or started too large: lower step_size, or "
            "let build begin with smaller weights."
        )

    def look(returned: Any) -> None:
        made = _beyond({"its result": returned})
        if made:
            raise LearnerError(
                f"Learner {learner}, hook {hook}: {made} is not finite, although all of its "
                "arguments are: keep divisors, and arguments of square roots and logarithms, above "
                "zero, `x.clamp_min(1e-8)`."
            )

    return look


def _look_for_gradients(
    learner: str, hook: str, arguments: dict[str, Any]
) -> Callable[[Any], None]:
    differentiated = any(value.requires_grad for value in _tensors(arguments).values())

    def look(returned: Any) -> None:
        if hook not in PENALTIES or not differentiated or not isinstance(returned, Tensor):
            return
        if not returned.requires_grad and bool(returned != 0):
            raise LearnerError(
                f"Learner {learner}, hook {hook}: what it returns has no gradient, so it changes "
                "nothing: compute it without torch.no_grad(), .detach() and .item(), from "
                f"`{PENALTIES[hook]}`."
            )

    return look


def _not_finite_gradient(learner: str, name: str, params: Params) -> LearnerError:
    largest = max(value.abs().max().item() for value in params.values())
    remedy = (
        f"parameters have grown to {largest:.0e}: lower step_size, or change them less in hooks"
        if largest > HUGE
        else "the square root and the norm of zero have no finite derivative, so add a small "
        "number before they are taken"
    )
    return LearnerError(f"Learner {learner}: {name}, for apply_gradients, is not finite: {remedy}.")


def _tensors(arguments: dict[str, Any]) -> dict[str, Tensor]:
    """Tensors in nested dictionaries and tuples by path, such as state.params['head.bias']."""
    by_path = {}
    for argument, tree in arguments.items():
        if isinstance(tree, nn.Module):
            tree = dict(tree.named_parameters())  # noqa: PLW2901
        for path, leaf in pytree.tree_flatten_with_path(tree)[0]:
            if isinstance(leaf, Tensor):
                by_path[f"{argument}{pytree.keystr(path)}"] = leaf
    return by_path


def _beyond(arguments: dict[str, Any]) -> str:
    """Name of the first tensor that is not finite; a learner's memory may contain infinities."""
    for name, value in _tensors(arguments).items():
        if ".memory" not in name and not bool(value.detach().isfinite().all()):
            return name
    return ""


def _same(one: Tensor, other: Tensor) -> bool:
    if one.shape != other.shape:
        return False
    with torch.no_grad():
        return bool(((one == other) | (one.isnan() & other.isnan())).all())
