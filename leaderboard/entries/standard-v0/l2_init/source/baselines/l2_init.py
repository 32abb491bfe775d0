"""L2 regularisation towards the initial parameters."""

from typing import ClassVar

from torch import Tensor

from plasticity_bench import Learner, LogUniform, Method, Params, State


class L2Init(Learner):
    """Add strength / 2 * ||params - initial||^2 to the loss, over all parameters but norms'.

    Kumar et al. (2023), arXiv:2308.11958 ("regenerative regularisation"); the factor one half, and
    that gains and biases of norms are free, are their code's. The anchor is the network's first
    parameters, through all tasks.
    """

    method = Method(
        paper="2308.11958",
        year=2023,
        authors="Kumar et al.",
        code="https://github.com/skumar9876/L2_Init",
        commit="3f86d26ff06c20a39c556dfc43a3ecd844d5c55e",
        verified="authors' code",
    )

    strength: float = 1e-2
    search: ClassVar = {"strength": LogUniform(1e-5, 1e-1)}

    def penalty(self, params: Params, state: State) -> Tensor:
        """Return strength / 2 times the squared distance from the initial parameters."""
        norms = self.network.norms
        squares = [
            (value - state.initial[name]).square().sum()
            for name, value in params.items()
            if name not in norms
        ]
        return self.strength / 2 * sum(squares[1:], squares[0])
