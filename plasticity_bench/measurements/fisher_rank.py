"""Curvature: the rank of the empirical Fisher matrix.

The empirical Fisher of n examples is F = (1/n) G^T G, where row i of G is the gradient of example
i's loss in all parameters. Its non-zero eigenvalues are those of the n x n Gram matrix
K = (1/n) G G^T, so its whole spectrum is exact at the cost of an n x n eigenvalue problem. This is
the measure of curvature in the later versions of Lewandowski et al. (2023), arXiv:2312.00246.

For a linear layer, the gradient of example i in the weights is the outer product of the loss
gradient at its outputs, d_i, and its inputs, a_i; so its part of G G^T is
(A A^T + 1) * (D D^T), elementwise, the 1 for the bias; and G is never formed. Layer normalisation
is alike. Networks with other layers take the direct way, through G one parameter at a time.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.func import functional_call, grad, vmap
from torch.nn import functional

from plasticity_bench.measurements.spectrum import srank
from plasticity_bench.optimizers import Params


def fisher_srank(
    module: nn.Module, params: Params, inputs: Tensor, targets: Tensor
) -> NDArray[np.float64]:
    """Return srank 0.99 of every member's empirical Fisher, (members,).

    The loss is the cross-entropy of the data alone, whatever the learner adds to it. Higher means
    more directions of curvature. At most n; a dead network with an output bias keeps at most
    classes - 1.

    Args:
        module: the network whose parameters these are.
        params: each (members, *shape), all finite.
        inputs: (members, n, *input_shape).
        targets: (members, n).

    Returns:
        Not a number for a member whose gradients are so large that the matrix overflows.

    Raises:
        ValueError: if a parameter is not finite.
    """
    if not all(bool(value.isfinite().all()) for value in params.values()):
        raise ValueError("The Fisher matrix of parameters that are not finite is not defined.")
    grams = fisher_gram(module, params, inputs, targets)
    finite = grams.isfinite().flatten(1).all(1).cpu().numpy()
    ranks = np.full(len(grams), np.nan)
    # In float64: float32 eigvalsh has failed to converge on collapsed networks.
    spectra = torch.linalg.eigvalsh(grams[finite].double()).cpu().numpy()
    ranks[finite] = [srank(spectrum) for spectrum in spectra]
    return ranks


def fisher_gram(module: nn.Module, params: Params, inputs: Tensor, targets: Tensor) -> Tensor:
    """Return every member's K = (1/n) G G^T, (members, n, n)."""
    was_training = module.training
    module.eval()
    structured = vmap(lambda *member: _structured_gram(module, *member))
    try:
        if _agrees(structured, module, params, inputs, targets):
            return structured(params, inputs, targets)
        return _direct_grams(module, params, inputs, targets)
    except _UnstructuredError:
        return _direct_grams(module, params, inputs, targets)
    finally:
        module.train(was_training)


def _agrees(
    structured: Callable[..., Tensor],
    module: nn.Module,
    params: Params,
    inputs: Tensor,
    targets: Tensor,
) -> bool:
    """Check the layer-wise formulas on one member's first examples.

    They cannot see a parameter that is used outside its layer, by a functional call.
    """
    few = {name: value[:1] for name, value in params.items()}, inputs[:1, :3], targets[:1, :3]
    expected = _direct_grams(module, *few)
    slack = 1e-3 * expected.abs().max()
    return bool(((structured(*few) - expected).abs() <= slack).all())


def _direct_grams(module: nn.Module, params: Params, inputs: Tensor, targets: Tensor) -> Tensor:
    members = range(len(targets))
    select = [({k: v[i] for k, v in params.items()}, inputs[i], targets[i]) for i in members]
    return torch.stack([direct_gram(module, *member) for member in select])


def direct_gram(module: nn.Module, params: Params, inputs: Tensor, targets: Tensor) -> Tensor:
    """Return one member's K, (n, n), through the gradient of every example: any network."""

    def loss(params: Params, example: Tensor, target: Tensor) -> Tensor:
        logits = functional_call(module, params, (example[None],))
        return functional.cross_entropy(logits, target[None])

    gradients = vmap(grad(loss), in_dims=(None, 0, 0))(params, inputs, targets)
    rows = (g.flatten(1) for g in gradients.values())
    return torch.stack([g @ g.T for g in rows]).sum(0) / len(targets)


class _UnstructuredError(Exception):
    """The network has parameters that the layer-wise formulas do not cover."""


def _structured_gram(module: nn.Module, params: Params, inputs: Tensor, targets: Tensor) -> Tensor:
    """One member's K, (n, n), from each layer's inputs and the loss gradients at its outputs."""
    n = len(targets)
    layers = _covering_layers(module)
    # Zeros added to a layer's outputs: the loss gradient in them is the gradient at the outputs.
    shifts = {name: inputs.new_zeros(n, _width(layer)) for name, layer in layers.items()}

    def total_loss(shifts: Params) -> tuple[Tensor, Params]:
        seen: Params = {}
        with _Hooks(layers, lambda name: _shifted(name, shifts, seen)):
            logits = functional_call(module, params, (inputs,))
        if seen.keys() != layers.keys():
            raise _UnstructuredError
        return functional.cross_entropy(logits, targets, reduction="sum"), seen

    deltas, seen = grad(total_loss, has_aux=True)(shifts)
    parts = [_layer_gram(layers[name], seen[name], deltas[name]) for name in layers]
    return torch.stack(parts).sum(0) / n


def _covering_layers(module: nn.Module) -> dict[str, nn.Module]:
    """The layers that own the parameters, if each is of a kind with a formula."""
    layers = {
        name: layer
        for name, layer in module.named_modules()
        if list(layer.parameters(recurse=False))
    }
    shared = len(list(module.named_parameters(remove_duplicate=False))) > len(
        list(module.parameters())
    )
    if shared or not all(_has_formula(layer) for layer in layers.values()):
        raise _UnstructuredError
    return layers


def _has_formula(layer: nn.Module) -> bool:
    if type(layer) is nn.LayerNorm:
        return len(layer.normalized_shape) == 1
    return type(layer) is nn.Linear


def _width(layer: nn.Module) -> int:
    return layer.normalized_shape[0] if isinstance(layer, nn.LayerNorm) else layer.out_features  # type: ignore[return-value]


def _shifted(name: str, shifts: Params, seen: Params) -> Callable[..., Tensor]:
    def hook(_layer: nn.Module, arguments: tuple[Tensor], output: Tensor) -> Tensor:
        if name in seen or output.shape != shifts[name].shape:
            raise _UnstructuredError  # used twice, or over more than one position per example
        seen[name] = arguments[0]
        return output + shifts[name]

    return hook


class _Hooks:
    """Forward hooks on some layers for the length of a `with` block."""

    def __init__(self, layers: dict[str, nn.Module], make: Callable[[str], Any]) -> None:
        self._handles = [layers[name].register_forward_hook(make(name)) for name in layers]

    def __enter__(self) -> None:
        pass

    def __exit__(self, *_: object) -> None:
        for handle in self._handles:
            handle.remove()


def _layer_gram(layer: nn.Module, inputs: Tensor, deltas: Tensor) -> Tensor:
    """One layer's part of G G^T: inputs (n, in), deltas (n, out) -> (n, n)."""
    outer = deltas @ deltas.T
    bias = outer if getattr(layer, "bias", None) is not None else torch.zeros_like(outer)
    if isinstance(layer, nn.Linear):
        return (inputs @ inputs.T) * outer + bias
    assert isinstance(layer, nn.LayerNorm)
    normalized = functional.layer_norm(inputs, layer.normalized_shape, eps=layer.eps)
    gains = deltas * normalized
    return gains @ gains.T + bias
