"""TRAC: the distance from the initial parameters is scaled by a parameter-free tuner."""

import math
from typing import Annotated, ClassVar

import torch
from pydantic import Field
from torch import Tensor

from plasticity_bench import Learner, LogUniform, Memory, Method, Noise, Params, State

DECAYS = tuple(1 - 10.0**-exponent for exponent in range(1, 7))
EPSILON = 1e-8
TERMS = 100
LARGEST = 6.5
"""Of an argument of erfi, where it is 5e17."""


class TRAC(Learner):
    """Scale the distance from the initial parameters by what its past gradients suggest.

    At every update, with the optimiser's step u, gradients g, all parameters as one vector, and for
    each of the decays b = 1 - 10^-1, ..., 1 - 10^-6 a tuner (v, s, S), at first (0, 1e-8, 0):

        d <- (params - initial) / (sum of S + 1e-8)
        h <- <d, g>
        v <- b^2 v + h^2
        s <- b s - h
        S <- start * erfi(s / (sqrt(2 v) + 1e-8)) / erfi(1 / sqrt(2))
        params <- initial + max(0, sum of S) * (d + u)

    Muppidi et al. (2024), arXiv:2405.16642, algorithms 1 and 2, in the form of their code. The
    optimiser is the learner's. Parameters move visibly after some 50 updates only,
    earlier with a larger `start`, which their code calls s_prev.

    Departures: d is computed from d + u of the update before, which is kept, because float32 cannot
    hold parameters that are 1e-10 away from the initial ones; erfi's argument is at most 6.5, where
    the sum of S is over 1e9 and training has diverged; erfi is summed as its power series, of 100
    terms in float64.
    """

    step_size = 1e-2
    start: Annotated[float, Field(gt=0)] = 1e-8
    search: ClassVar = {"start": LogUniform(1e-8, 1e-2)}
    method = Method(
        paper="2405.16642",
        year=2024,
        authors="Muppidi et al.",
        code="https://github.com/ComputationalRobotics/TRAC",
        commit="320a10090c4be162d036129c02a9792f8b9f8e88",
        verified="authors' code",
        differences=(
            "The distance is kept, not taken from parameters, which float32 rounds at first.",
            "The argument of erfi is at most 6.5, where training has diverged.",
        ),
    )

    def memory(self, params: Params) -> Memory:
        """Keep the tuners: v, s and S of each decay."""
        zeros = torch.zeros(len(DECAYS))
        steps = {f"steps.{name}": torch.zeros_like(value) for name, value in params.items()}
        return {"v": zeros, "s": zeros + EPSILON, "scale": zeros.clone(), **steps}

    def apply_gradients(self, gradients: Params, state: State, noise: Noise) -> State:
        """Do a step of the optimiser, then scale the distance that it leads to."""
        stepped = super().apply_gradients(gradients, state, noise)
        memory = state.memory
        total = memory["scale"].sum()
        kept = total.clamp_min(0.0) / (total + EPSILON)
        distance = {name: kept * memory[f"steps.{name}"] for name in gradients}
        h = torch.stack([(distance[name] * g).sum() for name, g in gradients.items()]).sum()
        decays = _numbers(DECAYS, memory["s"])
        v = decays.square() * memory["v"] + h.square()
        s = decays * memory["s"] - h
        ratio = s / (math.sqrt(2) * v.sqrt() + EPSILON)
        scale = (self.start / _ERFI_OF_ONE * _erfi(ratio)).to(s.dtype)
        reached = scale.sum().clamp_min(0.0)
        steps, params = {}, {}
        for name, value in state.params.items():
            steps[name] = distance[name] + stepped.params[name] - value
            params[name] = state.initial[name] + reached * steps[name]
        changed = {f"steps.{name}": value for name, value in steps.items()}
        return stepped._replace(params=params, memory={"v": v, "s": s, "scale": scale, **changed})


def _numbers(numbers: tuple[float, ...], like: Tensor) -> Tensor:
    return torch.tensor(numbers, dtype=like.dtype, device=like.device)


def _erfi(x: Tensor) -> Tensor:
    """2 / sqrt(pi) * sum of x^(2n + 1) / (n! (2n + 1)), all of whose terms have x's sign."""
    size = x.double().abs().clamp_max(LARGEST)
    powers = torch.arange(TERMS, dtype=size.dtype, device=x.device)
    logs = _numbers(_LOGS, size)  # of n! (2n + 1)
    terms = torch.exp((2 * powers + 1) * size.clamp_min(1e-300).log()[:, None] - logs)
    return 2 / math.sqrt(math.pi) * terms.sum(1) * x.sign()


_LOGS = tuple(math.lgamma(n + 1) + math.log(2 * n + 1) for n in range(TERMS))
_ERFI_OF_ONE = (
    2
    / math.sqrt(math.pi)
    * sum(0.5 ** (n + 0.5) / (math.factorial(n) * (2 * n + 1)) for n in range(30))
)
"""erfi(1 / sqrt(2))"""
