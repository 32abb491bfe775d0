"""Parseval regularisation."""

from typing import ClassVar

import torch
from torch import Tensor

from plasticity_bench import Learner, LogUniform, Params, State


class Parseval(Learner):
    """Add strength * (64 / units)^2 * ||W W^T - scale * I||_F^2 to the loss, for each hidden layer.

    Chung et al. (2024), arXiv:2412.07224. It keeps the rows of W, one for each unit, orthogonal and
    of squared length `scale`; the factor for width is their code's, which has one width for all
    layers. The head is left out, as there. A convolution's W has a row for each of its channels,
    which is ours. Theirs starts from orthogonal weights; here the suite says how they begin.
    """

    strength: float = 1e-3
    scale: float = 2.0
    search: ClassVar = {"strength": LogUniform(1e-5, 1e-1)}

    def penalty(self, params: Params, state: State) -> Tensor:
        """Return the summed squared distances from orthogonal rows."""
        total = next(iter(params.values())).new_zeros(())
        weights = [value.flatten(1) for value in params.values() if value.ndim >= 2]
        for weight in weights[:-1]:
            products = weight @ weight.T  # (units, units)
            identity = torch.eye(len(products), device=weight.device)
            distance = (products - self.scale * identity).square().sum()
            total = total + self.strength * (64 / len(products)) ** 2 * distance
        return total
