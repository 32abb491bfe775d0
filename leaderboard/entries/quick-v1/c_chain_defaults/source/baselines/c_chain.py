"""C-CHAIN: predictions for other examples are held still."""

from typing import Annotated, ClassVar

import torch
from pydantic import Field
from torch import Tensor

from plasticity_bench import Batch, Learner, LogUniform, Memory, Method, Noise, Params, State


class CChain(Learner):
    """Penalise how an update changes the outputs for other examples, in proportion to the loss.

    At the t-th update, with the network f, the parameters p_t, and the last `examples` examples x'
    before the batch, from the second update on:

        R = mean over x' and outputs of (f(x'; p_t) - f(x'; p_(t - 1)))^2
        loss <- loss + c R

    c is `first_coefficient` in the first `warmup` updates, and then
    share * mean |loss| / (mean R + 1e-8), with means over the updates before, of the last `window`.

    Tang et al. (2025), arXiv:2506.00592, in the form that their code gives double deep Q-networks.
    There share = 0.01, first_coefficient = 50, warmup = 10,000, window = 50,000, and x' is drawn
    from the replay memory.

    Departures: x' is what came before the batch, which the learner keeps; beyond `window` updates
    the means are exponential averages of that length; defaults are for shorter training.
    """

    share: float = 0.01
    first_coefficient: float = 1.0
    warmup: Annotated[int, Field(ge=1)] = 100
    window: Annotated[int, Field(ge=1)] = 50_000
    examples: Annotated[int, Field(ge=1)] = 32
    search: ClassVar = {
        "share": LogUniform(1e-4, 1.0),
        "first_coefficient": LogUniform(1e-2, 100.0),
    }
    method = Method(
        paper="2506.00592",
        year=2025,
        authors="Tang et al.",
        code="https://github.com/bluecontra/C-CHAIN",
        commit="2f8bedfefb6a0a276d7709447a5cdb75cecfdaad",
        verified="authors' code",
        differences=(
            "The other examples are those before the batch, in the code a sample of a memory.",
            "Means over more than `window` updates are exponential averages.",
        ),
    )

    def memory(self, params: Params) -> Memory:
        """Keep the parameters before the last update, and two means."""
        before = {f"before.{name}": value.clone() for name, value in params.items()}
        return {"mean_loss": torch.zeros(()), "mean_churn": torch.zeros(()), **before}

    def stored_examples(self) -> int:
        """Keep the last examples."""
        return self.examples

    def update(self, batch: Batch, state: State, noise: Noise) -> State:
        """Do a step of the optimiser with the penalised loss."""
        memory = state.memory
        other = batch.replaced(memory["example_inputs"], memory["example_targets"])
        before = {name: memory[f"before.{name}"] for name in state.params}
        outputs = other.logits(before)
        has_others = (state.step > 1).to(outputs.dtype)

        def churn(params: Params) -> Tensor:
            return (other.logits(params) - outputs).square().mean()

        tuned = self.share * memory["mean_loss"] / (memory["mean_churn"] + 1e-8)
        coefficient = (
            torch.where(state.step <= self.warmup, self.first_coefficient, tuned) * has_others
        )

        def objective(params: Params) -> Tensor:
            return batch.objective(params) + coefficient * churn(params)

        gradients = batch.gradients(state.params, objective)
        changed = {
            "mean_loss": self._mean(
                memory["mean_loss"], batch.objective(state.params).abs(), state.step
            ),
            "mean_churn": self._mean(memory["mean_churn"], churn(state.params), state.step - 1),
            **_latest(memory, batch),
            **{f"before.{name}": value for name, value in state.params.items()},
        }
        state = state._replace(memory={**memory, **changed})
        return self.apply_gradients(gradients, state, noise)

    def _mean(self, average: Tensor, value: Tensor, count: Tensor) -> Tensor:
        """The mean with one value more, the `count`-th; of none before the first."""
        weight = 1 / count.clamp(1, self.window).to(average.dtype)
        return torch.where(count > 0, average + weight * (value - average), average)


def _latest(memory: Memory, batch: Batch) -> Memory:
    """The last examples, the batch's first."""
    size = len(memory["example_inputs"])
    inputs = torch.cat([batch.inputs, memory["example_inputs"]])[:size]
    targets = torch.cat([batch.encoded_targets, memory["example_targets"]])[:size]
    return {"example_inputs": inputs, "example_targets": targets}
