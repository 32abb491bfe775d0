"""L2 regularisation."""

from typing import ClassVar

from torch import Tensor

from plasticity_bench import Learner, LogUniform, Params, State


class L2(Learner):
    """Add strength / 2 * ||params||^2 to the loss, over all parameters.

    A term of the loss, so that Adam rescales its gradient too; not decoupled as in AdamW.
    """

    strength: float = 1e-3
    search: ClassVar = {"strength": LogUniform(1e-6, 1e-1)}

    def penalty(self, params: Params, state: State) -> Tensor:
        """Return strength / 2 times the squared distance from zero."""
        squares = [value.square().sum() for value in params.values()]
        return self.strength / 2 * sum(squares[1:], squares[0])
