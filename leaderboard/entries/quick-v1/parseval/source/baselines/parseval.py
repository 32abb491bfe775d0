"""Parseval regularisation."""

from typing import ClassVar

import torch
from torch import Tensor

from plasticity_bench import Learner, LogUniform, Method, Params, State


class Parseval(Learner):
    """Add strength * (64 / units)^2 * ||W W^T - scale * I||_F^2 to the loss, for each hidden layer.

    Chung et al. (2024), arXiv:2412.07224. It keeps the rows of W, one for each unit, orthogonal and
    of squared length `scale`; the factor for width is their code's, which has one width for all
    layers. Hidden layers are linear layers and convolutions but the head, which is left out, as
    there. A convolution's W has a row for each of its channels, and queries, keys and values of
    attention are matrices of their own: both are ours.
    """

    method = Method(
        paper="2412.07224",
        year=2024,
        authors="Chung et al.",
        code="https://github.com/wechu/parseval_reg",
        commit="e861c30bb68c73a4f901b3ac007e606bce3ab9f1",
        verified="authors' code",
        differences=(
            "Theirs starts from orthogonal weights; here the suite says how weights begin.",
            "Theirs has fully connected layers of one width only.",
        ),
    )

    strength: float = 1e-3
    scale: float = 2.0
    search: ClassVar = {"strength": LogUniform(1e-5, 1e-1)}

    def penalty(self, params: Params, state: State) -> Tensor:
        """Return the summed squared distances from orthogonal rows."""
        total = next(iter(params.values())).new_zeros(())
        weights = [w for layer in self.network.hidden for w in layer.matrices(params).values()]
        for weight in weights:
            products = weight @ weight.T  # (units, units)
            identity = torch.eye(len(products), device=weight.device)
            distance = (products - self.scale * identity).square().sum()
            total = total + self.strength * (64 / len(products)) ** 2 * distance
        return total
