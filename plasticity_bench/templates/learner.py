"""A learner of your own.

plasticity-bench check my_learner:Learner
plasticity-bench run quick --learner my_learner:Learner
"""

from typing import Annotated

from pydantic import Field
from torch import Tensor

import plasticity_bench as pb


class Learner(pb.Learner):
    """Adam with a pull towards the initial parameters, small noise, and averaged predictions.

    It is an example of the usual hooks: keep what your method needs, and delete the rest. A hook is
    written for one network and one seed, and run for all seeds at once. It gets tensors, and
    returns new ones; it changes nothing in place, and keeps nothing but in memory().
    """

    # Hyperparameters: a name, a type, a default. Set one with -H strength=1e-4, or in a suite.
    # Numbers must not be negative unless the type says what they may be.
    strength: float = 1e-3
    noise_scale: float = 1e-4
    rate: Annotated[float, Field(gt=0, le=1)] = 0.1

    def penalty(self, params: pb.Params, state: pb.State) -> Tensor:
        """Return what is added to the loss, a scalar. It is differentiated by `params`."""
        squares = [(params[name] - state.initial[name]).square().sum() for name in params]
        return self.strength / 2 * sum(squares[1:], squares[0])

    def memory(self, params: pb.Params) -> pb.Memory:
        """Return the learner's own tensors as they begin; hooks find them in `state.memory`."""
        return dict(params)  # the average begins at the initial parameters

    def after_update(self, state: pb.State, noise: pb.Noise) -> pb.State:
        """Return the state after what follows each step of the optimiser."""
        # Random numbers come from `noise` only: seeds then stay independent of each other.
        params = {
            name: value + self.noise_scale * noise.normal(value)
            for name, value in state.params.items()
        }
        average = {
            name: value + self.rate * (params[name] - value) for name, value in state.memory.items()
        }
        return state._replace(params=params, memory=average)

    def predict_params(self, state: pb.State) -> pb.Params:
        """Return the parameters that predictions are made with."""
        return state.memory
