"""Gram matrices of per-example gradients, layer by layer.

For every example i, let J_i be the Jacobian of its logits in all p parameters, (classes, p), and
v_i1 ... v_is be seeds, vectors at its logits. The rows of G, (n s, p), are the J_i^T v_ik; and
G G^T, (n s, n s), has the non-zero eigenvalues of the p x p matrix G^T G. With the loss gradient as
the one seed this is the empirical Fisher matrix (`fisher_rank.py`); with a factor of the loss's
second derivative as the seeds it is the Gauss-Newton matrix (`gauss_newton.py`).

G G^T is a sum over layers. For a linear layer, a row's gradient in the weights is the outer product
d a^T of what is backpropagated to its outputs, d, and its inputs, a; so its part is
(A A^T + 1) * (D D^T), elementwise, the 1 for the bias, and G is never formed: the cost is one
forward pass, s backward passes, and (n s)^2 (in + out) for each layer. A layer that is applied at
several positions of an example (convolution, attention) has sum_t d_t a_t^T: this is formed, some
outputs at a time. Normalisation layers are alike, with few parameters. Learnt positions are added
to tokens, so a row's gradient in them is what is backpropagated to their outputs, and G is that.

Parameters without a formula (a class token, a weight that two layers share, a layer that is applied
twice) go the direct way, through their gradient in every row, which costs n s numbers of memory for
each of these parameters.
"""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import vmap
from torch.nn import functional

from plasticity_bench.compiler import grad, vjp
from plasticity_bench.learners.losses import example_losses
from plasticity_bench.learners.optimizers import Params
from plasticity_bench.measurements.common import measuring
from plasticity_bench.networks.functional import apply_network
from plasticity_bench.networks.vit import Positions

Seeds = Callable[[Tensor, Tensor], Tensor]
"""From logits (n, classes) and targets (n,) to seeds (s, n, classes)."""

_NORMS = (nn.LayerNorm, nn.GroupNorm, nn.modules.batchnorm._BatchNorm)

CHUNK = 2**24
"""The most numbers that are formed at once of a layer's gradients."""


def loss_gradient(logits: Tensor, targets: Tensor) -> Tensor:
    """The one seed of the empirical Fisher: each example's loss gradient, (1, n, classes)."""
    gradient: Tensor = grad(lambda outputs: example_losses(outputs, targets).sum())(logits)
    return gradient[None]


def gram(
    module: nn.Module, params: Params, inputs: Tensor, targets: Tensor, seeds: Seeds
) -> Tensor:
    """Return every replica's (1/n) G G^T, (replicas, n s, n s), in the dtype of the parameters.

    Rows are ordered by example, then by seed.

    Args:
        module: the network whose parameters these are.
        params: each (replicas, *shape).
        inputs: (replicas, n, *input_shape).
        targets: (replicas, n).
        seeds: from logits and targets to the seeds.
    """
    with measuring(module):
        first = {name: value[0] for name, value in params.items()}
        few = inputs[0, :3], targets[0, :3]
        layers = _covered_layers(module, first, few[0])
        rest = sorted(params.keys() - {name for layer in layers.values() for name in layer.names})
        # Formulas cannot see a weight that is also used outside its layer, by a functional call.
        ours = _layerwise_gram(module, layers, rest, first, *few, seeds)
        expected = direct_gram(module, first, *few, seeds)
        if not bool(((ours - expected).abs() <= 1e-3 * expected.abs().max()).all()):
            layers, rest = {}, list(params)
        if layers:

            def one(params: Params, inputs: Tensor, targets: Tensor) -> Tensor:
                return _layerwise_gram(module, layers, rest, params, inputs, targets, seeds)

            return vmap(one)(params, inputs, targets)
        select = ({k: v[i] for k, v in params.items()} for i in range(len(targets)))
        return torch.stack(
            [direct_gram(module, *m, seeds) for m in zip(select, inputs, targets, strict=True)]
        )


def direct_gram(
    module: nn.Module,
    params: Params,
    inputs: Tensor,
    targets: Tensor,
    seeds: Seeds,
    names: list[str] | None = None,
) -> Tensor:
    """Return one replica's (1/n) G G^T, (n s, n s), through every row of G: any network.

    Args:
        module: the network whose parameters these are.
        params: one replica's.
        inputs: (n, *input_shape).
        targets: (n,).
        seeds: from logits and targets to the seeds.
        names: of the parameters that count; all of them unless given.
    """
    counted = {name: params[name] for name in (names if names is not None else params)}

    def rows(example: Tensor, target: Tensor) -> Params:
        def logits_of(counted: Params) -> Tensor:
            return apply_network(module, params | counted, example[None])  # type: ignore[no-any-return]

        logits, pull = vjp(logits_of, counted)  # type: ignore[misc]
        return vmap(pull)(seeds(logits, target[None]))[0]  # type: ignore[no-any-return]

    gradients = vmap(rows)(inputs, targets)
    parts = (g.flatten(2).flatten(0, 1) for g in gradients.values())
    return torch.stack([g @ g.T for g in parts]).sum(0) / len(targets)


class _Layer:
    """A layer with a formula: its parameters' names, and its outputs' shape for one example."""

    def __init__(self, layer: nn.Module, names: list[str], shape: torch.Size) -> None:
        self.layer, self.names, self.shape = layer, names, shape


def covered_parameters(module: nn.Module, params: Params, inputs: Tensor) -> set[str]:
    """Return the parameters that have a formula; the gradients of others are formed in every row.

    Args:
        module: the network whose parameters these are.
        params: one replica's.
        inputs: (n, *input_shape), some to compute it on.
    """
    with measuring(module), torch.no_grad():
        layers = _covered_layers(module, params, inputs)
    return {name for layer in layers.values() for name in layer.names}


def _covered_layers(module: nn.Module, params: Params, inputs: Tensor) -> dict[str, _Layer]:
    """Layers that have a formula, are applied once, and share no parameter with another."""
    owners = [id(p) for _, p in module.named_parameters(remove_duplicate=False)]
    candidates = {
        name: layer
        for name, layer in module.named_modules()
        if _has_formula(layer) and all(owners.count(id(p)) == 1 for p in layer.parameters())
    }
    outputs: dict[str, list[Tensor]] = {name: [] for name in candidates}

    def note(name: str) -> Callable[..., None]:
        return lambda _layer, _arguments, output: outputs[name].append(output)

    with _hooked(candidates, note):
        apply_network(module, params, inputs)
    return {
        name: _Layer(
            layer,
            [f"{name}.{parameter}".lstrip(".") for parameter, _ in layer.named_parameters()],
            outputs[name][0].shape[1:],
        )
        for name, layer in candidates.items()
        # A first dimension that is not the examples' mixes them, as windows of attention do.
        if len(outputs[name]) == 1 and len(outputs[name][0]) == len(inputs)
    }


def _has_formula(layer: nn.Module) -> bool:
    if not list(layer.parameters(recurse=False)):
        return False
    if type(layer) is nn.Conv2d:
        return layer.groups == 1 and layer.padding_mode == "zeros" and type(layer.padding) is tuple
    if isinstance(layer, nn.modules.batchnorm._BatchNorm):
        return layer.track_running_stats  # in evaluation mode these do not mix examples
    return type(layer) in (nn.Linear, nn.LayerNorm, nn.GroupNorm, Positions)


@contextmanager
def _hooked(layers: dict[str, Any], make: Callable[[str], Any]) -> Iterator[None]:
    handles = [layers[name].register_forward_hook(make(name)) for name in layers]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def _layerwise_gram(
    module: nn.Module,
    layers: dict[str, _Layer],
    rest: list[str],
    params: Params,
    inputs: Tensor,
    targets: Tensor,
    seeds: Seeds,
) -> Tensor:
    """One replica's (1/n) G G^T: the covered layers by formula, the rest directly."""
    n = len(targets)
    # Zeros added to a layer's outputs: what is backpropagated to them is the gradient in these.
    like = next(iter(params.values()))
    shifts = {name: like.new_zeros(n, *layer.shape) for name, layer in layers.items()}
    seen: Params = {}

    def shifted(shifts: Params) -> tuple[Tensor, Params]:
        def hook(name: str) -> Callable[..., Tensor]:
            def add(_layer: nn.Module, arguments: tuple[Tensor], output: Tensor) -> Tensor:
                seen[name] = arguments[0]
                return output + shifts[name]

            return add

        with _hooked({name: layer.layer for name, layer in layers.items()}, hook):
            logits = apply_network(module, params, inputs)
        return logits, seen

    logits, pull, seen = vjp(shifted, shifts, has_aux=True)  # type: ignore[misc]
    (deltas,) = vmap(pull)(seeds(logits, targets))
    parts = [
        _layer_gram(layer.layer, seen[name], deltas[name].transpose(0, 1)) / n
        for name, layer in layers.items()
    ]
    if rest:
        parts.append(direct_gram(module, params, inputs, targets, seeds, rest))
    return torch.stack(parts).sum(0)


def _layer_gram(layer: nn.Module, inputs: Tensor, deltas: Tensor) -> Tensor:
    """One layer's part of G G^T, from inputs (n, ...) and deltas (n, s, ...) -> (n s, n s)."""
    n, s = deltas.shape[:2]
    if isinstance(layer, _NORMS):
        return _norm_gram(layer, inputs, deltas)
    if isinstance(layer, Positions):
        rows = deltas.flatten(2).flatten(0, 1)
        return rows @ rows.T
    if isinstance(layer, nn.Conv2d):
        assert isinstance(layer.padding, tuple)
        patches = functional.unfold(
            inputs, layer.kernel_size, layer.dilation, layer.padding, layer.stride
        )
        inputs, deltas = patches.mT, deltas.flatten(3).mT
    else:
        inputs = inputs.reshape(n, -1, inputs.shape[-1])
        deltas = deltas.reshape(n, s, -1, deltas.shape[-1])
    if layer.bias is not None:
        inputs = torch.cat([inputs, torch.ones_like(inputs[..., :1])], -1)
    positions, width = inputs.shape[1:]  # deltas: (n, s, positions, out)
    if positions == 1:
        rows = deltas.flatten(2).flatten(0, 1)
        outer = (rows @ rows.T).reshape(n, s, n, s)
        between = inputs[:, 0] @ inputs[:, 0].T
        return (outer * between[:, None, :, None]).reshape(n * s, n * s)
    total = inputs.new_zeros(n * s, n * s)
    for some in deltas.split(max(1, CHUNK // (n * s * width)), dim=-1):
        rows = torch.einsum("nsto,nti->nsoi", some, inputs).flatten(2).flatten(0, 1)
        total = total + rows @ rows.T
    return total


def _norm_gram(layer: nn.Module, inputs: Tensor, deltas: Tensor) -> Tensor:
    """Gains and biases, whose gradients are sums over positions: d * normalised inputs, and d."""
    if isinstance(layer, nn.LayerNorm):
        normalized = functional.layer_norm(inputs, layer.normalized_shape, eps=layer.eps)
        features = math.prod(layer.normalized_shape)
        by_position = (*deltas.shape[:2], -1, features)
    else:
        normalized = _normalized(layer, inputs)
        # Channels last, and one position where there are none: (n, s, channels) is of vectors.
        deltas, normalized = deltas[..., None].flatten(3).mT, normalized[..., None].flatten(2).mT
        by_position = deltas.shape
    gains = (deltas * normalized[:, None]).reshape(by_position).sum(2).flatten(0, 1)
    part = gains @ gains.T
    if getattr(layer, "bias", None) is not None:
        biases = deltas.reshape(by_position).sum(2).flatten(0, 1)
        part = part + biases @ biases.T
    return part


def _normalized(layer: nn.Module, inputs: Tensor) -> Tensor:
    if isinstance(layer, nn.GroupNorm):
        return functional.group_norm(inputs, layer.num_groups, eps=layer.eps)
    assert isinstance(layer, nn.modules.batchnorm._BatchNorm)
    return functional.batch_norm(inputs, layer.running_mean, layer.running_var, eps=layer.eps)
