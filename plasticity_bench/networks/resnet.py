"""ResNet-18 for small images.

The residual networks of He et al. (2016, arXiv:1512.03385): four stages of two blocks, of 1, 2, 4
and 8 times the width, each stage but the first halving height and width. As in Dohare et al. (2024)
for CIFAR-100, and unlike for ImageNet, the stem is a 3 x 3 convolution of stride 1 without
pooling, and all convolutions have biases.

Departure from both: no batch normalisation. Its running statistics are state outside the
parameters, and an example's logits depend on the batch; neither examples nor replicas would be
independent, and training and evaluation would be different functions. It is replaced by group
normalisation (Wu and He, 2018, arXiv:1803.08494), the usual choice where batches are small or must
not mix, by layer normalisation over channels and positions, or by none.
"""

from collections import OrderedDict

from torch import Tensor, nn

from plasticity_bench.networks import norms
from plasticity_bench.networks.activations import ACTIVATIONS
from plasticity_bench.networks.images import with_channels
from plasticity_bench.networks.spec import NetworkSpec

STAGES = (1, 2, 4, 8)
"""Channels of each stage, in widths."""

BLOCKS_PER_STAGE = 2


class BasicBlock(nn.Module):
    """Two convolutions and a shortcut around them, which is a convolution where shapes change."""

    def __init__(self, inputs: int, outputs: int, stride: int, spec: NetworkSpec) -> None:
        super().__init__()
        self.first = _convolution(inputs, outputs, 3, stride, spec.norm)
        self.first_activation = ACTIVATIONS[spec.activation]()
        self.second = _convolution(outputs, outputs, 3, 1, spec.norm)
        changes = stride != 1 or inputs != outputs
        self.shortcut = (
            _convolution(inputs, outputs, 1, stride, spec.norm) if changes else nn.Sequential()
        )
        self.sum_activation = ACTIVATIONS[spec.activation]()

    def forward(self, x: Tensor) -> Tensor:
        """(n, inputs, height, width) -> (n, outputs, height / stride, width / stride)."""
        residual = self.second(self.first_activation(self.first(x)))
        return self.sum_activation(residual + self.shortcut(x))  # type: ignore[no-any-return]


def resnet18(spec: NetworkSpec) -> nn.Module:
    """Build a ResNet-18: stem, eight blocks, mean over places, linear."""
    depth, _, _ = spec.image_shape
    layers: OrderedDict[str, nn.Module] = OrderedDict(with_channels(spec))
    layers["stem"] = _convolution(depth, spec.width, 3, 1, spec.norm)
    layers["stem_activation"] = ACTIVATIONS[spec.activation]()
    channels = spec.width
    for stage, times in enumerate(STAGES):
        for block in range(BLOCKS_PER_STAGE):
            stride = 2 if stage > 0 and block == 0 else 1
            outputs = times * spec.width
            layers[f"stage{stage}_block{block}"] = BasicBlock(channels, outputs, stride, spec)
            channels = outputs
    layers["pool"] = nn.AdaptiveAvgPool2d(1)
    layers["flatten"] = nn.Flatten()
    layers["head"] = nn.Linear(channels, spec.num_outputs)
    return nn.Sequential(layers)


def _convolution(inputs: int, outputs: int, kernel: int, stride: int, norm: str) -> nn.Sequential:
    layers: OrderedDict[str, nn.Module] = OrderedDict(
        conv=nn.Conv2d(inputs, outputs, kernel, stride, padding=kernel // 2)
    )
    if norm != "none":
        layers["norm"] = norms.of_images(norm, outputs)
    return nn.Sequential(layers)
