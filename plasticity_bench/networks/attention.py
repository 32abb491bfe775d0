"""PyTorch's attention and transformer encoder, written out in plain operations on tensors.

PyTorch's own forward passes choose between fused kernels while they run, so they cannot be recorded
as a list of operations, nor mapped over replicas. These compute the same from the same parameters,
under the same names; `written_out` puts them in the place of PyTorch's.
"""

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "relu": functional.relu,
    "gelu": functional.gelu,
}


class MultiheadAttention(nn.Module):
    """Attention of several heads, as `torch.nn.MultiheadAttention` without dropout."""

    def __init__(self, source: nn.MultiheadAttention) -> None:
        """Take the parameters of PyTorch's module."""
        super().__init__()
        self.num_heads, self.batch_first = source.num_heads, source.batch_first
        self.q_proj_weight: nn.Parameter | None = source.q_proj_weight
        self.k_proj_weight: nn.Parameter | None = source.k_proj_weight
        self.v_proj_weight: nn.Parameter | None = source.v_proj_weight
        self.in_proj_weight: nn.Parameter | None = source.in_proj_weight
        self.in_proj_bias: nn.Parameter | None = source.in_proj_bias
        weight = source.out_proj.weight
        self.out_proj = nn.Linear(weight.shape[1], weight.shape[0], bias=False, device="meta")
        self.out_proj.weight, self.out_proj.bias = weight, source.out_proj.bias

    def forward(
        self,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        key_padding_mask: Tensor | None = None,
        need_weights: bool = True,
        attn_mask: Tensor | None = None,
        average_attn_weights: bool = True,
        is_causal: bool = False,
    ) -> tuple[Tensor, Tensor | None]:
        """Return outputs and, if asked for, the weights of attention; arguments as PyTorch's."""
        if is_causal and attn_mask is None:
            raise ValueError("is_causal needs attn_mask, as in PyTorch")
        inputs = [query, key, value]
        if not self.batch_first and query.ndim == 3:
            inputs = [x.transpose(0, 1) for x in inputs]
        q, k, v = (
            x.unflatten(-1, (self.num_heads, -1)).transpose(-3, -2) for x in self._projected(inputs)
        )
        scores = q @ k.mT / math.sqrt(q.shape[-1])  # (n, heads, queries, keys)
        if attn_mask is not None:
            mask = _added(attn_mask, scores)
            scores = scores + (mask if mask.ndim == 2 else mask.reshape(scores.shape))
        if key_padding_mask is not None:
            scores = scores + _added(key_padding_mask, scores)[..., None, None, :]
        weights = scores.softmax(-1)
        outputs = self.out_proj((weights @ v).transpose(-3, -2).flatten(-2))
        if not self.batch_first and query.ndim == 3:
            outputs = outputs.transpose(0, 1)
        if not need_weights:
            return outputs, None
        return outputs, weights.mean(-3) if average_attn_weights else weights

    def _projected(self, inputs: list[Tensor]) -> list[Tensor]:
        biases = (None,) * 3 if self.in_proj_bias is None else self.in_proj_bias.chunk(3)
        weights: tuple[Any, ...] = (self.q_proj_weight, self.k_proj_weight, self.v_proj_weight)
        if self.in_proj_weight is not None:
            weights = self.in_proj_weight.chunk(3)
        return [functional.linear(*part) for part in zip(inputs, weights, biases, strict=True)]


def _added(mask: Tensor, scores: Tensor) -> Tensor:
    """What a mask adds to the scores: minus infinity where a boolean one is true."""
    if mask.dtype != torch.bool:
        return mask
    return mask.logical_not().to(scores.dtype).log()


class EncoderLayer(nn.Module):
    """Attention, then a perceptron on each token, as `torch.nn.TransformerEncoderLayer`."""

    def __init__(self, source: nn.TransformerEncoderLayer) -> None:
        """Take the modules of PyTorch's, in their order."""
        super().__init__()
        self.norm_first: bool = source.norm_first
        self.activation: str = _activation(source)
        self.self_attn = written_out(source.self_attn)
        self.linear1, self.dropout, self.linear2 = source.linear1, source.dropout, source.linear2
        self.norm1, self.norm2 = source.norm1, source.norm2
        self.dropout1, self.dropout2 = source.dropout1, source.dropout2

    def forward(
        self,
        src: Tensor,
        src_mask: Tensor | None = None,
        src_key_padding_mask: Tensor | None = None,
        is_causal: bool = False,
    ) -> Tensor:
        """Return what PyTorch's layer does; arguments as its."""

        def attended(x: Tensor) -> Tensor:
            outputs, _ = self.self_attn(
                x, x, x, src_key_padding_mask, False, src_mask, is_causal=is_causal
            )
            return self.dropout1(outputs)  # type: ignore[no-any-return]

        def fed_forward(x: Tensor) -> Tensor:
            hidden = ACTIVATIONS[self.activation](self.linear1(x))
            return self.dropout2(self.linear2(self.dropout(hidden)))  # type: ignore[no-any-return]

        if self.norm_first:
            x = src + attended(self.norm1(src))
            return x + fed_forward(self.norm2(x))
        x = self.norm1(src + attended(src))
        return self.norm2(x + fed_forward(x))  # type: ignore[no-any-return]


class Encoder(nn.Module):
    """Layers one after the other, as `torch.nn.TransformerEncoder`."""

    def __init__(self, source: nn.TransformerEncoder) -> None:
        """Take the modules of PyTorch's, in their order."""
        super().__init__()
        self.layers = nn.ModuleList([written_out(layer) for layer in source.layers])
        self.norm = source.norm

    def forward(
        self,
        src: Tensor,
        mask: Tensor | None = None,
        src_key_padding_mask: Tensor | None = None,
        is_causal: bool | None = None,
    ) -> Tensor:
        """Return what PyTorch's encoder does; arguments as its."""
        for layer in self.layers:
            src = layer(src, mask, src_key_padding_mask, bool(is_causal))
        return src if self.norm is None else self.norm(src)


def written_out(module: nn.Module) -> nn.Module:
    """Return a module with PyTorch's attention and encoders written out, also inside of it.

    Parameters keep their names, order and values. What has no such form is left as it is: an
    activation of the user's own, attention with a learnt bias of keys, dropout within it.
    """
    if type(module) is nn.TransformerEncoderLayer and _activation(module):
        return EncoderLayer(module)
    if type(module) is nn.TransformerEncoder:
        return Encoder(module)
    if type(module) is nn.MultiheadAttention and _is_plain(module):
        return MultiheadAttention(module)
    for name, child in list(module._modules.items()):
        if child is not None:
            module._modules[name] = written_out(child)
    return module


def _activation(layer: nn.TransformerEncoderLayer) -> str:
    """The name of a layer's activation; empty if it has none."""
    given: Any = layer.activation
    for name, function in ACTIVATIONS.items():
        is_module = isinstance(given, nn.ReLU | nn.GELU) and name == type(given).__name__.lower()
        if given is function or (is_module and getattr(given, "approximate", "none") == "none"):
            return name
    return ""


def _is_plain(attention: nn.MultiheadAttention) -> bool:
    without = attention.bias_k is None and not attention.add_zero_attn
    return without and attention.dropout == 0
