"""Convolutions that are pooled, then a multilayer perceptron.

The networks of Kumar et al. (2023, arXiv:2308.11958) and of Dohare et al. (2024, arXiv:2306.13812)
are of this family, with `padding: valid`: neither code pads (`docs/networks.md` has both).
"""

from collections import OrderedDict

from torch import nn

from plasticity_bench.networks import norms
from plasticity_bench.networks.activations import ACTIVATIONS, num_features
from plasticity_bench.networks.images import with_channels
from plasticity_bench.networks.mlp import with_linear
from plasticity_bench.networks.spec import NetworkSpec


def cnn(spec: NetworkSpec) -> nn.Module:
    """Build a convolutional network, then the multilayer perceptron on its features.

    For each of the channels: a convolution, norm, activation, and maximum pooling that halves
    height and width, rounding down.
    """
    depth, height, width = spec.image_shape
    layers: OrderedDict[str, nn.Module] = OrderedDict(with_channels(spec))
    for index, (channels, kernel) in enumerate(zip(spec.channels, spec.kernels, strict=True)):
        padding = spec.pixels_padded(kernel)
        layers[f"conv{index}"] = nn.Conv2d(depth, channels, kernel, padding=padding)
        if spec.norm != "none":
            layers[f"conv_norm{index}"] = norms.of_images(spec.norm, channels)
        layers[f"conv_activation{index}"] = ACTIVATIONS[spec.activation]()
        layers[f"pool{index}"] = nn.MaxPool2d(2)
        depth = num_features(spec.activation, channels)
        height, width = spec.side_after(height, kernel), spec.side_after(width, kernel)
    layers["flatten"] = nn.Flatten()
    return nn.Sequential(with_linear(layers, depth * height * width, spec))
