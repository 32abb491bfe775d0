"""DASH: at every task, shrink the weights that the new data do not ask for."""

from typing import Annotated, ClassVar

import torch
from pydantic import Field
from torch import Tensor
from torch.nn import functional

from plasticity_bench import Learner, Memory, Method, Noise, Params, State, Uniform


class DASH(Learner):
    """At a task's start, multiply each unit's weights by max(floor, cos(weights, -gradient)).

    Shin et al. (2024), arXiv:2410.23495. Gradients of the batches are averaged,
    average <- (1 - rate) * average + rate * gradient, from zero. A linear layer shrinks row by row,
    a convolution kernel by kernel, and a layer's biases all together, as in their code; biases of
    queries, keys and values of attention each together; all other parameters, such as those of
    norms and embeddings, are left alone.

    Departures: their gradients are of a pass over all data before the training; here nothing is
    seen before it, so that the first `window` updates of a task change nothing and only average.
    Curvature that is measured at a task's start is therefore that before the shrink, and cannot be
    compared with that of learners which act at the start. The optimiser's averages are kept.
    """

    method = Method(
        paper="2410.23495",
        year=2024,
        authors="Shin et al.",
        code="https://github.com/baekrok/DASH-Direction-Aware-SHrinking",
        commit="3d3cea6c3e80dcc7e1a3c22f272f7354de56c8dc",
        verified="authors' code",
        differences=(
            "Gradients are of the first `window` batches; theirs are of all data, before training.",
            "The optimiser's averages are kept.",
        ),
    )

    floor: Annotated[float, Field(ge=0, le=1)] = 0.3
    rate: Annotated[float, Field(gt=0, le=1)] = 0.3
    window: Annotated[int, Field(ge=1)] = 10
    search: ClassVar = {"floor": Uniform(0.05, 0.5), "rate": Uniform(0.1, 1.0)}

    def memory(self, params: Params) -> Memory:
        """Keep averaged gradients, and the number of updates that are left to average."""
        averages = {name: torch.zeros_like(value) for name, value in params.items()}
        return averages | {"left": next(iter(params.values())).new_zeros(())}

    def begin_task(self, state: State, fresh: Params, noise: Noise) -> State:
        """Begin to average."""
        memory = self.memory(fresh)
        memory["left"] = torch.full_like(memory["left"], self.window)
        return state._replace(memory=memory)

    def apply_gradients(self, gradients: Params, state: State, noise: Noise) -> State:
        """Average gradients, shrink after the last of them, or do a step of the optimiser."""
        average = {
            name: (1 - self.rate) * state.memory[name] + self.rate * g
            for name, g in gradients.items()
        }
        left = state.memory["left"]
        waits, last = left > 0, left == 1
        stepped = super().apply_gradients(gradients, state, noise)
        shrunk = self._shrunk(state.params, average)
        params = {}
        for name, value in state.params.items():
            waiting = torch.where(last, shrunk.get(name, value), value)
            params[name] = torch.where(waits, waiting, stepped.params[name])
        moments = {
            moment: {
                name: torch.where(waits, state.moments[moment][name], value)
                for name, value in averages.items()
            }
            for moment, averages in stepped.moments.items()
        }
        memory = average | {"left": (left - 1).clamp_min(0)}
        # What was no step of the optimiser does not count as one.
        step = state.step - waits.to(state.step.dtype)
        return State(params, state.initial, moments, memory, step)

    def _shrunk(self, params: Params, average: Params) -> Params:
        """The weights and biases of layers, shrunk."""
        shrunk = {}
        for layer in self.network.layers:
            value = params[layer.weight]
            axes = tuple(range(2, value.ndim)) or (1,)
            cosine = _cosine(value, -average[layer.weight], axes)
            shrunk[layer.weight] = value * self._factor(cosine)
            if layer.bias is not None:
                bias, wanted = params[layer.bias], -average[layer.bias]
                shrunk[layer.bias] = layer.mapped(self._bias, bias, wanted)
        return shrunk

    def _bias(self, value: Tensor, wanted: Tensor) -> Tensor:
        return value * self._factor(functional.cosine_similarity(value, wanted, dim=0))

    def _factor(self, cosine: Tensor) -> Tensor:
        return torch.where(cosine < self.floor, self.floor, cosine.clamp(max=1))


def _cosine(value: Tensor, wanted: Tensor, axes: tuple[int, ...]) -> Tensor:
    product = (value * wanted).sum(axes, keepdim=True)
    cosine: Tensor = product / (_norm(value, axes) * _norm(wanted, axes))
    return cosine


def _norm(value: Tensor, axes: tuple[int, ...]) -> Tensor:
    norm: Tensor = value.square().sum(axes, keepdim=True).sqrt().clamp_min(1e-8)
    return norm
