"""Shrink and perturb, at every update."""

from typing import ClassVar

from plasticity_bench import Learner, LogUniform, Memory, Method, Noise, Params, State


class ShrinkAndPerturb(Learner):
    """After every update: params <- (1 - shrink) * params + noise_scale * N(0, 1), all parameters.

    Ash and Adams (2020), arXiv:1910.08475, did this between two trainings; at every update it needs
    no task boundary (Dohare et al., 2021, arXiv:2108.06325).

    The noise of Kumar et al. (2023), arXiv:2308.11958, is a newly initialised network. With
    `relative=True` it is of that size: each tensor's noise is multiplied by the standard deviation
    of its initial values; but it is Gaussian, where theirs has the initialisation's distribution.
    """

    method = Method(
        paper="2308.11958",
        year=2023,
        authors="Kumar et al.",
        code="https://github.com/skumar9876/L2_Init",
        commit="3f86d26ff06c20a39c556dfc43a3ecd844d5c55e",
        verified="authors' code",
        differences=("Noise is Gaussian; theirs is a new network, whose spread `relative` has.",),
    )

    shrink: float = 1e-4
    noise_scale: float = 1e-3
    relative: bool = False
    search: ClassVar = {"shrink": LogUniform(1e-6, 1e-2), "noise_scale": LogUniform(1e-6, 1e-1)}

    def memory(self, params: Params) -> Memory:
        """Keep the spread of each tensor's initial values, if noise is relative to it."""
        if not self.relative:
            return {}
        return {name: value.std(correction=0) for name, value in params.items()}

    def after_update(self, state: State, noise: Noise) -> State:
        """Shrink all parameters towards zero and add noise to them."""
        kept = 1 - self.shrink
        moved = {}
        for name, value in state.params.items():
            spread = state.memory[name] if self.relative else 1.0
            moved[name] = kept * value + self.noise_scale * spread * noise.normal(value)
        return state._replace(params=moved)
