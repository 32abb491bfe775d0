"""Networks from a specification."""

import math
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import nn

from plasticity_bench.errors import BadInputError

ACTIVATIONS: dict[str, Callable[[], nn.Module]] = {
    "relu": nn.ReLU,
    "leaky_relu": nn.LeakyReLU,
    "tanh": nn.Tanh,
    "gelu": nn.GELU,
    "identity": nn.Identity,
}
NORMS = ("layer",)


@dataclass(frozen=True, kw_only=True)
class NetworkSpec:
    """What a learner is asked to build.

    Attributes:
        name: the family, "mlp" or "cnn".
        channels: of the convolutional layers; those of a "cnn" only.
        kernel_size: width and height of their kernels, odd.
        hidden: widths of the hidden linear layers.
        activation: a name in `ACTIVATIONS`.
        norm: a name in `NORMS`, applied before each activation; or "none".
        input_shape: shape of one example; for a "cnn" (height, width) or (channels, height, width).
        num_outputs: number of classes.

    Raises:
        BadInputError: if the input or the channels do not suit the family.
    """

    name: str = "mlp"
    channels: tuple[int, ...] = ()
    kernel_size: int = 5
    hidden: tuple[int, ...]
    activation: str = "relu"
    norm: str = "none"
    input_shape: tuple[int, ...]
    num_outputs: int

    def __post_init__(self) -> None:
        if (self.name == "cnn") != bool(self.channels):
            raise BadInputError(
                "A cnn has channels, one number for each convolution; an mlp has none."
            )
        if self.name != "cnn":
            return
        if self.kernel_size % 2 == 0:
            raise BadInputError(f"kernel_size must be odd, not {self.kernel_size}.")
        if len(self.input_shape) not in (2, 3):
            raise BadInputError(
                f"A cnn needs inputs of height and width, but these have shape {self.input_shape}."
            )
        if min(self.input_shape[-2:]) < 2 ** len(self.channels):
            raise BadInputError(
                f"Inputs of {self.input_shape[-2]} x {self.input_shape[-1]} cannot be halved "
                f"{len(self.channels)} times: use fewer channels."
            )

    @property
    def convolves(self) -> bool:
        """Whether the network has convolutions, which a CPU is slow at in batches of members."""
        return bool(self.channels)


def build_network(spec: NetworkSpec) -> nn.Module:
    """Build the network of a specification, initialised as PyTorch does by default."""
    return FAMILIES[spec.name](spec)


def mlp(spec: NetworkSpec) -> nn.Module:
    """Build a multilayer perceptron: linear, norm, activation for each hidden width; linear."""
    layers: OrderedDict[str, nn.Module] = OrderedDict(flatten=nn.Flatten())
    return nn.Sequential(_with_linear(layers, math.prod(spec.input_shape), spec))


def cnn(spec: NetworkSpec) -> nn.Module:
    """Build a convolutional network, then the multilayer perceptron on its features.

    For each of the channels: a convolution that keeps height and width, norm, activation, and
    maximum pooling that halves them.
    """
    depth, height, width = (1, *spec.input_shape)[-3:]
    layers: OrderedDict[str, nn.Module] = OrderedDict()
    if len(spec.input_shape) == 2:
        layers["unflatten"] = nn.Unflatten(1, (1, height))
    same = spec.kernel_size // 2
    for index, channels in enumerate(spec.channels):
        layers[f"conv{index}"] = nn.Conv2d(depth, channels, spec.kernel_size, padding=same)
        if spec.norm == "layer":  # over channels and places together
            layers[f"conv_norm{index}"] = nn.GroupNorm(1, channels)
        layers[f"conv_activation{index}"] = ACTIVATIONS[spec.activation]()
        layers[f"pool{index}"] = nn.MaxPool2d(2)
        depth, height, width = channels, height // 2, width // 2
    layers["flatten"] = nn.Flatten()
    return nn.Sequential(_with_linear(layers, depth * height * width, spec))


def _with_linear(
    layers: OrderedDict[str, nn.Module], width: int, spec: NetworkSpec
) -> OrderedDict[str, nn.Module]:
    for depth, hidden in enumerate(spec.hidden):
        layers[f"linear{depth}"] = nn.Linear(width, hidden)
        if spec.norm == "layer":
            layers[f"norm{depth}"] = nn.LayerNorm(hidden)
        layers[f"activation{depth}"] = ACTIVATIONS[spec.activation]()
        width = hidden
    layers["head"] = nn.Linear(width, spec.num_outputs)
    return layers


FAMILIES: dict[str, Callable[[NetworkSpec], nn.Module]] = {"mlp": mlp, "cnn": cnn}


def initial_parameters(make: Callable[[], nn.Module], seed: int) -> dict[str, torch.Tensor]:
    """Return the parameters of a newly made module, as a function of a seed.

    Constructors of modules draw from PyTorch's global generator; its state is set for the call and
    put back after it. They are made on the CPU, so that a seed means the same on every device.
    """
    with torch.random.fork_rng(devices=[]), torch.device("cpu"):
        torch.default_generator.manual_seed(seed)
        module = make()
    return {name: value.detach().clone() for name, value in module.named_parameters()}
