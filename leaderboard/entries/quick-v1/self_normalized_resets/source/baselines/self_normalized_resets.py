"""Self-normalised resets: a unit that is silent for longer than is usual for it."""

from typing import Annotated, ClassVar

import torch
from pydantic import Field
from torch import Tensor

from plasticity_bench import Choice, Hidden, Learner, Memory, Noise, Params, State


class SelfNormalizedResets(Learner):
    """Replace a hidden unit when its silence is longer than nearly all its past ones.

    Farias and Jozefiak (2025), arXiv:2410.20098. A unit fires in an update if any of its outputs is
    positive; a gap is the number of updates that it was silent for before it fired. A unit whose
    silence has reached its limit is replaced: new incoming weights, a bias, outgoing weights and
    moments of zero. Every `period` updates each unit's limit becomes the smallest gap that at least
    the fraction `quantile` of its gaps since the last time do not exceed, if that is below its
    limit; otherwise the limit is doubled; and gaps are forgotten. Limits begin at half of
    `longest`, and stay between 1 and `longest`; a silence that ended in a reset is a gap.

    Not verified against the authors' code: this follows the paper's idea in the form of a
    third party's port of it. Departures: gaps count updates, where the port counts examples; gaps
    of no length are left out, as there; new weights have the spread of the layer's initial ones.
    """

    quantile: Annotated[float, Field(gt=0, le=1)] = 0.98
    period: Annotated[int, Field(ge=1)] = 1000
    longest: Annotated[int, Field(ge=2)] = 200
    search: ClassVar = {
        "quantile": Choice(0.9, 0.95, 0.98, 0.99, 0.999),
        "period": Choice(100, 1_000, 10_000),
    }

    def memory(self, params: Params) -> Memory:
        """Keep the silence, the limit and the numbers of gaps by length of each hidden unit."""
        memory: Memory = {}
        for name in [name for name, value in params.items() if value.ndim >= 2][:-1]:
            layer, units = name.removesuffix(".weight"), params[name].flatten(1)[:, 0]
            memory[f"silence.{layer}"] = torch.zeros_like(units)
            memory[f"limit.{layer}"] = torch.full_like(units, self.longest // 2)
            memory[f"gaps.{layer}"] = units.new_zeros(len(units), self.longest)
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
            limit = torch.where(
                due, self._new_limit(gaps, memory[f"limit.{name}"]), memory[f"limit.{name}"]
            )
            gaps = torch.where(due, 0.0, gaps)
            units = silence >= limit
            memory[f"gaps.{name}"] = self._counted(gaps, silence, units)
            memory[f"silence.{name}"] = torch.where(units, 0.0, silence)
            memory[f"limit.{name}"] = limit
            chosen[name] = units
        return self.replace_units(state._replace(memory=memory), hidden, chosen, noise)

    def _counted(self, gaps: Tensor, length: Tensor, ends: Tensor) -> Tensor:
        """Add gaps of some lengths, (units,), that end; the column i counts gaps of i + 1."""
        columns = torch.arange(1, self.longest + 1, device=gaps.device)
        capped = length.clamp_max(self.longest)
        return gaps + (ends[:, None] & (columns == capped[:, None])).to(gaps.dtype)

    def _new_limit(self, gaps: Tensor, limit: Tensor) -> Tensor:
        total = gaps.sum(1)
        enough = gaps.cumsum(1) >= (self.quantile * total)[:, None]
        quantile = self.longest - enough.sum(1) + 1  # the first column with enough, from 1
        # Without gaps every column has enough, and nothing is known of the unit.
        shorter = (total > 0) & (quantile < limit)
        return torch.where(shorter, quantile.to(limit.dtype), 2 * limit).clamp(1, self.longest)
