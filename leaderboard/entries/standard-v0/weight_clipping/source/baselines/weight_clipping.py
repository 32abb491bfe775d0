"""Weight clipping."""

import math
from typing import ClassVar

from plasticity_bench import Learner, Method, Noise, State, Uniform


class WeightClipping(Learner):
    """After every update, clip weights and biases of each layer to +-bound / sqrt(inputs).

    Elsayed et al. (2024), arXiv:2407.01704. 1 / sqrt(inputs) is the largest value that PyTorch's
    initialisation of linear layers and convolutions gives weights and biases; `bound` is their
    kappa, from 1 to 5. The head is clipped as all layers are; what is no such layer, as embeddings,
    and gains and biases of norms, is left alone.
    """

    method = Method(
        paper="2407.01704",
        year=2024,
        authors="Elsayed et al.",
        code="https://github.com/mohmdelsayed/weight-clipping",
        commit="0d3db49aeb9d9efd1073b80373503b1e3087e506",
        verified="authors' code",
        differences=(
            "`bound` is 2 by default; their code's is 1, and the paper tries 1 to 5.",
            "Gains and biases of norms are free; theirs has no norms.",
        ),
    )

    bound: float = 2.0
    search: ClassVar = {"bound": Uniform(1.0, 5.0)}

    def after_update(self, state: State, noise: Noise) -> State:
        """Clip the parameters."""
        params = dict(state.params)
        for layer in self.network.layers:
            limit = self.bound / math.sqrt(params[layer.weight][0].numel())
            for name in (layer.weight, layer.bias):
                if name is not None:
                    params[name] = params[name].clamp(-limit, limit)
        return state._replace(params=params)
