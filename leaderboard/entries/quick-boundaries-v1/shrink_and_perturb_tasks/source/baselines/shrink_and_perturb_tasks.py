"""Shrink and perturb, at every task."""

from typing import ClassVar

from plasticity_bench import Learner, LogUniform, Method, Noise, Params, State, Uniform


class ShrinkAndPerturbTasks(Learner):
    """At a task's start: params <- (1 - shrink) * params + perturb * fresh, all parameters.

    Ash and Adams (2020), arXiv:1910.08475, as their code does it: what is added is a newly
    initialised network times `perturb`, so that each layer's noise has the size of its weights, and
    the optimiser begins anew. `shrink` = `perturb` mixes the old network with a new one.

    Their code's `shrink` is the factor that is kept: its defaults 0.4 and 0.1 are `shrink=0.6`,
    `perturb=0.1` here, which are the defaults. Do not copy 0.4.
    """

    method = Method(
        paper="1910.08475",
        year=2020,
        authors="Ash and Adams",
        code="https://github.com/JordanAsh/warm_start",
        commit="896176b2cf89f259bcde8e241a8987e6019741d0",
        verified="authors' code",
        differences=("`shrink` is what is taken away; their `shrink` is what is kept.",),
    )

    shrink: float = 0.6
    perturb: float = 0.1
    search: ClassVar = {"shrink": Uniform(0.0, 1.0), "perturb": LogUniform(1e-2, 1.0)}

    def begin_task(self, state: State, fresh: Params, noise: Noise) -> State:
        """Mix the parameters with new ones, and forget the optimiser's averages."""
        params = {
            name: (1 - self.shrink) * value + self.perturb * fresh[name]
            for name, value in state.params.items()
        }
        begun = self.restart(fresh)
        return state._replace(params=params, moments=begun.moments, step=begun.step)
