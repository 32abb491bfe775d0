"""L2 regularisation towards the initial parameters."""

from typing import ClassVar

from torch import Tensor

from plasticity_bench import Learner, LogUniform, Params, State


class L2Init(Learner):
    """Add strength / 2 * ||params - initial||^2 to the loss, over all parameters.

    Kumar et al. (2023), arXiv:2308.11958 ("regenerative regularisation"); the factor one half is
    their code's. The anchor is the network's first parameters, through all tasks.
    """

    strength: float = 1e-2
    search: ClassVar = {"strength": LogUniform(1e-5, 1e-1)}

    def penalty(self, params: Params, state: State) -> Tensor:
        """Return strength / 2 times the squared distance from the initial parameters."""
        squares = [(value - state.initial[name]).square().sum() for name, value in params.items()]
        return self.strength / 2 * sum(squares[1:], squares[0])
