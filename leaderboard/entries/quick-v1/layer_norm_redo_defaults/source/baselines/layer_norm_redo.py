"""Layer normalisation and unit resets together."""

from dataclasses import replace
from typing import Annotated, ClassVar

from pydantic import Field
from torch import nn

from plasticity_bench import (
    Choice,
    Hidden,
    Learner,
    Method,
    NetworkSpec,
    Noise,
    State,
    build_network,
)


class LayerNormReDo(Learner):
    """Layer normalisation before every activation; every `period`, dormant units are replaced.

    After every `period`-th update, with h a unit's outputs on the batch, the hidden units with

        mean |h| <= threshold * (mean over the layer's units of mean |h|)

    are replaced: new incoming weights, a bias of zero, a gain and a bias of the norm as they
    started, outgoing weights and moments of zero. The parts are the learners `layer_norm` (Ba et
    al., 2016, arXiv:1607.06450) and `redo` (Sokar et al., 2023, arXiv:2302.12902), with the
    differences that these state; no paper is the source of the two together.
    """

    threshold: float = 0.1
    period: Annotated[int, Field(ge=1)] = 1000
    search: ClassVar = {"threshold": Choice(0.0, 0.01, 0.1), "period": Choice(100, 1_000, 10_000)}
    method = Method()

    def build(self, spec: NetworkSpec) -> nn.Module:
        """Build the network with its norm replaced."""
        return build_network(replace(spec, norm="layer"))

    def observe(self, hidden: dict[str, Hidden], state: State, noise: Noise) -> State:
        """Replace dormant units, if it is time."""
        due = state.step % self.period == 0
        chosen = {}
        for name, layer in hidden.items():
            size = layer.outputs.abs().mean(0)  # (units,)
            chosen[name] = due & (size <= self.threshold * size.mean())
        return self.replace_units(state, hidden, chosen, noise)
