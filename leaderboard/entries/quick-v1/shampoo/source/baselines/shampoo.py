"""Shampoo: gradients are preconditioned along each axis of a parameter."""

from typing import Annotated, ClassVar

import torch
from pydantic import Field
from torch import Tensor

from plasticity_bench import Learner, LogUniform, Memory, Method, Noise, Params, State


class Shampoo(Learner):
    """Multiply each axis of a gradient by the inverse 2k-th root of its summed second moments.

    For each parameter of k axes with gradient G, G_i its matrix with a row for each place on the
    axis i, and H_i at first epsilon * I:

        H_i <- H_i + G_i G_i^T
        G <- G with its axis i multiplied by H_i^(-1 / 2k), for every i
        params <- params - step_size * G

    Gupta et al. (2018), arXiv:1802.09568, algorithm 2, of which algorithm 1 is k = 2. The last step
    is the learner's optimiser, by default SGD; they add momentum.

    Not verified against the authors' code, which is not public, but by algorithm 2 of the paper.
    Two ports for PyTorch (moskomule/shampoo.pytorch, and after it jettify/pytorch-optimizer) take
    the power -1 / k, and precondition an axis with what the axes before it have been multiplied by.

    Departures: an axis longer than `largest` is left as it is; the exponent counts it.
    """

    optimizer = "sgd"
    step_size = 1e-1
    damping: Annotated[float, Field(gt=0)] = 1e-4
    largest: Annotated[int, Field(ge=1)] = 256
    search: ClassVar = {"step_size": LogUniform(1e-3, 1.0), "damping": LogUniform(1e-8, 1e-1)}
    method = Method(
        paper="1802.09568",
        year=2018,
        authors="Gupta et al.",
        verified="paper",
        differences=("Axes longer than `largest` are not preconditioned.",),
    )

    def memory(self, params: Params) -> Memory:
        """Keep the sums of second moments of each axis, without the damping."""
        return {
            f"{axis}.{name}": value.new_zeros(size, size)
            for name, value in params.items()
            for axis, size in enumerate(value.shape)
            if size <= self.largest
        }

    def apply_gradients(self, gradients: Params, state: State, noise: Noise) -> State:
        """Do a step of the optimiser with preconditioned gradients."""
        memory: Memory = {}
        conditioned = {}
        for name, gradient in gradients.items():
            g = gradient
            for axis in range(gradient.ndim):
                key = f"{axis}.{name}"
                if key not in state.memory:
                    continue
                rows = gradient.movedim(axis, 0).reshape(gradient.shape[axis], -1)
                memory[key] = state.memory[key] + rows @ rows.T
                root = self._inverse_root(memory[key], 2 * gradient.ndim)
                g = _multiplied(g, root, axis)
            conditioned[name] = g
        return super().apply_gradients(conditioned, state._replace(memory=memory), noise)

    def _inverse_root(self, moments: Tensor, degree: int) -> Tensor:
        # PyTorch refuses all replicas for one that is not finite: that one stays so.
        values, vectors = torch.linalg.eigh(moments.nan_to_num())
        roots = (values.clamp_min(0.0) + self.damping) ** (-1 / degree)
        root = (vectors * roots.to(vectors.dtype)) @ vectors.T
        return torch.where(moments.isfinite(), root, torch.nan)


def _multiplied(tensor: Tensor, matrix: Tensor, axis: int) -> Tensor:
    """The tensor, one of whose axes is multiplied by a symmetric matrix."""
    rows = tensor.movedim(axis, 0)
    product = matrix @ rows.reshape(len(rows), -1)
    return product.reshape(rows.shape).movedim(0, axis)
