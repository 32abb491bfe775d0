"""Continual backpropagation: units of least use are replaced at a steady rate."""

from typing import Annotated, ClassVar

import torch
from pydantic import Field
from torch import Tensor

from plasticity_bench import (
    Choice,
    Hidden,
    Learner,
    LogUniform,
    Memory,
    Method,
    Noise,
    Params,
    State,
)

CONTRIBUTION, ADAPTABLE = "contribution", "adaptable_contribution"


class ContinualBackprop(Learner):
    """After every update, replace in each hidden layer the fraction `rate` of its mature units.

    Dohare et al. (2024), arXiv:2306.13812, as their code does it. With h a unit's outputs on the
    batch, w its outgoing weights and v its incoming ones,

        age <- age + 1,    m <- utility_decay * m + (1 - utility_decay) * mean h
        u <- utility_decay * u + (1 - utility_decay) * mean |w| * mean |h|

    or, with `utility="adaptable_contribution"`, as in their experiments on MNIST, ImageNet and
    regression,

        u <- utility_decay * u + (1 - utility_decay) * mean |w| * mean |h - m'| / mean |v|

    where m' = m / (1 - utility_decay^age). Units with age > `maturity` are mature. `rate` times
    their number is added to the layer's debt, and its whole part is paid: so many mature units of
    the lowest u / (1 - utility_decay^age) are replaced, layer by layer. A new unit has new incoming
    weights, a bias, outgoing weights, moments and counts of Adam of zero, and u, m and age of zero.

    Beside their code and paper:

    (a) The mean output of a replaced unit should go to the biases that follow, so that the outputs
        change little. Their code zeroes m before it uses it, so nothing goes there, as here by
        default; `keep_mean=True` adds w m' to the biases.
    (b) Their Adam counts the updates of each weight, as here with `reset_count`; its first release
        forgot to divide by 1 - beta1^t and to take the root of 1 - beta2^t, which was mended in
        2025 and is right here. `epsilon` is not corrected there.
    (c) A new unit reads the new units below it, as there.
    (d) Both utilities are offered; the default is that of their class.
    (e) `accumulate=False` draws whether a unit is replaced where less than one is due, as their
        code for fully connected networks does by default. Where there are convolutions, theirs
        always accumulates, `rate` times the number of all units once one is mature, as here. A
        convolution's unit is a channel; its outputs are taken before pooling, theirs after it. Its
        moments of incoming weights are zeroed, which theirs forgets. In residual networks the
        units within blocks are replaced, theirs also those that residual connections add to.
    """

    method = Method(
        paper="2306.13812",
        year=2024,
        authors="Dohare et al.",
        code="https://github.com/shibhansh/loss-of-plasticity",
        commit="63c35f3c758bbb713dd42c72d43dc192fde0d109",
        verified="authors' code",
        differences=(
            "Adam's corrections are those of Adam; the released code has an error in them.",
            "Outputs of convolutions are taken before pooling.",
            "New weights have the spread of the layer's initial ones.",
        ),
    )

    rate: float = 1e-4
    maturity: int = 100
    utility_decay: Annotated[float, Field(ge=0, lt=1)] = 0.99
    utility: Annotated[str, Field(pattern=f"^({CONTRIBUTION}|{ADAPTABLE})$")] = CONTRIBUTION
    keep_mean: bool = False
    accumulate: bool = True
    reset_count: bool = True
    search: ClassVar = {"rate": LogUniform(1e-6, 1e-1), "maturity": Choice(100, 1_000)}

    def memory(self, params: Params) -> Memory:
        """Keep utility, mean output and age of each hidden unit, and each layer's debt."""
        memory: Memory = {}
        for layer in self.network.hidden:
            units = params[layer.weight].flatten(1)[:, 0]
            for kind in ("utility", "mean", "age"):
                memory[f"{kind}.{layer.name}"] = torch.zeros_like(units)
            memory[f"debt.{layer.name}"] = torch.zeros_like(units[0], dtype=torch.float64)
        return memory

    def observe(self, hidden: dict[str, Hidden], state: State, noise: Noise) -> State:
        """Bring utilities up to date, and replace units."""
        memory, params, chosen = dict(state.memory), dict(state.params), {}
        for name, layer in hidden.items():
            weights = params[layer.outgoing]
            weights = weights.reshape(len(weights), layer.outputs.shape[1], -1)
            age = memory[f"age.{name}"] + 1
            correction = (1 - self.utility_decay ** age.double()).to(age.dtype)
            mean = self._averaged(memory[f"mean.{name}"], layer.outputs.mean(0))
            size = self._size(layer, params, mean / correction) * weights.abs().mean((0, 2))
            utility = self._averaged(memory[f"utility.{name}"], size)

            mature = age > self.maturity
            debt = memory[f"debt.{name}"] + self._due(mature)
            paid = debt.floor()
            if not self.accumulate:
                is_drawn = noise.uniform(debt) <= debt
                paid = torch.where(debt < 1, is_drawn.to(debt.dtype), paid)
                debt = paid
            worth = torch.where(mature, utility / correction, torch.inf)
            rank = worth.argsort(stable=True).argsort()
            units = mature & (rank < paid)

            bias = layer.outgoing.removesuffix("weight") + "bias"
            if self.keep_mean and bias in params:
                lost = weights.sum(2) @ torch.where(units, mean / correction, 0.0)
                params[bias] = params[bias] + lost
            chosen[name] = units
            for kind, value in (("utility", utility), ("mean", mean), ("age", age)):
                memory[f"{kind}.{name}"] = torch.where(units, 0.0, value)
            memory[f"debt.{name}"] = debt - paid
        state = state._replace(params=params, memory=memory)
        return self.replace_units(state, hidden, chosen, noise, layer_by_layer=True)

    def _size(self, layer: Hidden, params: Params, mean: Tensor) -> Tensor:
        """What the utility says of units' outputs and incoming weights, (units,)."""
        if self.utility == CONTRIBUTION:
            return layer.outputs.abs().mean(0)
        incoming = params[layer.incoming[0]].flatten(1).abs().mean(1)
        return (layer.outputs - mean).abs().mean(0) / incoming

    def _due(self, mature: Tensor) -> Tensor:
        """How many units of a layer are to be replaced for an update, a scalar of float64."""
        number = mature.sum()
        if any(layer.convolution for layer in self.network.layers):
            number = len(mature) * (number > 0)
        return self.rate * number.double()

    def _averaged(self, average: Tensor, value: Tensor) -> Tensor:
        return average + (1 - self.utility_decay) * (value - average)
