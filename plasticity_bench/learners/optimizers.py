"""Optimisers as pure functions over dictionaries of parameters.

Each agrees with the optimiser of the same name in `torch.optim`. Hyperparameters are Python floats,
or scalar float64 tensors where they differ between replicas: in both cases products with float32
tensors are rounded once, so that a replica gets the same numbers alone and in a grid.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

Params = dict[str, Tensor]
Moments = dict[str, Params]
Scalar = float | Tensor


@dataclass(frozen=True)
class Optimizer:
    """An optimiser's update rule.

    Attributes:
        moments: names of the running averages it keeps, each shaped like the parameters.
        settings: names of its hyperparameters.
        update: (params, gradients, moments, step, **settings) -> (params, moments); `step`, a
            scalar int64 tensor, counts updates and is 1 at the first.
    """

    moments: tuple[str, ...]
    settings: tuple[str, ...]
    update: Callable[..., tuple[Params, Moments]]

    def initial_moments(self, params: Params) -> Moments:
        """Return moments of zeros."""
        return {
            moment: {name: torch.zeros_like(value) for name, value in params.items()}
            for moment in self.moments
        }


def _plus(gradients: Params, factor: Scalar, other: Params) -> Params:
    """Return gradients + factor * other, without computing it where the factor is the float 0."""
    if isinstance(factor, float) and factor == 0.0:
        return gradients
    return {name: g + factor * other[name] for name, g in gradients.items()}


def sgd(
    params: Params,
    gradients: Params,
    moments: Moments,
    step: Tensor,  # noqa: ARG001  (every rule has the same arguments)
    *,
    step_size: Scalar,
    momentum: Scalar,
    weight_decay: Scalar,
) -> tuple[Params, Moments]:
    """Stochastic gradient descent with heavy-ball momentum, as `torch.optim.SGD`."""
    gradients = _plus(gradients, weight_decay, params)
    velocity = _plus(gradients, momentum, moments["momentum"])
    params = {name: value - step_size * velocity[name] for name, value in params.items()}
    # Without momentum the last velocity is never read, and storing it would cost a memory pass.
    return params, moments if velocity is gradients else {"momentum": velocity}


def adam(
    params: Params,
    gradients: Params,
    moments: Moments,
    step: Tensor,
    *,
    step_size: Scalar,
    beta1: Scalar,
    beta2: Scalar,
    epsilon: Scalar,
    weight_decay: Scalar,
) -> tuple[Params, Moments]:
    """Adam (Kingma and Ba, 2015, arXiv:1412.6980), as `torch.optim.Adam`.

    In the form at the end of their section 2: the bias corrections are applied to the step size and
    epsilon, which saves a division for each parameter. With a moment "count", the updates since a
    weight was replaced, each weight has its own corrections.
    """
    gradients = _plus(gradients, weight_decay, params)
    counts = {name: value + 1 for name, value in moments.get("count", {}).items()}
    rate, floor = _corrections(step, step_size, beta1, beta2, epsilon)
    first, second, updated = {}, {}, {}
    for name, g in gradients.items():
        first[name] = _towards(moments["first"][name], g, 1 - beta1)
        second[name] = _towards(moments["second"][name], g.square(), 1 - beta2)
        if counts:
            rate, floor = _corrections(counts[name], step_size, beta1, beta2, epsilon)
            rate, floor = rate.to(g.dtype), floor.to(g.dtype)
        updated[name] = params[name] - rate * (first[name] / (second[name].sqrt() + floor))
    averages = {"first": first, "second": second}
    return updated, {**averages, "count": counts} if counts else averages


def _corrections(
    count: Tensor, step_size: Scalar, beta1: Scalar, beta2: Scalar, epsilon: Scalar
) -> tuple[Tensor, Tensor]:
    """The step size and epsilon of Adam after a number of updates, or after that of each weight."""
    count = count.double()
    root = (1 - beta2**count).sqrt()
    return step_size * root / (1 - beta1**count), epsilon * root


def _towards(average: Tensor, value: Tensor, weight: Scalar) -> Tensor:
    """Return the running average moved towards a value by a weight in [0, 1]."""
    if isinstance(weight, Tensor):
        weight = weight.to(value.dtype)
    return torch.lerp(average, value, weight)


OPTIMIZERS: dict[str, Optimizer] = {
    "sgd": Optimizer(("momentum",), ("step_size", "momentum", "weight_decay"), sgd),
    "adam": Optimizer(
        ("first", "second"),
        ("step_size", "beta1", "beta2", "epsilon", "weight_decay"),
        adam,
    ),
}
