"""ReDo: dormant units are recycled."""

from typing import Annotated, ClassVar

from pydantic import Field
from torch import Tensor

from plasticity_bench import Choice, Hidden, Learner, Method, Noise, State


class ReDo(Learner):
    """After every `period`-th update, replace the hidden units whose score is at most `threshold`.

    Sokar et al. (2023), arXiv:2302.12902. With h the unit's outputs on the batch,

        score = mean |h| / (mean over the layer's units of mean |h|)

    and in a layer that is silent throughout every score is zero. A new unit has new incoming
    weights, a bias of zero, outgoing weights of zero, and moments of zero.

    Departures: new weights have the spread of the layer's initial ones, where their code draws
    Xavier's; scores are of the update's own batch as it came in, where theirs draws one of 64 for
    it; moments of biases are zeroed too, and a unit's gain and bias in a norm begin anew.

    As in their code, Adam's count of updates is not reset with the moments, so the first steps of a
    new unit are several step sizes; with `reset_count=True` each weight has a count of its own,
    which is.
    """

    method = Method(
        paper="2302.12902",
        year=2023,
        authors="Sokar et al.",
        code="https://github.com/google/dopamine",
        commit="5873f5494ee0c2d7c016d0ab2ad530354fec59d0",
        verified="authors' code",
        differences=(
            "New weights have the spread of the layer's initial ones; theirs are Xavier's.",
            "Scores are of the update's own batch; theirs draws a batch of 64 for them.",
            "Moments of biases are zeroed too.",
            "Gains and biases of norms begin anew; theirs has no norms.",
        ),
    )

    threshold: float = 0.1
    period: Annotated[int, Field(ge=1)] = 1000
    reset_count: bool = False
    search: ClassVar = {"threshold": Choice(0.0, 0.01, 0.1), "period": Choice(100, 1_000, 10_000)}

    def observe(self, hidden: dict[str, Hidden], state: State, noise: Noise) -> State:
        """Replace dormant units, if it is time."""
        due = state.step % self.period == 0
        chosen = {name: due & self._dormant(layer.outputs) for name, layer in hidden.items()}
        return self.replace_units(state, hidden, chosen, noise)

    def _dormant(self, outputs: Tensor) -> Tensor:
        size = outputs.abs().mean(0)  # (units,)
        # The score's definition, multiplied out: no layer's mean is divided by.
        dormant: Tensor = size <= self.threshold * size.mean()
        return dormant
