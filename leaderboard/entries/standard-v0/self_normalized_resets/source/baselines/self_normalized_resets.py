"""Self-normalised resets: a unit that is silent for longer than is usual for it."""

from typing import Annotated, ClassVar

import torch
from pydantic import Field
from torch import Tensor

from plasticity_bench import Choice, Hidden, Learner, Memory, Method, Noise, Params, State


class SelfNormalizedResets(Learner):
    """Replace a hidden unit when its silence is longer than nearly all its past ones.

    Farias and Jozefiak (2025), arXiv:2410.20098. A unit fires in an update if any of its outputs is
    positive; a gap is the number of updates that it was silent for before it fired. A unit whose
    silence has reached its limit is replaced, layer by layer: new incoming weights, a bias,
    outgoing weights and moments of zero. After every `period`-th update each unit's limit becomes
    the smallest gap that at least the fraction `quantile` of its gaps since the last time do not
    exceed, if that is below its limit; otherwise the limit is doubled; and gaps are forgotten. A
    silence that ended in a reset is a gap; gaps of no length are none. A unit without gaps, which
    fired always or never fell silent for a limit, gets the limit of 1: a single silent update then
    resets it. Limits begin at half of `longest`, and stay between 1 and `longest`.

    As the authors' code does it, with its order: firing is counted, then units are replaced, then
    limits are set. Gaps count updates; theirs count examples, a batch's number at once, which is
    the same for batches of one size. Adam's count of updates is not reset, as there; with
    `reset_count=True` each weight has a count of its own, which is.
    """

    method = Method(
        paper="2410.20098",
        year=2025,
        authors="Farias and Jozefiak",
        code="https://github.com/ajozefiak/SelfNormalizedResets",
        commit="8b84f0c295cf23269fdbfe20e5d03186638c318f",
        verified="authors' code",
        differences=(
            "Limits are set every `period` updates; theirs are set at the end of a task.",
            "New weights have the spread of the layer's initial ones; theirs are always the same.",
            "Gains and biases of norms begin anew; theirs has no norms.",
        ),
    )

    quantile: Annotated[float, Field(gt=0, le=1)] = 0.98
    period: Annotated[int, Field(ge=1)] = 1000
    longest: Annotated[int, Field(ge=2)] = 200
    reset_count: bool = False
    search: ClassVar = {
        "quantile": Choice(0.9, 0.95, 0.98, 0.99, 0.999),
        "period": Choice(100, 1_000, 10_000),
    }

    def memory(self, params: Params) -> Memory:
        """Keep the silence, the limit and the numbers of gaps by length of each hidden unit."""
        memory: Memory = {}
        for layer in self.network.hidden:
            units = params[layer.weight].flatten(1)[:, 0]
            memory[f"silence.{layer.name}"] = torch.zeros_like(units)
            memory[f"limit.{layer.name}"] = torch.full_like(units, self.longest // 2)
            memory[f"gaps.{layer.name}"] = units.new_zeros(len(units), self.longest)
        return memory

    def observe(self, hidden: dict[str, Hidden], state: State, noise: Noise) -> State:
        """Count silences, set limits if it is time, and replace units."""
        memory, chosen = dict(state.memory), {}
        due = state.step % self.period == 0
        for name, layer in hidden.items():
            fires = (layer.outputs > 0).any(0)
            silence, gaps = memory[f"silence.{name}"], memory[f"gaps.{name}"]
            gaps = self._counted(gaps, silence, fires)
            silence = torch.where(fires, 0.0, silence + 1)
            limit = memory[f"limit.{name}"]
            units = silence >= limit
            gaps = self._counted(gaps, silence, units)
            memory[f"silence.{name}"] = torch.where(units, 0.0, silence)
            memory[f"limit.{name}"] = torch.where(due, self._new_limit(gaps, limit), limit)
            memory[f"gaps.{name}"] = torch.where(due, 0.0, gaps)
            chosen[name] = units
        state = state._replace(memory=memory)
        return self.replace_units(state, hidden, chosen, noise, layer_by_layer=True)

    def _counted(self, gaps: Tensor, length: Tensor, ends: Tensor) -> Tensor:
        """Add gaps of some lengths, (units,), that end; the column i counts gaps of i + 1."""
        columns = torch.arange(1, self.longest + 1, device=gaps.device)
        capped = length.clamp_max(self.longest)
        return gaps + (ends[:, None] & (columns == capped[:, None])).to(gaps.dtype)

    def _new_limit(self, gaps: Tensor, limit: Tensor) -> Tensor:
        total = gaps.sum(1)
        enough = gaps.cumsum(1) >= (self.quantile * total)[:, None]
        # The first column with enough, from 1; without gaps every column has enough.
        quantile = (self.longest - enough.sum(1) + 1).to(limit.dtype)
        taken = (total == 0) | (quantile < limit)
        return torch.where(taken, quantile, 2 * limit).clamp(1, self.longest)
