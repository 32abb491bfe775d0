"""L2 regularisation."""

from typing import ClassVar

from torch import Tensor

from plasticity_bench import Learner, LogUniform, Method, Params, State


class L2(Learner):
    """Add strength / 2 * ||params||^2 to the loss, over all parameters but those of norms.

    As Kumar et al. (2023), arXiv:2308.11958, compare with. A term of the loss, so that Adam
    rescales its gradient too; not decoupled as in AdamW. `weight_decay` is the same on all
    parameters, gains and biases of norms included.
    """

    method = Method(
        paper="2308.11958",
        year=2023,
        authors="Kumar et al.",
        code="https://github.com/skumar9876/L2_Init",
        commit="3f86d26ff06c20a39c556dfc43a3ecd844d5c55e",
        verified="authors' code",
    )

    strength: float = 1e-3
    search: ClassVar = {"strength": LogUniform(1e-6, 1e-1)}

    def penalty(self, params: Params, state: State) -> Tensor:
        """Return strength / 2 times the squared distance from zero."""
        norms = self.network.norms
        squares = [value.square().sum() for name, value in params.items() if name not in norms]
        return self.strength / 2 * sum(squares[1:], squares[0])
