"""Muon: orthogonalised momentum for hidden matrices."""

from typing import Annotated, ClassVar

import torch
from pydantic import Field
from torch import Tensor

from plasticity_bench import Layer, Learner, LogUniform, Memory, Method, Noise, Params, State

COEFFICIENTS = (3.4445, -4.7750, 2.0315)


class Muon(Learner):
    """Move each hidden matrix by its momentum with all singular values near one; Adam elsewhere.

    For each hidden layer's weights W, out x in, with gradient G, after every batch:

        M <- M + (1 - matrix_momentum) * (G - M)
        X <- G + matrix_momentum * (M - G), divided by its Frobenius norm
        5 times: X <- a X + (b A + c A A) X, A = X X^T, (a, b, c) = (3.4445, -4.7750, 2.0315)
        W <- W - matrix_step_size * max(1, out / in)^(1/2) * X

    Jordan et al. (2024), https://kellerjordan.github.io/posts/muon/, studied in arXiv:2502.16982. A
    convolution's W has a row for each of its channels, and in place of out and in, as in their
    code, the kernel's height and width. X is transposed for the iterations where it has more rows
    than columns. Hidden layers are linear layers and convolutions but the head; queries, keys and
    values of attention are matrices of their own. All else, embeddings of positions too, is trained
    by the learner's `optimizer` with `step_size`.

    Departures: iterations are in float32, where theirs are in bfloat16; Adam has the settings of
    every learner, where theirs has beta2 = 0.95 and epsilon = 1e-10.
    """

    matrix_step_size: float = 0.02
    matrix_momentum: Annotated[float, Field(ge=0, lt=1)] = 0.95
    search: ClassVar = {"matrix_step_size": LogUniform(1e-4, 1e-1)}
    method = Method(
        paper="https://kellerjordan.github.io/posts/muon/",
        year=2024,
        authors="Jordan et al.",
        code="https://github.com/KellerJordan/Muon",
        commit="857d1adc159e098212f828d927460782d3da59e9",
        verified="authors' code",
        differences=(
            "The iterations are in float32, in the code in bfloat16.",
            "Adam elsewhere has beta2 = 0.999 and epsilon = 1e-8, in the code 0.95 and 1e-10.",
            "Queries, keys and values of attention are matrices of their own.",
        ),
    )

    def memory(self, params: Params) -> Memory:
        """Keep the momentum of hidden matrices."""
        return {name: torch.zeros_like(params[name]) for name in self._hidden()}

    def apply_gradients(self, gradients: Params, state: State, noise: Noise) -> State:
        """Do a step of Muon on hidden matrices, and of the optimiser on all else."""
        momentum, params = {}, dict(state.params)
        for name, layer in self._hidden().items():
            average, g = state.memory[name], gradients[name]
            momentum[name] = average + (1 - self.matrix_momentum) * (g - average)
            ahead = g + self.matrix_momentum * (momentum[name] - g)
            params[name] = params[name] - layer.mapped(self._step, ahead)
        rest = [name for name in gradients if name not in state.memory]
        others = super().apply_gradients(
            {name: gradients[name] for name in rest},
            state._replace(params={name: params[name] for name in rest}),
            noise,
        )
        moments = {
            moment: {**averages, **others.moments[moment]}
            for moment, averages in state.moments.items()
        }
        return state._replace(params={**params, **others.params}, moments=moments, memory=momentum)

    def _hidden(self) -> dict[str, Layer]:
        """The hidden layers, by the names of their weights."""
        return {layer.weight: layer for layer in self.network.hidden}

    def _step(self, ahead: Tensor) -> Tensor:
        """The step of a matrix, by its momentum."""
        scale = max(1.0, ahead.shape[-2] / ahead.shape[-1]) ** 0.5
        matrix = _orthogonalised(ahead.flatten(1))
        step: Tensor = self.matrix_step_size * scale * matrix
        return step.reshape(ahead.shape)


def _orthogonalised(matrix: Tensor) -> Tensor:
    """A matrix of the same singular vectors, whose singular values are near one."""
    a, b, c = COEFFICIENTS
    tall = matrix.shape[0] > matrix.shape[1]
    x = matrix.T if tall else matrix
    x = torch.div(x, x.norm() + 1e-7)
    for _ in range(5):
        gram = x @ x.T
        x = a * x + (b * gram + c * (gram @ gram)) @ x
    return x.T if tall else x
