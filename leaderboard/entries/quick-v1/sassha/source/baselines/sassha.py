"""SASSHA: second-order steps from where the loss is sharpest nearby."""

from typing import Annotated, ClassVar

import torch
from pydantic import Field

from plasticity_bench import (
    Batch,
    Choice,
    Learner,
    LearnerError,
    LogUniform,
    Memory,
    Method,
    Noise,
    Params,
    State,
    Uniform,
)


class SASSHA(Learner):
    """A step with the gradient and the Hessian's diagonal at params + radius * g / ||g||.

    At the t-th update, with g the gradient at params, g' and H those at params + radius * g /
    ||g||, and signs z drawn for it:

        m <- beta1 m + (1 - beta1) g'
        h <- beta2 h + (1 - beta2) |z * (H z)| and c <- (1 - beta2^t)^power,
             in the first and every `period`-th update after it
        params <- params - step_size * (m / (1 - beta1^t)) / (h^power / c + epsilon)

    Shin et al. (2025), arXiv:2502.18153, algorithm 1, in the form of their code, with one sample of
    z.

    Departures: weight decay beside the step is absent. A recorded update has no branches: H z is
    computed in every update, and used every `period`-th.
    """

    step_size = 0.15
    epsilon = 1e-4
    radius: float = 0.2
    period: Annotated[int, Field(ge=1)] = 10
    power: Annotated[float, Field(gt=0, le=1)] = 0.5
    search: ClassVar = {
        "step_size": LogUniform(1e-4, 1.0),
        "epsilon": LogUniform(1e-8, 1e-1),
        "radius": Uniform(0.0, 0.5),
        "period": Choice(1, 10),
    }
    method = Method(
        paper="2502.18153",
        year=2025,
        authors="Shin et al.",
        code="https://github.com/LOG-postech/Sassha",
        commit="75e2de415bd4750720a4c3171a92d70781e495c9",
        verified="authors' code",
        differences=("Without weight decay beside the step.",),
    )

    def memory(self, params: Params) -> Memory:
        """Keep the correction of the Hessian's average, of the last update that changed it."""
        return {"correction": torch.ones(())}

    def update(self, batch: Batch, state: State, noise: Noise) -> State:
        """Do a step."""
        if self.optimizer != "adam":
            raise LearnerError(
                "Learner SASSHA: it is an optimiser itself, with Adam's settings: leave "
                "`optimizer` at adam."
            )
        ascent = batch.gradients(state.params)
        norm = torch.stack([g.square().sum() for g in ascent.values()]).sum().sqrt()
        scale = self.radius / (norm + 1e-12)
        there = {name: value + scale * ascent[name] for name, value in state.params.items()}
        signs = {name: noise.signs(value) for name, value in there.items()}
        products = batch.hessian_product(there, signs)
        gradients = batch.gradients(there)
        due = (state.step - 1) % self.period == 0
        count = state.step.double()
        correction = torch.where(
            due,
            ((1 - self.beta2**count) ** self.power).to(norm.dtype),
            state.memory["correction"],
        )
        first, second, params = {}, {}, {}
        for name, value in state.params.items():
            g = gradients[name] + self.weight_decay * value
            first[name] = self.beta1 * state.moments["first"][name] + (1 - self.beta1) * g
            before = state.moments["second"][name]
            after = self.beta2 * before + (1 - self.beta2) * products[name].abs()
            second[name] = torch.where(due, after, before)
            size = second[name] ** self.power / correction + self.epsilon
            step = first[name] / (1 - self.beta1**count) / size
            params[name] = value - self.step_size * step
        moments = {"first": first, "second": second}
        return state._replace(
            params=params, moments=moments, memory={**state.memory, "correction": correction}
        )
