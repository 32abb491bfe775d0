"""InFeR: auxiliary heads keep predicting what they predicted at the start."""

from typing import Annotated, ClassVar

import torch
from pydantic import Field
from torch import Tensor, nn

from plasticity_bench import (
    Batch,
    Learner,
    LearnerError,
    LogUniform,
    Method,
    NetworkSpec,
    Noise,
    Params,
    State,
    build_network,
)

WEIGHT = "head.auxiliary"


class InFeR(Learner):
    """Auxiliary linear heads on the last hidden layer regress to their scaled initial outputs.

    Add to the loss, with g_k(x; params) the k-th of `heads` linear functions of the inputs of the
    network's head,

        strength * mean over the batch of sum over k of (g_k(x; params) - scale * g_k(x; initial))^2

    Lyle et al. (2022), arXiv:2204.09560, initial feature regularisation, with 10 heads and scale =
    100. Gradients reach the auxiliary weights, which are parameters, and all layers but the head.

    Not verified against the authors' code, for none is public; the rule is that of section 5 of the
    paper. It does not say whether auxiliary heads have biases (here they have none), and how they
    are initialised (here as the head is).
    """

    strength: float = 1e-3
    scale: float = 100.0
    heads: Annotated[int, Field(ge=1)] = 10
    search: ClassVar = {"strength": LogUniform(1e-6, 1.0), "scale": LogUniform(1.0, 100.0)}
    method = Method(
        paper="2204.09560",
        year=2022,
        authors="Lyle et al.",
        verified="paper",
        differences=("Whether the authors' auxiliary heads have biases is not verified.",),
    )

    def build(self, spec: NetworkSpec) -> nn.Module:
        """Build the network; its head has auxiliary weights, which make no outputs."""
        network = build_network(spec)
        head = getattr(network, "head", None)
        if not isinstance(head, nn.Linear):
            raise LearnerError("Learner InFeR: this network has no linear layer named head.")
        setattr(network, "head", _Head(head, self.heads))  # noqa: B010  (for mypy)
        return network

    def update(self, batch: Batch, state: State, noise: Noise) -> State:
        """Do a step of the optimiser with the penalised loss."""
        targets = self.scale * batch.logits(_auxiliary(state.initial))

        def objective(params: Params) -> Tensor:
            outputs = batch.logits(_auxiliary(params))
            distance = (outputs - targets).square().sum(1).mean()
            return batch.objective(params) + self.strength * distance

        return self.apply_gradients(batch.gradients(state.params, objective), state, noise)


class _Head(nn.Linear):
    """A linear layer with the weights of auxiliary ones."""

    def __init__(self, head: nn.Linear, heads: int) -> None:
        super().__init__(head.in_features, head.out_features)
        self.weight, self.bias = head.weight, head.bias
        self.auxiliary = nn.Parameter(nn.Linear(head.in_features, heads).weight.detach().clone())


def _auxiliary(params: Params) -> Params:
    """Parameters with which a network's outputs are those of the auxiliary heads."""
    weight = params[WEIGHT]
    return {**params, "head.weight": weight, "head.bias": torch.zeros_like(weight[:, 0])}
