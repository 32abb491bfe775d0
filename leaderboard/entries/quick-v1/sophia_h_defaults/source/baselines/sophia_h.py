"""Sophia-H: momentum over the Hessian's diagonal, clipped."""

from typing import Annotated, ClassVar

import torch
from pydantic import Field

from plasticity_bench import (
    Batch,
    Choice,
    Learner,
    LearnerError,
    LogUniform,
    Method,
    Noise,
    State,
)


class SophiaH(Learner):
    """Move against momentum over the Hessian's diagonal, and no parameter further than step_size.

    At every update, with the gradient g, and in the first and every `period`-th after it the
    Hessian H and signs z drawn for it:

        m <- beta1 m + (1 - beta1) g
        h <- beta2 h + (1 - beta2) z * (H z), every `period`-th update
        params <- params - step_size * sign(m) * min(1, |m| / (gamma max(h, 0) + epsilon))

    Liu et al. (2024), arXiv:2305.14342, algorithm 3 with the estimate of algorithm 1. Not verified
    against the authors' code, which has only the form with the Gauss-Newton diagonal, but against
    optimizers/sophiaH.py of https://github.com/LOG-postech/Sassha, commit 75e2de4. The paper
    divides by max(gamma h, epsilon).

    Departures: weight decay beside the step is absent. A recorded update has no branches: H z is
    computed in every update, and used every `period`-th.
    """

    beta1 = 0.965
    beta2 = 0.99
    epsilon = 1e-15
    gamma: Annotated[float, Field(gt=0)] = 0.04
    period: Annotated[int, Field(ge=1)] = 10
    search: ClassVar = {"gamma": LogUniform(1e-3, 1.0), "period": Choice(1, 10)}
    method = Method(
        paper="2305.14342",
        year=2024,
        authors="Liu et al.",
        verified="paper",
        differences=(
            "Compared with the code of LOG-postech/Sassha; the authors' has Sophia-G only.",
            "Without weight decay beside the step.",
        ),
    )

    def update(self, batch: Batch, state: State, noise: Noise) -> State:
        """Do a clipped step."""
        if self.optimizer != "adam":
            raise LearnerError(
                "Learner SophiaH: it is an optimiser itself, with Adam's settings: leave "
                "`optimizer` at adam."
            )
        signs = {name: noise.signs(value) for name, value in state.params.items()}
        products = batch.hessian_product(state.params, signs)
        gradients = batch.gradients(state.params)
        due = (state.step - 1) % self.period == 0
        first, second, params = {}, {}, {}
        for name, value in state.params.items():
            g = gradients[name] + self.weight_decay * value
            first[name] = self.beta1 * state.moments["first"][name] + (1 - self.beta1) * g
            before = state.moments["second"][name]
            diagonal = signs[name] * products[name]
            after = self.beta2 * before + (1 - self.beta2) * diagonal
            second[name] = torch.where(due, after, before)
            size = self.gamma * second[name].clamp_min(0.0) + self.epsilon
            share = (first[name].abs() / size).clamp_max(1.0)
            params[name] = value - self.step_size * (first[name].sign() * share)
        return state._replace(params=params, moments={"first": first, "second": second})
