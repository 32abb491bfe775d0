"""What the layers of a network are, by the kind of module: weights of layers, and norms.

A method that acts on "weights" acts on those of linear layers and convolutions. Embeddings of
positions, class tokens and the gains of norms have tensors of similar shapes, and are none.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from plasticity_bench.errors import LearnerError
from plasticity_bench.networks.activations import ACTIVATIONS
from plasticity_bench.networks.attention import MultiheadAttention
from plasticity_bench.networks.functional import apply_network
from plasticity_bench.networks.vit import Attention

_CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)
_ACTIVATIONS = tuple({type(make()) for make in ACTIVATIONS.values()})
_NORMS = (nn.LayerNorm, nn.GroupNorm, nn.RMSNorm, nn.modules.batchnorm._NormBase)
QUERIES_KEYS_VALUES = 3


@dataclass(frozen=True)
class Layer:
    """A linear layer or a convolution.

    Attributes:
        name: of its module.
        weight: name of its weight, (outputs, inputs, *kernel).
        bias: name of its bias; None without one.
        parts: how many matrices its weight is, one below the other: 3 where attention makes
            queries, keys and values by one layer, otherwise 1.
        convolution: whether it is one.
    """

    name: str
    weight: str
    bias: str | None = None
    parts: int = 1
    convolution: bool = False

    def split(self, value: Tensor) -> tuple[Tensor, ...]:
        """Return the parts of the weight or bias: queries, keys and values apart."""
        return (value,) if self.parts == 1 else value.chunk(self.parts)

    def matrices(self, params: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Return the matrices of the weight by name, each (outputs, inputs of a place)."""
        weight = params[self.weight].flatten(1)
        if self.parts == 1:
            return {self.weight: weight}
        return {f"{self.weight}.{i}": part for i, part in enumerate(self.split(weight))}

    def mapped(self, function: Callable[..., Tensor], *values: Tensor) -> Tensor:
        """Return `function` of each part, put together again.

        Args:
            function: of one tensor from each of `values`; its result has the shape of the first.
            values: shaped like the weight, or like the bias.
        """
        if self.parts == 1:
            return function(*values)
        parts = zip(*(self.split(value) for value in values), strict=True)
        return torch.cat([function(*part) for part in parts])


@dataclass(frozen=True)
class NetworkLayers:
    """The layers of a network.

    Attributes:
        all: linear layers and convolutions, in the order of their definition, the head last; may
            be empty.
        norms: names of the gains and biases of norms.
        module: the network; its own parameters are never used.
    """

    all: tuple[Layer, ...]
    norms: frozenset[str]
    module: nn.Module = field(repr=False, compare=False)

    @property
    def layers(self) -> tuple[Layer, ...]:
        """Linear layers and convolutions, the head last; a LearnerError if there are none."""
        if not self.all:
            raise LearnerError(
                "The network has no linear layer and no convolution, by which this learner selects "
                "weights: build it from torch.nn.Linear, Conv1d, Conv2d or Conv3d."
            )
        return self.all

    @property
    def hidden(self) -> tuple[Layer, ...]:
        """All layers but the head."""
        return self.layers[:-1]

    @property
    def head(self) -> Layer:
        """The last layer."""
        return self.layers[-1]

    def activations(self, params: Mapping[str, Tensor], inputs: Tensor) -> dict[str, Tensor]:
        """Return the outputs of every activation, by name of its module, for other parameters.

        Args:
            params: of the network; gradients flow through them.
            inputs: (batch, *input_shape).

        Raises:
            LearnerError: if the network has no module of an activation, such as torch.nn.ReLU.
        """
        outputs: dict[str, Tensor] = {}
        handles = [
            part.register_forward_hook(
                lambda _module, _inputs, output, name=name: outputs.update({name: output})
            )
            for name, part in self.module.named_modules()
            if isinstance(part, _ACTIVATIONS)
        ]
        try:
            apply_network(self.module, dict(params), inputs)
        finally:
            for handle in handles:
                handle.remove()
        if not outputs:
            raise LearnerError("The network has no activation that is a module of torch.nn.")
        return outputs


def layers_of(module: nn.Module) -> NetworkLayers:
    """Return the layers of a network, by the kind of its modules."""
    known = {name for name, _ in module.named_parameters()}
    found: list[Layer] = []
    norms: set[str] = set()
    fused: set[str] = set()
    for name, part in module.named_modules():
        prefix = f"{name}." if name else ""
        if isinstance(part, Attention):
            fused.add(f"{prefix}queries_keys_values")
        if isinstance(part, nn.MultiheadAttention | MultiheadAttention):
            found += _layer(name, known, "in_proj_", fused=True)
        elif isinstance(part, (nn.Linear, *_CONVOLUTIONS)):
            is_convolution = not isinstance(part, nn.Linear)
            found += _layer(name, known, fused=name in fused, convolution=is_convolution)
        elif isinstance(part, _NORMS):
            norms |= {f"{prefix}{key}" for key, _ in part.named_parameters(recurse=False)}
    return NetworkLayers(tuple(found), frozenset(norms), module)


def _layer(
    name: str, known: set[str], before: str = "", *, fused: bool, convolution: bool = False
) -> list[Layer]:
    """The layer, in a list; none if its weight is no parameter: computed, or another layer's."""
    prefix = f"{name}.{before}" if name else before
    weight, bias = f"{prefix}weight", f"{prefix}bias"
    if weight not in known:
        return []
    parts = QUERIES_KEYS_VALUES if fused else 1
    return [Layer(name, weight, bias if bias in known else None, parts, convolution)]
