"""A control without plasticity: it undoes permutations of pixels, and never learns again."""

from typing import Annotated, ClassVar

import torch
from pydantic import Field
from torch import Tensor

from plasticity_bench import (
    Learner,
    LearnerError,
    Memory,
    Method,
    Noise,
    Params,
    State,
    Uniform,
    match_ranks,
)


class InputMatching(Learner):
    """Freeze after `warmup` updates; then read each pixel as the one whose mean had the same rank.

    Not a method but a control: it has a solution of one task, and undoes the change of the inputs
    instead of learning. In the first `warmup` updates it is Adam, and keeps the mean of each input
    over their batches. From then on no parameter changes. A running average of each input,

        average <- (1 - rate) * average + rate * (mean over the batch),

    follows the present inputs. Predictions are made with the first layer's columns permuted, so
    that the input with the k-th smallest average is read where the input with the k-th smallest
    mean was; or as they are, while the averages are close to the means: at a mean squared distance
    of less than a tenth of the means' variance.

    It retains all on permuted pixels although it learns nothing, and is at chance where targets
    change: a score on permuted pixels alone is no evidence of plasticity. That nothing is learnt
    shows in `update_norm`, which is 0 after the warm-up, and in `task_update_norm`, which is 0 in
    every layer but the first.
    """

    method = Method()

    warmup: Annotated[int, Field(ge=1)] = 200
    rate: Annotated[float, Field(gt=0, le=1)] = 0.03
    search: ClassVar = {"rate": Uniform(0.01, 0.1)}

    def memory(self, params: Params) -> Memory:
        """Keep two averages of each input."""
        name, weight = next(iter(params.items()))
        if weight.ndim != 2:
            raise _refused(f"this one begins with {name}, of shape {tuple(weight.shape)}")
        average = torch.zeros_like(weight[0])
        return {"warmup": average, "present": average.clone()}

    def apply_gradients(self, gradients: Params, state: State, noise: Noise) -> State:
        """Do a step of the optimiser, in the warm-up only."""
        stepped = super().apply_gradients(gradients, state, noise)
        trains = state.step <= self.warmup
        moments = {
            moment: _where(trains, averages, state.moments[moment])
            for moment, averages in stepped.moments.items()
        }
        return stepped._replace(
            params=_where(trains, stepped.params, state.params), moments=moments
        )

    def observe_inputs(self, inputs: Tensor, state: State, noise: Noise) -> State:
        """Average the inputs."""
        mean = inputs.flatten(1).mean(0)
        warmup, present = state.memory["warmup"], state.memory["present"]
        if mean.shape != warmup.shape:
            raise _refused(f"the first layer of this one reads {len(warmup)} of {len(mean)} inputs")
        average = warmup + (mean - warmup) / state.step
        warmup = torch.where(state.step <= self.warmup, average, warmup)
        return state._replace(
            memory={"warmup": warmup, "present": present + self.rate * (mean - present)}
        )

    def predict_params(self, state: State) -> Params:
        """Permute the first layer's columns; in the warm-up they stay as they are."""
        name, weight = next(iter(state.params.items()))
        warmup, present = state.memory["warmup"], state.memory["present"]
        ranked = warmup.argsort(stable=True).to(warmup.dtype)  # whole numbers below 2^24: exact
        matched = match_ranks(present, ranked).long()  # for each input, the one it is read as
        undone = weight.gather(1, matched.expand_as(weight))
        unchanged = (present - warmup).square().mean() < 0.1 * warmup.var(correction=0)
        as_it_is = unchanged | (state.step <= self.warmup)
        return {**state.params, name: torch.where(as_it_is, weight, undone)}


def _refused(problem: str) -> LearnerError:
    return LearnerError(
        "Learner InputMatching: it permutes the columns of a first linear layer that reads every "
        f"input, as that of the family mlp does; {problem}."
    )


def _where(condition: Tensor, some: Params, others: Params) -> Params:
    return {name: torch.where(condition, value, others[name]) for name, value in some.items()}
