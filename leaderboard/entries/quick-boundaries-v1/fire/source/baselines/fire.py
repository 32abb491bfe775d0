"""FIRE: at every task, almost orthogonal weights near the old ones."""

from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor

from plasticity_bench import Learner, Method, Noise, Params, State


class FIRE(Learner):
    """At a task's start, W <- sqrt(outputs / inputs) * (nearly U V^T) for each layer, W = U S V^T.

    Han et al. (2026), arXiv:2602.08040. The polar factor U V^T is the matrix with orthonormal rows
    or columns nearest to W. It is approached by Newton and Schulz's iteration from X = W / ||W||,

        X <- 1.5 X - 0.5 X X^T X,

    10 times, as in the authors' code: small singular values stay below one, an eighth of them
    below 0.9 for a Gaussian 64 x 64 matrix, and more if they are more unequal. `iterations=60`
    gives the factor to rounding. For a convolution, the matrix at each place of the kernel by
    itself, divided by the number of places.
    The head is among the layers; biases and norms are left alone. The optimiser begins anew.

    In a network with attention only the weights of queries and keys are changed, each by itself, as
    in their code for vision transformers; `only_attention=False` changes all layers, queries, keys
    and values each by itself, as in their code for language models.
    """

    method = Method(
        paper="2602.08040",
        year=2026,
        authors="Han et al.",
        code="https://github.com/isaac7778/FIRE",
        commit="c37a0ac533bf09d37be14c459c725ef1216118de",
        verified="authors' code",
    )

    iterations: Annotated[int, Field(ge=1)] = 10
    only_attention: bool = True

    def begin_task(self, state: State, fresh: Params, noise: Noise) -> State:
        """Make weights orthogonal, and forget the optimiser's averages."""
        layers = self.network.layers
        attention = [layer for layer in layers if layer.parts > 1]
        params = dict(state.params)
        for layer in layers:
            if not (attention and self.only_attention):
                params[layer.weight] = layer.mapped(self._isometry, params[layer.weight])
            elif layer in attention:
                queries, keys, values = layer.split(params[layer.weight])
                parts = [self._isometry(queries), self._isometry(keys), values]
                params[layer.weight] = torch.cat(parts)
        begun = self.restart(fresh)
        return state._replace(params=params, moments=begun.moments, step=begun.step)

    def _isometry(self, weight: Tensor) -> Tensor:
        """(outputs, inputs, *kernel) -> the same shape."""
        places = weight.flatten(2).movedim(2, 0) if weight.ndim > 2 else weight[None]
        if weight.shape[0] < weight.shape[1]:
            places = places.mT
        x = places / places.square().sum((1, 2), keepdim=True).sqrt()  # (places, long, short)
        for _ in range(self.iterations):
            x = 1.5 * x - 0.5 * x @ (x.mT @ x)
        if weight.shape[0] < weight.shape[1]:
            x = x.mT
        scale = (weight.shape[0] / weight.shape[1]) ** 0.5 / len(places)
        isometry: Tensor = (scale * x).movedim(0, -1).reshape(weight.shape)
        return isometry
