"""Selective weight re-initialisation: single weights of little use begin anew."""

from typing import Annotated, ClassVar

import torch
from pydantic import Field
from torch import Tensor

from plasticity_bench import Choice, Learner, LogUniform, Method, Noise, Params, State


class SelectiveWeightReinitialization(Learner):
    """After every `period`-th update, initialise the least useful weights of each tensor anew.

    Hernandez-Garcia et al. (2025), arXiv:2508.00212. A weight's utility is |gradient * weight|, or
    |weight| with `by_gradient=False`. Those of utility up to `factor` times the tensor's mean are
    replaced, or with `proportional=True` the fraction `factor` of lowest utility, whose fractional
    part is one more at random; either as in their code, without its running average of utilities.
    New values are uniform, with the mean and standard deviation of the tensor's initial values; so
    gains of norms return to one. Moments are left alone, as theirs are.
    """

    method = Method(
        paper="2508.00212",
        year=2025,
        authors="Hernandez-Garcia et al.",
        code="https://github.com/JFernando4/collas_2025_swr_paper",
        commit="5c8ef0368674599f2c2fe20a8c19097e49dff3b7",
        verified="authors' code",
        differences=(
            "New values have the mean and spread of the tensor's initial ones; theirs are given.",
            "Without their running average of utilities, which is off by default.",
        ),
    )

    factor: float = 1e-2
    period: Annotated[int, Field(ge=1)] = 100
    by_gradient: bool = True
    proportional: bool = False
    search: ClassVar = {"factor": LogUniform(1e-4, 1e-1), "period": Choice(10, 100, 1_000)}

    def apply_gradients(self, gradients: Params, state: State, noise: Noise) -> State:
        """Do a step of the optimiser, and replace weights if it is time."""
        state = super().apply_gradients(gradients, state, noise)
        due = state.step % self.period == 0
        params = {}
        for name, value in state.params.items():
            utility = (gradients[name] * value if self.by_gradient else value).abs()
            chosen = due & self._lowest(utility, noise)
            initial = state.initial[name]
            spread = 3**0.5 * initial.std(correction=0)
            new = initial.mean() + spread * (2 * noise.uniform(value) - 1)
            params[name] = torch.where(chosen, new, value)
        return state._replace(params=params)

    def _lowest(self, utility: Tensor, noise: Noise) -> Tensor:
        if not self.proportional:
            return utility <= self.factor * utility.mean()
        number = utility.numel() * self.factor
        # A uniform number is below the fractional part with just that probability.
        whole = torch.floor(number + noise.uniform(utility.flatten()[0]))
        rank = utility.flatten().argsort(stable=True).argsort().reshape(utility.shape)
        return rank < whole
