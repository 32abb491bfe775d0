"""A fast network that returns at times to a slow average of itself."""

from typing import Annotated, ClassVar

import torch
from pydantic import Field

from plasticity_bench import Choice, Learner, Memory, Method, Noise, Params, State


class HareAndTortoise(Learner):
    """Average the parameters slowly, and at times return to the average.

    After every update slow <- momentum_slow * slow + (1 - momentum_slow) * params, and after every
    `period`-th params <- slow.

    Lee et al. (2024), arXiv:2406.02596. The optimiser's moments are kept at the return, as in their
    code. Theirs counts the period in epochs, ours in updates; predictions are the fast network's,
    where their code reports either's.
    """

    method = Method(
        paper="2406.02596",
        year=2024,
        authors="Lee et al.",
        code="https://github.com/dojeon-ai/Hare-Tortoise",
        commit="4ec5ebbe809793aeca25809ea4cb8c45058deadf",
        verified="authors' code",
        differences=(
            "The period is in updates; theirs is in epochs.",
            "A return copies the slow network; in their loop both share memory from then on.",
            "Predictions are the fast network's; theirs reports both.",
        ),
    )

    momentum_slow: Annotated[float, Field(ge=0, le=1)] = 0.999
    period: Annotated[int, Field(ge=1)] = 1000
    search: ClassVar = {
        "momentum_slow": Choice(0.99, 0.999, 0.9999),
        "period": Choice(100, 1_000, 10_000),
    }

    def memory(self, params: Params) -> Memory:
        """Keep the slow network."""
        return dict(params)

    def after_update(self, state: State, noise: Noise) -> State:
        """Move the slow network, and return to it if it is time."""
        weight = 1 - self.momentum_slow
        slow = {
            name: average + weight * (state.params[name] - average)
            for name, average in state.memory.items()
        }
        returns = state.step % self.period == 0
        params = {k: torch.where(returns, slow[k], value) for k, value in state.params.items()}
        return state._replace(params=params, memory=slow)
