"""Continual backpropagation: units of least use are replaced at a steady rate."""

from typing import Annotated, ClassVar

import torch
from pydantic import Field
from torch import Tensor

from plasticity_bench import Choice, Hidden, Learner, LogUniform, Memory, Noise, Params, State


class ContinualBackprop(Learner):
    """After every update, replace in each hidden layer the fraction `rate` of its mature units.

    Dohare et al. (2024), arXiv:2306.13812, by their code's contribution utility. With h a unit's
    outputs on the batch and w its outgoing weights,

        age <- age + 1,    u <- utility_decay * u + (1 - utility_decay) * mean |h| * mean |w|
        m <- utility_decay * m + (1 - utility_decay) * mean h

    Units with age > `maturity` are mature. `rate` times their number is added to the layer's debt,
    and its whole part is paid: so many mature units of the lowest u / (1 - utility_decay^age) are
    replaced. A new unit has new incoming weights, a bias, outgoing weights and moments of zero, and
    u, m and age of zero; its old mean contribution, m / (1 - utility_decay^age) times w, goes to
    the biases that follow, so that the network's outputs change little.

    Departures: new weights have the spread of the layer's initial ones; Adam's count of updates,
    which theirs keeps for each weight, is not reset; a convolution's unit is a channel, whose mean
    contribution is its mean before pooling times the sum of its weights.
    """

    rate: float = 1e-4
    maturity: int = 100
    utility_decay: Annotated[float, Field(ge=0, lt=1)] = 0.99
    search: ClassVar = {"rate": LogUniform(1e-6, 1e-1), "maturity": Choice(100, 1_000)}

    def memory(self, params: Params) -> Memory:
        """Keep utility, mean output and age of each hidden unit, and each layer's debt."""
        memory: Memory = {}
        for name in [name for name, value in params.items() if value.ndim >= 2][:-1]:
            layer, units = name.removesuffix(".weight"), params[name].flatten(1)[:, 0]
            for kind in ("utility", "mean", "age"):
                memory[f"{kind}.{layer}"] = torch.zeros_like(units)
            memory[f"debt.{layer}"] = torch.zeros_like(units[0], dtype=torch.float64)
        return memory

    def observe(self, hidden: dict[str, Hidden], state: State, noise: Noise) -> State:
        """Bring utilities up to date, and replace units."""
        memory, params, chosen = dict(state.memory), dict(state.params), {}
        for name, layer in hidden.items():
            weights = params[layer.outgoing]
            weights = weights.reshape(len(weights), layer.outputs.shape[1], -1)
            age = memory[f"age.{name}"] + 1
            size = layer.outputs.abs().mean(0) * weights.abs().mean((0, 2))
            utility = self._averaged(memory[f"utility.{name}"], size)
            mean = self._averaged(memory[f"mean.{name}"], layer.outputs.mean(0))
            correction = (1 - self.utility_decay ** age.double()).to(age.dtype)

            mature = age > self.maturity
            debt = memory[f"debt.{name}"] + self.rate * mature.sum().double()
            paid = debt.floor()
            worth = torch.where(mature, utility / correction, torch.inf)
            rank = worth.argsort(stable=True).argsort()
            units = mature & (rank < paid)

            bias = layer.outgoing.removesuffix("weight") + "bias"
            if bias in params:
                params[bias] = params[bias] + weights.sum(2) @ torch.where(
                    units, mean / correction, 0.0
                )
            chosen[name] = units
            for kind, value in (("utility", utility), ("mean", mean), ("age", age)):
                memory[f"{kind}.{name}"] = torch.where(units, 0.0, value)
            memory[f"debt.{name}"] = debt - paid
        state = state._replace(params=params, memory=memory)
        return self.replace_units(state, hidden, chosen, noise)

    def _averaged(self, average: Tensor, value: Tensor) -> Tensor:
        return average + (1 - self.utility_decay) * (value - average)
