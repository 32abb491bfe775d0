"""The reference: a new network for every task."""

from plasticity_bench import Learner, Method, Noise, Params, State


class Fresh(Learner):
    """Forget everything at each task's start, and train from a new initialisation with Adam.

    What it reaches on a task is what an unspoiled network reaches on it. It must be told where
    tasks begin, which the evaluator does for a suite's reference whatever others are told.
    """

    method = Method()

    def begin_task(self, state: State, fresh: Params, noise: Noise) -> State:
        """Start again: parameters, anchor, moments, memory and step count."""
        return self.restart(fresh)
