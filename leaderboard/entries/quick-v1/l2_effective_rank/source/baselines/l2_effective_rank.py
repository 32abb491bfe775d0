"""L2 regularisation, and a reward for hidden layers of high effective rank."""

from typing import ClassVar

import torch
from torch import Tensor

from plasticity_bench import Hidden, Learner, LogUniform, Params, State


class L2EffectiveRank(Learner):
    """Add strength / 2 * ||params||^2 - rank_strength * sum of log(effective rank) to the loss.

    After He et al. (2025), arXiv:2509.22335, whose abstract names both terms, a penalty on weights
    and a high effective rank of features. Their formula and strengths are not verified: that the
    sum is over hidden layers, of the logarithm, and all defaults, are ours. The effective rank of a
    layer's outputs on the batch, (examples, units) with singular values s, is exp(H(s / sum s)),
    with the entropy H (Roy and Vetterli, 2007); no mean is subtracted. A layer that is silent has
    an effective rank of one, and no gradient.
    """

    strength: float = 1e-3
    rank_strength: float = 1e-3
    search: ClassVar = {
        "strength": LogUniform(1e-5, 1e-1),
        "rank_strength": LogUniform(1e-5, 1e-1),
    }

    def penalty(self, params: Params, state: State) -> Tensor:
        """Return strength / 2 times the squared distance from zero."""
        squares = [value.square().sum() for value in params.values()]
        return self.strength / 2 * sum(squares[1:], squares[0])

    def hidden_penalty(self, hidden: dict[str, Hidden], state: State) -> Tensor:
        """Return minus rank_strength times the summed entropies of singular values."""
        entropies = [_entropy(layer.outputs) for layer in hidden.values()]
        return -self.rank_strength * sum(entropies[1:], entropies[0])


def _entropy(outputs: Tensor) -> Tensor:
    # PyTorch refuses all replicas for one that is not finite; its loss tells that it is not.
    sizes = torch.linalg.svdvals(outputs.nan_to_num())
    total = sizes.sum()
    shares = torch.where(total > 0, sizes / torch.where(total > 0, total, 1.0), 0.0)
    # The floor is under the logarithm alone: a share of zero has no part in the sum.
    entropy: Tensor = -(shares * shares.clamp_min(1e-12).log()).sum()
    return entropy
