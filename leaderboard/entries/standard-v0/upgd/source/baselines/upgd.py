"""Utility-based perturbed gradient descent."""

from typing import Annotated, ClassVar

import torch
from pydantic import Field
from torch import Tensor

from plasticity_bench import Choice, Learner, LogUniform, Memory, Method, Noise, Params, State


class UPGD(Learner):
    """Move and perturb the less useful weights more.

    At every update, for all parameters, with gradients g and the t-th utility u:

        u <- utility_decay * u - (1 - utility_decay) * g * params
        s = sigmoid(u / (1 - utility_decay^t) / max u), the maximum over the whole network
        params <- (1 - step_size * weight_decay) * params
                  - step_size * (g + noise_scale * N(0, 1)) * (1 - s)

    Elsayed and Mahmood (2024), arXiv:2404.00781: the first-order, weight-wise, globally scaled
    form. Their code corrects u by 1 / (1 - utility_decay^t), but not its maximum, so that useful
    weights hardly move in the first 1 / (1 - utility_decay) updates: the default.
    `correct_maximum=True` corrects both, in which the correction cancels; no release of theirs
    does. The variant in the README of their code steps twice as far: twice the step size, and half
    the weight decay. A maximum that is not positive is taken to be tiny.
    """

    method = Method(
        paper="2404.00781",
        year=2024,
        authors="Elsayed and Mahmood",
        code="https://github.com/mohmdelsayed/upgd",
        commit="b75e90ad4b09c28971ac9dbb902a8fd86709b28c",
        verified="authors' code",
        differences=("A maximum that is not positive is taken to be tiny; theirs divides by it.",),
    )

    optimizer = "sgd"
    step_size = 1e-2
    weight_decay = 1e-3
    noise_scale: float = 1e-3
    utility_decay: Annotated[float, Field(ge=0, lt=1)] = 0.999
    correct_maximum: bool = False
    search: ClassVar = {
        "step_size": LogUniform(1e-4, 1.0),
        "noise_scale": LogUniform(1e-4, 1.0),
        "weight_decay": LogUniform(1e-5, 1e-1),
        "utility_decay": Choice(0.9, 0.99, 0.999, 0.9999),
    }

    def memory(self, params: Params) -> Memory:
        """Keep the running average of each weight's utility."""
        return {name: torch.zeros_like(value) for name, value in params.items()}

    def apply_gradients(self, gradients: Params, state: State, noise: Noise) -> State:
        """Do a step of the optimiser on perturbed gradients, scaled down by utility."""
        utility = {
            name: self.utility_decay * average
            - (1 - self.utility_decay) * gradients[name] * state.params[name]
            for name, average in state.memory.items()
        }
        largest = torch.stack([value.max() for value in utility.values()]).max()
        scale = largest.clamp_min(1e-30)
        if not self.correct_maximum:
            scale = scale * (1 - self.utility_decay ** state.step.double()).to(scale.dtype)
        moved: dict[str, Tensor] = {}
        for name, g in gradients.items():
            useful = torch.sigmoid(utility[name] / scale)
            moved[name] = (g + self.noise_scale * noise.normal(g)) * (1 - useful)
        return super().apply_gradients(moved, state._replace(memory=utility), noise)
