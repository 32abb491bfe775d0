"""Networks as others write them: batch normalisation and skips, class tokens, outputs in objects."""

from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional


class Block(nn.Module):
    """As torchvision's BasicBlock: one ReLU, in place, called twice."""

    def __init__(self, channels):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)

    def forward(self, x):
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        out += x
        return self.relu(out)


def residual(channels=4, classes=5):
    """A small ResNet of 3-channel images."""
    return nn.Sequential(
        nn.Conv2d(3, channels, 3, padding=1, bias=False),
        nn.BatchNorm2d(channels),
        nn.ReLU(inplace=True),
        Block(channels),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Dropout(0.5),
        nn.Linear(channels, classes),
    )


@dataclass
class Output:
    """As Hugging Face's ImageClassifierOutput, which is also a dictionary."""

    loss: object
    logits: torch.Tensor


class Config:
    def __init__(self, width=8, patch=4, classes=5):
        self.width, self.patch, self.classes = width, patch, classes


class Transformer(nn.Module):
    """As Hugging Face's ViTForImageClassification, in small."""

    def __init__(self, config):
        super().__init__()
        self.config = config
        width = config.width
        self.patches = nn.Conv2d(3, width, config.patch, config.patch)
        self.cls_token = nn.Parameter(torch.randn(1, 1, width))
        self.position_embeddings = nn.Parameter(torch.randn(1, 5, width))
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.query, self.key = nn.Linear(width, width), nn.Linear(width, width)
        self.value, self.output = nn.Linear(width, width), nn.Linear(width, width)
        self.intermediate, self.dense = nn.Linear(width, 2 * width), nn.Linear(2 * width, width)
        self.classifier = nn.Linear(width, config.classes)
        self.apply(self._init_weights)

    def _init_weights(self, part):
        if isinstance(part, nn.Linear):
            nn.init.trunc_normal_(part.weight, std=0.1)
            nn.init.zeros_(part.bias)

    def forward(self, pixel_values):
        x = self.patches(pixel_values).flatten(2).mT
        x = torch.cat([self.cls_token.expand(len(x), -1, -1), x], 1) + self.position_embeddings
        h = self.norm1(x)
        heads = [
            f(h).unflatten(-1, (2, -1)).transpose(1, 2) for f in (self.query, self.key, self.value)
        ]
        attended = functional.scaled_dot_product_attention(*heads)
        x = x + self.output(attended.transpose(1, 2).flatten(2))
        x = x + self.dense(functional.gelu(self.intermediate(self.norm2(x))))
        return Output(None, self.classifier(x[:, 0]))


def without_config(config=None):
    """The same transformer, of somebody who has no config."""
    network = Transformer(config or Config())
    del network.config
    return network
