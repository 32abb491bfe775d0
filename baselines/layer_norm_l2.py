"""Layer normalisation and L2 regularisation together."""

from dataclasses import replace
from typing import ClassVar

from torch import Tensor, nn

from plasticity_bench import Learner, LogUniform, Method, NetworkSpec, Params, State, build_network


class LayerNormL2(Learner):
    """Layer normalisation before every activation; strength / 2 * ||params||^2 in the loss.

    Lyle et al. (2024), arXiv:2402.18762, find that the two together remove more of the loss of
    plasticity than either. The penalty is on all parameters, gains and biases of the norms too;
    which of them the authors leave out is not verified.
    """

    method = Method(
        paper="2402.18762",
        year=2024,
        authors="Lyle et al.",
        verified="paper",
        differences=("The penalty is on norms too; what theirs leaves out is not stated.",),
    )

    strength: float = 1e-3
    search: ClassVar = {"strength": LogUniform(1e-6, 1e-1)}

    def build(self, spec: NetworkSpec) -> nn.Module:
        """Build the network with its norm replaced."""
        return build_network(replace(spec, norm="layer"))

    def penalty(self, params: Params, state: State) -> Tensor:
        """Return strength / 2 times the squared distance from zero."""
        squares = [value.square().sum() for value in params.values()]
        return self.strength / 2 * sum(squares[1:], squares[0])
