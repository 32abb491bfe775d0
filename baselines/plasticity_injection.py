"""Plasticity injection: new layers learn on top of the old, which are frozen."""

import copy
from typing import Annotated, ClassVar

import torch
from pydantic import Field
from torch import Tensor, nn

from plasticity_bench import (
    Choice,
    Learner,
    Method,
    NetworkSpec,
    Noise,
    Params,
    State,
    build_network,
)


class PlasticityInjection(Learner):
    """After `start` updates, freeze the network's head, and learn a new one added to it.

    Nikishin et al. (2023), arXiv:2305.15555. With z what the layers before the head make of the
    input, the output is head(z) + (new(z) - frozen(z)), where `new` and `frozen` begin as equal,
    newly initialised copies: so nothing changes at the moment of injection. Until then the head
    learns, afterwards `new` in its place; `frozen` never does. The layers before the head learn
    throughout, and through all three.

    The head is the last `depth` linear hidden layers of an mlp or a cnn and what follows them;
    theirs is all behind the convolutions. It happens once. Moments of the layers before the head
    are kept, and what the authors do with them is not verified. The head is computed, and kept,
    three times; measurements of hidden units see all three.
    """

    method = Method(
        paper="2305.15555",
        year=2023,
        authors="Nikishin et al.",
        verified="paper",
        differences=(
            "The head begins at the last hidden layer; theirs is all behind the convolutions.",
            "Moments of the layers before the head are kept; what theirs does is not stated.",
        ),
    )

    start: Annotated[int, Field(ge=0)] = 10_000
    depth: Annotated[int, Field(ge=1)] = 1
    search: ClassVar = {"start": Choice(1_000, 3_000, 10_000, 30_000)}

    def build(self, spec: NetworkSpec) -> nn.Module:
        """Build the suite's network with its head in three parts."""
        layers = dict(build_network(spec).named_children())
        starts = [i for i, layer in enumerate(layers.values()) if isinstance(layer, nn.Linear)]
        split = starts[max(0, len(starts) - 1 - self.depth)]
        body = nn.Sequential(*list(layers.values())[:split])
        new = nn.Sequential(*list(dict(build_network(spec).named_children()).values())[split:])
        return _Injected(body, new, nn.Sequential(*list(layers.values())[split:]))

    def apply_gradients(self, gradients: Params, state: State, noise: Noise) -> State:
        """Do a step of the optimiser on what learns now."""
        learns = {name: self._learns(name, state.step) for name in gradients}
        held = {name: torch.where(learns[name], g, 0.0) for name, g in gradients.items()}
        stepped = super().apply_gradients(held, state, noise)
        params = {
            name: torch.where(learns[name], value, state.params[name])
            for name, value in stepped.params.items()
        }
        return stepped._replace(params=params)

    def _learns(self, name: str, step: Tensor) -> Tensor:
        part = name.partition(".")[0]
        if part == "head":
            return step <= self.start
        if part == "new":
            return step > self.start
        return torch.full_like(step, part == "body", dtype=torch.bool)


class _Injected(nn.Module):
    def __init__(self, body: nn.Module, new: nn.Module, head: nn.Module) -> None:
        super().__init__()
        self.body = body
        self.new = new
        self.frozen = copy.deepcopy(new)
        self.head = head

    def forward(self, x: Tensor) -> Tensor:
        z = self.body(x)
        logits: Tensor = self.head(z) + (self.new(z) - self.frozen(z))
        return logits
