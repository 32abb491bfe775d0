"""Factors of weight matrices: the head, norms and ranks, restored from a fresh draw."""

import numpy as np
import torch
from torch import Tensor

from plasticity_bench.learners.optimizers import Params
from plasticity_bench.measurements.spectrum import srank
from plasticity_bench.networks.forward_graph import HeadError, head_parameters
from plasticity_bench.networks.layers import Layer, layers_of
from plasticity_bench.probing.worn import NotApplicableError, Worn


def head(worn: Worn) -> Params:
    """Return the parameters with a fresh last layer, the one that makes the outputs.

    Raises:
        NotApplicableError: if it is not known which layer that is.
    """
    try:
        names = head_parameters(worn.module, worn.example_inputs)
    except HeadError as error:
        raise NotApplicableError(str(error)) from None
    return worn.params | {name: worn.fresh[name] for name in names}


def norms(worn: Worn) -> Params:
    r"""Return the parameters with every layer scaled to the norm that its weight has when fresh.

    For a weight matrix W with bias b and a fresh draw F of it,

        (W, b) <- (||F||_F / ||W||_F) (W, b).

    All directions stay. Gains and biases of norms, and embeddings, are unchanged, and so is a
    weight of zeros.

    Raises:
        NotApplicableError: if the network has no linear layer and no convolution.
    """
    params = dict(worn.params)
    for layer in _layers(worn):
        pairs = zip(_matrices(layer, params), _matrices(layer, worn.fresh), strict=True)
        factors = [_ratio(fresh, weight) for weight, fresh in pairs]
        for name in filter(None, (layer.weight, layer.bias)):
            parts = zip(params[name].chunk(layer.parts, 1), factors, strict=True)
            params[name] = torch.cat([_scaled(part, factor) for part, factor in parts], 1)
    return params


def weight_rank(worn: Worn) -> Params:
    r"""Return the parameters with fresh directions where a weight matrix has lost its own.

    For a weight matrix W = sum_i sigma_i u_i v_i^T with srank r, the least r for which the first r
    singular values sum to 0.99 of all, and a fresh draw F of it with a larger srank,

        W <- sum_{i <= r} sigma_i u_i v_i^T
             + (||W||_F / ||F||_F) (I - U_r U_r^T) F (I - V_r V_r^T).

    The r directions in use are unchanged; the others are those of the fresh matrix, in proportion
    to the norm that W has now. A matrix whose srank is that of F or larger is unchanged. A
    convolution is a matrix of (outputs, inputs x kernel). The srank is that of Kumar et al. (2021),
    arXiv:2010.14498; the rule is this package's.

    Raises:
        NotApplicableError: if the network has no linear layer and no convolution.
    """
    params = dict(worn.params)
    for layer in _layers(worn):
        weight = params[layer.weight]
        pairs = zip(_matrices(layer, params), _matrices(layer, worn.fresh), strict=True)
        parts = [torch.stack(list(map(_with_rank, *pair))) for pair in pairs]
        params[layer.weight] = torch.cat(parts, 1).reshape(weight.shape)
    return params


def _layers(worn: Worn) -> list[Layer]:
    layers = [layer for layer in layers_of(worn.module).all if layer.weight in worn.params]
    if not layers:
        raise NotApplicableError("the network has no linear layer and no convolution")
    return layers


def _matrices(layer: Layer, params: Params) -> tuple[Tensor, ...]:
    """The matrices of a layer's weight, (replicas, outputs, inputs of a place) each."""
    return params[layer.weight].flatten(2).chunk(layer.parts, 1)


def _ratio(numerator: Tensor, denominator: Tensor) -> Tensor:
    """Ratios of the norms of matrices, (replicas,) float64; 1 where the denominator is zero."""
    above, below = (m.double().flatten(1).norm(dim=1) for m in (numerator, denominator))
    return torch.where(below == 0, 1.0, above / below)


def _scaled(values: Tensor, factors: Tensor) -> Tensor:
    return (values * factors.reshape(-1, *[1] * (values.ndim - 1))).to(values.dtype)


def _with_rank(weight: Tensor, fresh: Tensor) -> Tensor:
    """One replica's matrix, (outputs, inputs), with fresh directions beyond its srank."""
    worn, drawn = (matrix.double().cpu().numpy() for matrix in (weight, fresh))
    if not np.isfinite(worn).all():
        return weight
    u, sigma, vt = np.linalg.svd(worn, full_matrices=False)
    used = srank(sigma)
    if used >= srank(np.linalg.svd(drawn, compute_uv=False)):
        return weight
    u, sigma, vt = u[:, :used], sigma[:used], vt[:used]
    unused = drawn - u @ (u.T @ drawn)
    unused -= (unused @ vt.T) @ vt
    scale = np.linalg.norm(worn) / np.linalg.norm(drawn)
    return torch.from_numpy((u * sigma) @ vt + scale * unused).to(weight)
