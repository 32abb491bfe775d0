"""A small Vision Transformer (Dosovitskiy et al., 2021, arXiv:2010.11929).

Square patches, a linear embedding of each, learnt positions; blocks of self-attention and a
perceptron of one hidden layer, each after its norm and with a residual connection; a last norm, and
a linear head.

Departures: the head reads the mean over patches, not a class token, which performs as well and
saves a token (Beyer et al., 2022, arXiv:2205.01580); no dropout; layers are initialised as `init`
says, by default as PyTorch does, positions always from a normal distribution of deviation 0.02.
"""

import math
from collections import OrderedDict

import torch
from torch import Tensor, nn

from plasticity_bench.networks import norms
from plasticity_bench.networks.activations import ACTIVATIONS, num_features
from plasticity_bench.networks.images import with_channels
from plasticity_bench.networks.spec import NetworkSpec

LAYERS_WITHOUT_ACTIVATION = ("embed", "queries_keys_values", "mix", "narrow", "head")


class Patches(nn.Module):
    """Cut images into squares: (n, channels, height, width) -> (n, patches, values)."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.size = size

    def forward(self, x: Tensor) -> Tensor:
        """Return patches row by row; values by channel, then row, then column."""
        squares = x.unflatten(3, (-1, self.size)).unflatten(2, (-1, self.size))
        return squares.permute(0, 2, 4, 1, 3, 5).flatten(3).flatten(1, 2)  # type: ignore[no-any-return]


class Positions(nn.Module):
    """Add a learnt vector to each token."""

    def __init__(self, tokens: int, dim: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(0.02 * torch.randn(tokens, dim))

    def forward(self, x: Tensor) -> Tensor:
        """(n, tokens, dim) -> the same."""
        return x + self.weight


class Attention(nn.Module):
    """Self-attention of several heads, written out: it maps over replicas and is differentiable.

    Causal attention is to a token itself and those before it.
    """

    def __init__(self, dim: int, heads: int, *, causal: bool = False) -> None:
        super().__init__()
        self.heads, self.causal = heads, causal
        self.queries_keys_values = nn.Linear(dim, 3 * dim)
        self.mix = nn.Linear(dim, dim)

    def forward(self, x: Tensor) -> Tensor:
        """(n, tokens, dim) -> the same."""
        parts = self.queries_keys_values(x).chunk(3, -1)
        q, k, v = (part.unflatten(-1, (self.heads, -1)).transpose(1, 2) for part in parts)
        scores = q @ k.mT / math.sqrt(q.shape[-1])  # (n, heads, tokens, tokens)
        if self.causal:
            scores = scores + torch.ones_like(scores[0, 0]).tril().log()  # log 0 = -inf
        return self.mix((scores.softmax(-1) @ v).transpose(1, 2).flatten(2))  # type: ignore[no-any-return]


class Block(nn.Module):
    """Attention between tokens, then a perceptron on each token; a residual around either."""

    def __init__(self, spec: NetworkSpec, *, causal: bool = False) -> None:
        super().__init__()
        hidden = spec.mlp_ratio * spec.dim
        self.attention_norm = token_norm(spec)
        self.attention = Attention(spec.dim, spec.heads, causal=causal)
        self.mlp_norm = token_norm(spec)
        self.widen = nn.Linear(spec.dim, hidden)
        self.activation = ACTIVATIONS[spec.activation]()
        self.narrow = nn.Linear(num_features(spec.activation, hidden), spec.dim)

    def forward(self, x: Tensor) -> Tensor:
        """(n, tokens, dim) -> the same."""
        x = x + self.attention(self.attention_norm(x))
        return x + self.narrow(self.activation(self.widen(self.mlp_norm(x))))  # type: ignore[no-any-return]


class MeanToken(nn.Module):
    """Take the mean over tokens: (n, tokens, dim) -> (n, dim)."""

    def forward(self, x: Tensor) -> Tensor:
        """Return what the head reads."""
        return x.mean(1)


def vit(spec: NetworkSpec) -> nn.Module:
    """Build a Vision Transformer."""
    channels, height, width = spec.image_shape
    area = spec.patch_size**2
    layers: OrderedDict[str, nn.Module] = OrderedDict(with_channels(spec))
    layers["patches"] = Patches(spec.patch_size)
    layers["embed"] = nn.Linear(channels * area, spec.dim)
    layers["positions"] = Positions(height * width // area, spec.dim)
    for depth in range(spec.depth):
        layers[f"block{depth}"] = Block(spec)
    layers["norm"] = token_norm(spec)
    layers["mean"] = MeanToken()
    layers["head"] = nn.Linear(spec.dim, spec.num_outputs)
    return nn.Sequential(layers)


def token_norm(spec: NetworkSpec) -> nn.Module:
    """Return a norm of each token by itself; for "none" nothing at all."""
    return nn.Sequential() if spec.norm == "none" else norms.of_features(spec.norm, spec.dim)
