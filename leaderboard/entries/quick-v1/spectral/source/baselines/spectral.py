"""Spectral regularisation."""

from typing import ClassVar

import torch
from torch import Tensor
from torch.nn import functional

from plasticity_bench import Learner, LogUniform, Memory, Method, Noise, Params, State


class Spectral(Learner):
    """Keep the largest singular value sigma of each layer's weights near one.

    Add to the loss strength * [sum over weights W of (sigma(W)^k - 1)^2 + sum over biases b of
    ||b||^2k + sum over gains g of norms of ||g - 1||^2].

    Lewandowski et al. (2024), arXiv:2406.06811, with their k = 2. sigma = ||W v||, where one power
    iteration, v <- W^T W v / ||W^T W v||, follows each update, and v begins as a constant vector;
    its gradient is that of sigma at the vector reached. Weights are those of linear layers and
    convolutions: a convolution's W has a row for each of its channels and a column for each of a
    patch's inputs, and queries, keys and values of attention have a W each. The authors' code is
    not public; the form of the terms for biases and gains is the paper's, and that they count
    equally is not verified.
    """

    method = Method(
        paper="2406.06811",
        year=2024,
        authors="Lewandowski et al.",
        verified="paper",
        differences=("That terms for biases and gains count equally is not stated.",),
    )

    strength: float = 1e-3
    k: int = 2
    search: ClassVar = {"strength": LogUniform(1e-5, 1e-1)}

    def memory(self, params: Params) -> Memory:
        """Keep an estimate of each weight matrix's first right singular vector."""
        return {
            name: _iterated(matrix, torch.ones_like(matrix[0]))
            for name, matrix in self._matrices(params).items()
        }

    def penalty(self, params: Params, state: State) -> Tensor:
        """Return the summed distances from spectral norms of one."""
        parts = [
            (_product(matrix, state.memory[name]).norm() ** self.k - 1).square()
            for name, matrix in self._matrices(params).items()
        ]
        for name, value in params.items():
            if value.ndim == 1:
                is_gain = name.endswith("weight")
                parts.append(
                    (value - 1).square().sum() if is_gain else value.square().sum() ** self.k
                )
        penalty: Tensor = self.strength * sum(parts[1:], parts[0])
        return penalty

    def after_update(self, state: State, noise: Noise) -> State:
        """Do one power iteration for each weight matrix."""
        vectors = {
            name: _iterated(matrix, state.memory[name])
            for name, matrix in self._matrices(state.params).items()
        }
        return state._replace(memory=vectors)

    def _matrices(self, params: Params) -> Params:
        layers = self.network.layers
        return {name: w for layer in layers for name, w in layer.matrices(params).items()}


def _iterated(matrix: Tensor, vector: Tensor) -> Tensor:
    iterated: Tensor = functional.normalize(_product(matrix.T, _product(matrix, vector)), dim=0)
    return iterated


def _product(matrix: Tensor, vector: Tensor) -> Tensor:
    """`matrix @ vector`; PyTorch rounds that otherwise for one replica than for several."""
    return (matrix * vector).sum(1)
