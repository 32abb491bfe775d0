"""Initialisations by name, and initial parameters as a function of a seed."""

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn

GAINS = {
    "relu": math.sqrt(2),
    "leaky_relu": nn.init.calculate_gain("leaky_relu", 0.01),
    "tanh": nn.init.calculate_gain("tanh"),
    "gelu": math.sqrt(2),  # as relu, which it resembles; PyTorch has no gain for it
    "identity": 1.0,
    # Both halves together have a mean square of 1/2 for each feature, that of relu.
    "crelu": math.sqrt(2),
    "fourier": math.sqrt(2),
    "prelu": nn.init.calculate_gain("leaky_relu", 0.25),
    "smooth_leaky": nn.init.calculate_gain("leaky_relu", 0.7),  # which it resembles
}
"""`torch.nn.init.calculate_gain` where it knows the activation."""


def _kaiming_uniform(weight: Tensor, gain: float) -> None:
    bound = gain * math.sqrt(3 / _fan_in(weight))
    nn.init.uniform_(weight, -bound, bound)


def _kaiming_normal(weight: Tensor, gain: float) -> None:
    nn.init.normal_(weight, std=gain / math.sqrt(_fan_in(weight)))


def _xavier_uniform(weight: Tensor, gain: float) -> None:
    nn.init.xavier_uniform_(weight, gain)


def _xavier_normal(weight: Tensor, gain: float) -> None:
    nn.init.xavier_normal_(weight, gain)


def _lecun_normal(weight: Tensor, _gain: float) -> None:
    """LeCun et al. (1998): variance 1 / fan_in, whatever follows; not truncated, unlike JAX's."""
    nn.init.normal_(weight, std=1 / math.sqrt(_fan_in(weight)))


def _orthogonal(weight: Tensor, gain: float) -> None:
    nn.init.orthogonal_(weight, gain)


def _fan_in(weight: Tensor) -> int:
    return weight[0].numel()


INITS: dict[str, Callable[[Tensor, float], None] | None] = {
    "pytorch": None,
    "kaiming_uniform": _kaiming_uniform,
    "kaiming_normal": _kaiming_normal,
    "xavier_uniform": _xavier_uniform,
    "xavier_normal": _xavier_normal,
    "lecun_normal": _lecun_normal,
    "orthogonal": _orthogonal,
}


def initialise(network: nn.Module, init: str, activation: str, plain: tuple[str, ...]) -> None:
    """Initialise the weights of linear and convolutional layers; their biases become zero.

    "pytorch" keeps what the layers' constructors do. Gains of norms stay one, and an embedding of
    positions keeps its own initialisation.

    Args:
        network: changed in place.
        init: a name in `INITS`.
        activation: whose gain the layers have.
        plain: names of layers that no activation follows; their gain is one.
    """
    draw = INITS[init]
    if draw is None:
        return
    for name, layer in network.named_modules():
        if isinstance(layer, nn.Linear | nn.Conv2d):
            is_plain = name.rpartition(".")[-1] in plain
            draw(layer.weight, 1.0 if is_plain else GAINS[activation])
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)


def seeded_module(make: Callable[[], nn.Module], seed: int) -> nn.Module:
    """Return a newly made module, as a function of a seed.

    Constructors of modules draw from PyTorch's global generator, whose state is set for the call
    and restored after it. Parameters are made on the CPU, so that a seed gives the same on every
    device.
    """
    with torch.random.fork_rng(devices=[]), torch.device("cpu"):
        torch.default_generator.manual_seed(seed)
        return make()


def initial_parameters(make: Callable[[], nn.Module], seed: int) -> dict[str, Tensor]:
    """Return the parameters of a newly made module, as a function of a seed."""
    module = seeded_module(make, seed)
    return {name: value.detach().clone() for name, value in module.named_parameters()}
