"""A new optimiser for every task."""

from plasticity_bench import Learner, Method, Noise, Params, State


class OptimizerReset(Learner):
    """At a task's start, zero the optimiser's moments and its count of updates.

    Asadi et al. (2023), arXiv:2306.17833. The parameters are kept.
    """

    method = Method(
        paper="2306.17833",
        year=2023,
        authors="Asadi et al.",
        verified="paper",
        differences=("Theirs resets when a target network of reinforcement learning is replaced.",),
    )

    def begin_task(self, state: State, fresh: Params, noise: Noise) -> State:
        """Forget the optimiser's state."""
        begun = self.restart(fresh)
        return state._replace(moments=begun.moments, step=begun.step)
