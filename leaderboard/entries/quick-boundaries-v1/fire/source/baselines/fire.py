"""FIRE: at every task, the orthogonal weights nearest to the old ones."""

import torch
from torch import Tensor

from plasticity_bench import Learner, Noise, Params, State


class FIRE(Learner):
    """At a task's start, W <- sqrt(outputs / inputs) * U V^T for each layer, where W = U S V^T.

    Han et al. (2026), arXiv:2602.08040: the polar factor, which is the matrix with orthonormal rows
    or columns nearest to W. For a convolution, the matrix at each place of the kernel by itself,
    divided by the number of places. The head is among the layers; biases and norms are left alone.

    Departures: the factor is exact, where their code takes ten Newton-Schulz iterations towards it;
    that the optimiser begins anew is ours.
    """

    def begin_task(self, state: State, fresh: Params, noise: Noise) -> State:
        """Make each layer's weights orthogonal, and forget the optimiser's averages."""
        params = {
            name: _isometry(value) if value.ndim >= 2 else value
            for name, value in state.params.items()
        }
        begun = self.restart(fresh)
        return state._replace(params=params, moments=begun.moments, step=begun.step)


def _isometry(weight: Tensor) -> Tensor:
    """(outputs, inputs, ...) -> the same shape; what follows the inputs is a kernel's places."""
    places = weight.flatten(2).movedim(2, 0) if weight.ndim > 2 else weight[None]
    # PyTorch refuses all replicas for one that is not finite: that one stays so, by the last line.
    left, _, right = torch.linalg.svd(places.nan_to_num(), full_matrices=False)
    scale = (weight.shape[0] / weight.shape[1]) ** 0.5 / len(places)
    scaled: Tensor = scale * (left @ right)  # (places, outputs, inputs)
    isometry = scaled.movedim(0, -1).reshape(weight.shape)
    return torch.where(weight.isfinite(), isometry, torch.nan)
