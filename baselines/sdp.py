"""Spectral diversity preservation: at a task, singular values move towards their mean."""

from typing import Annotated, ClassVar

import torch
from pydantic import Field
from torch import Tensor

from plasticity_bench import Learner, Method, Noise, Params, State, Uniform


class SDP(Learner):
    """At a task's start, s_i <- mean(s)^gamma * s_i^(1 - gamma) for each layer's singular values.

    Singular values of the weights of each layer but the head are taken to be at least 1e-4, also in
    their mean; singular vectors stay. Layers are linear layers and convolutions, a convolution's
    matrix has a row for each channel, and queries, keys and values of attention are matrices of
    their own. A matrix whose singular values are all below 1e-12 is left alone. Moments of the
    optimiser are halved, its count of updates is unchanged.

    From https://github.com/gracebml/LoP-NeurIPS, of 2026; no paper with an identifier was found.
    There it follows tasks of second-order optimisers, as the learners `adahessian`, `sophia_h` and
    `sassha` are, whose averages it halves.

    Departures: here the optimiser is Adam, whose moments are halved as theirs are; a notebook there
    trains with Adam, and halves none.
    """

    gamma: Annotated[float, Field(ge=0, le=1)] = 0.3
    search: ClassVar = {"gamma": Uniform(0.0, 1.0)}
    method = Method(
        year=2026,
        authors="gracebml",
        code="https://github.com/gracebml/LoP-NeurIPS",
        commit="1c4f7080165da2fd576cab397ca1b139cd57aeb6",
        verified="authors' code",
        differences=(
            "Adam's moments are halved, as there those of optimisers of second order.",
            "Queries, keys and values of attention are matrices of their own.",
        ),
    )

    def begin_task(self, state: State, fresh: Params, noise: Noise) -> State:
        """Move singular values towards their mean, and halve the optimiser's moments."""
        params = dict(state.params)
        for layer in self.network.hidden:
            params[layer.weight] = layer.mapped(self._evened, params[layer.weight])
        moments = {
            moment: {name: 0.5 * value for name, value in averages.items()}
            for moment, averages in state.moments.items()
        }
        return state._replace(params=params, moments=moments)

    def _evened(self, weight: Tensor) -> Tensor:
        matrix = weight.flatten(1)
        # PyTorch refuses all replicas for one that is not finite: that one stays so.
        left, values, right = torch.linalg.svd(matrix.nan_to_num(), full_matrices=False)
        floored = values.clamp_min(1e-4)
        moved = floored.mean() ** self.gamma * floored ** (1 - self.gamma)
        evened = ((left * moved) @ right).reshape(weight.shape)
        evened = torch.where(values.max() < 1e-12, weight, evened)
        return torch.where(weight.isfinite(), evened, torch.nan)
