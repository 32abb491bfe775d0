"""Shrink and perturb, at every update."""

from plasticity_bench import Learner, Noise, State


class ShrinkAndPerturb(Learner):
    """After every update: params <- (1 - shrink) * params + noise_scale * N(0, 1), all parameters.

    Ash and Adams (2020), arXiv:1910.08475, did this between two trainings; at every update it needs
    no task boundary (Dohare et al., 2021, arXiv:2108.06325). Departure from Kumar et al. (2023),
    whose noise is a re-initialised network: here it is Gaussian, of one scale for all layers.
    """

    shrink: float = 1e-4
    noise_scale: float = 1e-3

    def after_update(self, state: State, noise: Noise) -> State:
        """Shrink all parameters towards zero and add noise to them."""
        kept = 1 - self.shrink
        return state._replace(
            params={
                name: kept * value + self.noise_scale * noise.normal(value)
                for name, value in state.params.items()
            }
        )
