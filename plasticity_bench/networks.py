"""Networks from a specification."""

import math
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import nn

ACTIVATIONS: dict[str, Callable[[], nn.Module]] = {
    "relu": nn.ReLU,
    "leaky_relu": nn.LeakyReLU,
    "tanh": nn.Tanh,
    "gelu": nn.GELU,
    "identity": nn.Identity,
}
NORMS: dict[str, Callable[[int], nn.Module]] = {"layer": nn.LayerNorm}


@dataclass(frozen=True, kw_only=True)
class NetworkSpec:
    """What a learner is asked to build.

    Attributes:
        name: the family, "mlp".
        hidden: widths of the hidden layers.
        activation: a name in `ACTIVATIONS`.
        norm: a name in `NORMS`, applied before each activation; or "none".
        input_shape: shape of one example.
        num_outputs: number of classes.
    """

    name: str = "mlp"
    hidden: tuple[int, ...]
    activation: str = "relu"
    norm: str = "none"
    input_shape: tuple[int, ...]
    num_outputs: int


def build_network(spec: NetworkSpec) -> nn.Module:
    """Build the network of a specification, initialised as PyTorch does by default."""
    return FAMILIES[spec.name](spec)


def mlp(spec: NetworkSpec) -> nn.Module:
    """Build a multilayer perceptron: linear, norm, activation for each hidden width; linear."""
    layers: OrderedDict[str, nn.Module] = OrderedDict(flatten=nn.Flatten())
    width = math.prod(spec.input_shape)
    for depth, hidden in enumerate(spec.hidden):
        layers[f"linear{depth}"] = nn.Linear(width, hidden)
        if spec.norm != "none":
            layers[f"norm{depth}"] = NORMS[spec.norm](hidden)
        layers[f"activation{depth}"] = ACTIVATIONS[spec.activation]()
        width = hidden
    layers["head"] = nn.Linear(width, spec.num_outputs)
    return nn.Sequential(layers)


FAMILIES: dict[str, Callable[[NetworkSpec], nn.Module]] = {"mlp": mlp}


def initial_parameters(make: Callable[[], nn.Module], seed: int) -> dict[str, torch.Tensor]:
    """Return the parameters of a newly made module, as a function of a seed.

    Constructors of modules draw from PyTorch's global generator; its state is set for the call and
    put back after it.
    """
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        module = make()
    return {name: value.detach().clone() for name, value in module.named_parameters()}
