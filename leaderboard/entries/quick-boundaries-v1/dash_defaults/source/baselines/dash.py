"""DASH: at every task, shrink the weights that the new data do not ask for."""

from typing import Annotated, ClassVar

import torch
from pydantic import Field
from torch import Tensor
from torch.nn import functional

from plasticity_bench import Learner, Memory, Noise, Params, State, Uniform


class DASH(Learner):
    """At a task's start, multiply each unit's weights by max(floor, cos(weights, -gradient)).

    Shin et al. (2024), arXiv:2410.23495. Gradients of the batches are averaged,
    average <- (1 - rate) * average + rate * gradient, from zero. A linear layer shrinks row by row,
    a convolution kernel by kernel, and a layer's biases all together, as in their code; gains and
    biases of norms are left alone.

    Departures: their gradients are of a pass over all data before the training; here nothing is
    seen before it, so that the first `window` updates of a task change nothing and only average.
    The optimiser's averages are kept.
    """

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
        params = {}
        for name, value in state.params.items():
            shrunk = torch.where(last, self._shrunk(name, state.params, average), value)
            params[name] = torch.where(waits, shrunk, stepped.params[name])
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

    def _shrunk(self, name: str, params: Params, average: Params) -> Tensor:
        value, wanted = params[name], -average[name]
        if value.ndim >= 2:
            axes = tuple(range(2, value.ndim)) or (1,)
            cosine = (value * wanted).sum(axes, keepdim=True) / (
                _norm(value, axes) * _norm(wanted, axes)
            )
        elif params.get(f"{name.rpartition('.')[0]}.weight", value).ndim >= 2:
            cosine = functional.cosine_similarity(value, wanted, dim=0)
        else:
            return value
        return value * torch.where(cosine < self.floor, self.floor, cosine.clamp(max=1))


def _norm(value: Tensor, axes: tuple[int, ...]) -> Tensor:
    norm: Tensor = value.square().sum(axes, keepdim=True).sqrt().clamp_min(1e-8)
    return norm
