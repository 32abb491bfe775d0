"""Weight clipping."""

import math
from typing import ClassVar

from torch import Tensor

from plasticity_bench import Learner, Noise, Params, State, Uniform


class WeightClipping(Learner):
    """After every update, clip weights and biases of each layer to +-bound / sqrt(inputs).

    Elsayed et al. (2024), arXiv:2407.01704. 1 / sqrt(inputs) is the largest value that PyTorch's
    initialisation of linear layers and convolutions gives weights and biases; `bound` is their
    kappa, from 1 to 5. The head is clipped as all layers are; what is no such layer, as gains and
    biases of a norm, is left alone.
    """

    bound: float = 2.0
    search: ClassVar = {"bound": Uniform(1.0, 5.0)}

    def after_update(self, state: State, noise: Noise) -> State:
        """Clip the parameters."""
        params = {name: self._clipped(name, state.params) for name in state.params}
        return state._replace(params=params)

    def _clipped(self, name: str, params: Params) -> Tensor:
        value = params[name]
        weight = params.get(f"{name.rpartition('.')[0]}.weight", value)
        if weight.ndim < 2:
            return value
        limit = self.bound / math.sqrt(weight[0].numel())
        return value.clamp(-limit, limit)
