"""A small decoder-only transformer, after GPT-2 (Radford et al., 2019).

A linear embedding of each token, learnt positions; blocks of self-attention to tokens before and a
perceptron of one hidden layer, each after its norm and with a residual connection; a last norm, and
a linear head that reads the last token: the scores of the token that follows.

Inputs are (tokens, vocabulary), one-hot: a token's embedding is a column of the first weight.
Departures: only the token after the last one is predicted, not the one after each; the head does
not share its weight with the embedding; no dropout; layers are initialised as `init` says, by
default as PyTorch does, positions always from a normal distribution of deviation 0.02.
"""

from collections import OrderedDict

from torch import Tensor, nn

from plasticity_bench.networks.spec import NetworkSpec
from plasticity_bench.networks.vit import Block, Positions, token_norm


class LastToken(nn.Module):
    """Take the last token: (n, tokens, dim) -> (n, dim)."""

    def forward(self, x: Tensor) -> Tensor:
        """Return what the head reads."""
        return x[:, -1]


def gpt(spec: NetworkSpec) -> nn.Module:
    """Build a decoder-only transformer."""
    tokens, vocabulary = spec.input_shape
    layers: OrderedDict[str, nn.Module] = OrderedDict()
    layers["embed"] = nn.Linear(vocabulary, spec.dim, bias=False)
    layers["positions"] = Positions(tokens, spec.dim)
    for depth in range(spec.depth):
        layers[f"block{depth}"] = Block(spec, causal=True)
    layers["norm"] = token_norm(spec)
    layers["last"] = LastToken()
    layers["head"] = nn.Linear(spec.dim, spec.num_outputs)
    return nn.Sequential(layers)
