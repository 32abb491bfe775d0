"""A new optimiser for every task."""

from plasticity_bench import Learner, Noise, Params, State


class OptimizerReset(Learner):
    """At a task's start, zero the optimiser's moments and its count of updates.

    Asadi et al. (2023), arXiv:2306.17833. The parameters are kept.
    """

    def begin_task(self, state: State, fresh: Params, noise: Noise) -> State:
        """Forget the optimiser's state."""
        begun = self.restart(fresh)
        return state._replace(moments=begun.moments, step=begun.step)
