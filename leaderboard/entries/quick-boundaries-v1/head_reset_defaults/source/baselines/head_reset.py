"""A new last layer for every task."""

from plasticity_bench import Learner, Method, Noise, Params, State


class HeadReset(Learner):
    """At a task's start, initialise the last layer anew, and zero its moments.

    Nikishin et al. (2022), arXiv:2205.07802, who reset the last layers of agents periodically. The
    count of updates that Adam corrects its averages by is one for all parameters and is not reset,
    so that the new layer's first steps are larger than at the very start.
    """

    method = Method(
        paper="2205.07802",
        year=2022,
        authors="Nikishin et al.",
        verified="paper",
        differences=("At every task; theirs resets periodically, in reinforcement learning.",),
    )

    def begin_task(self, state: State, fresh: Params, noise: Noise) -> State:
        """Replace the last layer's parameters."""
        last = self.network.head
        head = {last.weight, last.bias}
        params = {k: fresh[k] if k in head else value for k, value in state.params.items()}
        moments = {
            moment: {
                k: value.new_zeros(value.shape) if k in head else value
                for k, value in averages.items()
            }
            for moment, averages in state.moments.items()
        }
        return state._replace(params=params, moments=moments)
