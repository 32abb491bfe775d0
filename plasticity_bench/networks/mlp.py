"""The multilayer perceptron, and the one that ends a convolutional network."""

import math
from collections import OrderedDict

from torch import nn

from plasticity_bench.networks import norms
from plasticity_bench.networks.activations import ACTIVATIONS, num_features
from plasticity_bench.networks.spec import NetworkSpec


def mlp(spec: NetworkSpec) -> nn.Module:
    """Build a multilayer perceptron: linear, norm, activation for each hidden width; linear."""
    layers: OrderedDict[str, nn.Module] = OrderedDict(flatten=nn.Flatten())
    return nn.Sequential(with_linear(layers, math.prod(spec.input_shape), spec))


def with_linear(
    layers: OrderedDict[str, nn.Module], width: int, spec: NetworkSpec
) -> OrderedDict[str, nn.Module]:
    """Add the hidden linear layers, each with norm and activation, and the head, to `layers`."""
    for depth, hidden in enumerate(spec.hidden):
        layers[f"linear{depth}"] = nn.Linear(width, hidden)
        if spec.norm != "none":
            layers[f"norm{depth}"] = norms.of_features(spec.norm, hidden)
        layers[f"activation{depth}"] = ACTIVATIONS[spec.activation]()
        width = num_features(spec.activation, hidden)
    layers["head"] = nn.Linear(width, spec.num_outputs)
    return layers
