"""Shrink and perturb, at every task."""

from typing import ClassVar

from plasticity_bench import Learner, LogUniform, Noise, Params, State, Uniform


class ShrinkAndPerturbTasks(Learner):
    """At a task's start: params <- (1 - shrink) * params + perturb * fresh, all parameters.

    Ash and Adams (2020), arXiv:1910.08475, whose noise is Gaussian; here it is a newly initialised
    network times `perturb`, so that each layer's noise has the size of its weights, and `shrink` =
    `perturb` mixes the old network with a new one. As a new training begins there, the optimiser
    begins anew. The defaults are ours.
    """

    shrink: float = 0.4
    perturb: float = 0.4
    search: ClassVar = {"shrink": Uniform(0.0, 1.0), "perturb": LogUniform(1e-2, 1.0)}

    def begin_task(self, state: State, fresh: Params, noise: Noise) -> State:
        """Mix the parameters with new ones, and forget the optimiser's averages."""
        params = {
            name: (1 - self.shrink) * value + self.perturb * fresh[name]
            for name, value in state.params.items()
        }
        begun = self.restart(fresh)
        return state._replace(params=params, moments=begun.moments, step=begun.step)
