"""A learner of your own.

plasticity-bench check my_learner:Learner
plasticity-bench run quick --learner my_learner:Learner
"""

from typing import Annotated

from pydantic import Field
from torch import Tensor

import plasticity_bench as pb


class Learner(pb.Learner):
    """Adam with L2 regularisation towards the initial parameters, noise, and averaged predictions.

    It shows the most common hooks: keep those that your method needs, and delete the others. A hook
    is written for one network and one seed, and is vectorised over all seeds. It receives tensors
    and returns new ones. It must not modify its arguments, or store anything outside of memory().
    """

    # Hyperparameters have a name, a type and a default. Set them with -H strength=1e-4 or in a
    # suite. Numbers must not be negative, unless the annotation sets other bounds.
    strength: float = 1e-3
    noise_scale: float = 1e-4
    rate: Annotated[float, Field(gt=0, le=1)] = 0.1

    def penalty(self, params: pb.Params, state: pb.State) -> Tensor:
        """Return what is added to the loss, a scalar. Gradients flow through `params`."""
        squares = [(params[name] - state.initial[name]).square().sum() for name in params]
        return self.strength / 2 * sum(squares[1:], squares[0])

    def memory(self, params: pb.Params) -> pb.Memory:
        """Return the initial values of the learner's own tensors; hooks read `state.memory`."""
        return dict(params)  # the average starts at the initial parameters

    def after_update(self, state: pb.State, noise: pb.Noise) -> pb.State:
        """Return the new state after each step of the optimiser."""
        # Draw random numbers only from `noise`, so that seeds are independent of each other.
        params = {
            name: value + self.noise_scale * noise.normal(value)
            for name, value in state.params.items()
        }
        average = {
            name: value + self.rate * (params[name] - value) for name, value in state.memory.items()
        }
        return state._replace(params=params, memory=average)

    def predict_params(self, state: pb.State) -> pb.Params:
        """Return the parameters that are used for predictions."""
        return state.memory
