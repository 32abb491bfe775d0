"""Factors of hidden units: dormant and redundant ones, replaced by those of a fresh draw."""

import numpy as np
import scipy.linalg
import torch
from torch import Tensor

from plasticity_bench.errors import LearnerError
from plasticity_bench.learners.optimizers import Params
from plasticity_bench.measurements.probe import Values
from plasticity_bench.measurements.spectrum import srank
from plasticity_bench.probing.worn import NotApplicableError, Worn
from plasticity_bench.recording.layer_graph import HiddenLayer, forward, hidden_layers

DORMANT = 0.1
"""Units whose score is at most this are dormant, as in ReDo."""


def dormant_units(worn: Worn) -> Params:
    r"""Return the parameters with dormant hidden units replaced by fresh ones.

    As ReDo does (Sokar et al., 2023, arXiv:2302.12902): unit i of a layer of H units is dormant if,
    over the inputs x,

        mean_x |h_i(x)| <= 0.1 (1/H) sum_k mean_x |h_k(x)|.

    Its incoming weights, its bias and its gain become those of the fresh draw, and its outgoing
    weights zero.

    Raises:
        NotApplicableError: if incoming and outgoing weights of units are not known: they are in
            chains of layers, and within the blocks of resnet18, vit and gpt.
    """
    layers = _hidden_layers(worn)
    return _replaced(worn.params, worn.fresh, layers, _dormant(worn, layers))


def random_units(worn: Worn) -> Params:
    """Return the parameters with as many units replaced as `dormant_units` does, drawn at random.

    It is the control of `dormant_units`: what returns here too is not for their dormancy. In each
    layer the units are drawn uniformly, dormant or not. Raises as `dormant_units`.
    """
    layers = _hidden_layers(worn)
    chosen: dict[str, Tensor] = {}
    for number, (name, dormant) in enumerate(_dormant(worn, layers).items()):
        rngs = [np.random.default_rng([seed, number]) for seed in worn.seeds]
        orders = [torch.from_numpy(rng.permutation(dormant.shape[1])) for rng in rngs]
        pairs = zip(dormant, orders, strict=True)
        chosen[name] = torch.stack([of_replica[order] for of_replica, order in pairs])
    return _replaced(worn.params, worn.fresh, layers, chosen)


def feature_rank(worn: Worn) -> Params:
    r"""Return the parameters with redundant hidden units replaced by fresh ones.

    For a layer with outputs H, (examples, units), whose srank r (Kumar et al., 2021,
    arXiv:2010.14498) is below that of the fresh network's outputs of the same inputs: the r units S
    that a QR decomposition of H with column pivoting takes first are kept, and all others R are
    replaced as `dormant_units` does. What these contributed is taken over by the units that are
    kept, so that the network computes nearly what it did: with outgoing weights V,

        C = argmin_C ||H_R - H_S C||_F,   V_S <- V_S + V_R C^T,   V_R <- 0.

    The rule is this package's. Raises as `dormant_units`.
    """
    layers = _hidden_layers(worn)
    params = dict(worn.params)
    fresh = _outputs(worn, worn.fresh, layers)
    chosen: dict[str, Tensor] = {}
    for name, outputs in _outputs(worn, worn.params, layers).items():
        redundant, moved = zip(*map(_redundant, outputs, fresh[name]), strict=True)
        chosen[name] = torch.stack(redundant)
        weight = params[layers[name].outgoing]
        columns = weight.reshape(*weight.shape[:2], outputs.shape[2], -1)
        taken_over = torch.einsum("rouk,rvu->rovk", columns, torch.stack(moved).to(columns))
        params[layers[name].outgoing] = (columns + taken_over).reshape(weight.shape)
    return _replaced(params, worn.fresh, layers, chosen)


def _hidden_layers(worn: Worn) -> dict[str, HiddenLayer]:
    try:
        layers = hidden_layers("", "", worn.module)
    except LearnerError:
        layers = {}
    if not layers:
        raise NotApplicableError(
            "it has no hidden units whose incoming and outgoing weights are known"
        )
    return layers


def _outputs(worn: Worn, params: Params, layers: dict[str, HiddenLayer]) -> dict[str, Tensor]:
    """By layer, the outputs of its units, (replicas, examples x places, units)."""
    of_replicas = []
    for replica, inputs in enumerate(worn.inputs):
        one = {name: value[replica] for name, value in params.items()}
        with torch.no_grad():
            of_replicas.append(forward(worn.module, one, inputs, layers)[1])
    return {name: torch.stack([outputs[name] for outputs in of_replicas]) for name in layers}


def _dormant(worn: Worn, layers: dict[str, HiddenLayer]) -> dict[str, Tensor]:
    """By layer, which units are dormant, (replicas, units) bool."""
    chosen = {}
    for name, outputs in _outputs(worn, worn.params, layers).items():
        size = outputs.abs().mean(1, dtype=torch.float64)
        chosen[name] = size <= DORMANT * size.mean(1, keepdim=True)
    return chosen


def _redundant(outputs: Tensor, fresh: Tensor) -> tuple[Tensor, Tensor]:
    """One replica's redundant units of a layer, and how much of each the kept ones take over.

    Args:
        outputs: (examples, units).
        fresh: those of the fresh network.

    Returns:
        (units,) bool, and (units, units): row v, column u is the share of unit u that v takes over.
    """
    worn, drawn = (matrix.double().cpu().numpy() for matrix in (outputs, fresh))
    redundant = np.zeros(worn.shape[1], dtype=bool)
    moved = np.zeros((worn.shape[1], worn.shape[1]))
    if np.isfinite(worn).all():
        used = srank(_singular_values(worn))
        if used < srank(_singular_values(drawn)):
            order = scipy.linalg.qr(worn, mode="r", pivoting=True)[1]
            kept, others = order[:used], order[used:]
            redundant[others] = True
            if used:
                shares = np.linalg.lstsq(worn[:, kept], worn[:, others], rcond=None)[0]
                moved[np.ix_(kept, others)] = shares
    return torch.from_numpy(redundant).to(outputs.device), torch.from_numpy(moved)


def _singular_values(matrix: Values) -> Values:
    return np.asarray(np.linalg.svd(matrix, compute_uv=False), dtype=np.float64)


def _replaced(
    params: Params, fresh: Params, layers: dict[str, HiddenLayer], chosen: dict[str, Tensor]
) -> Params:
    """Parameters with some units replaced by fresh ones, whose outgoing weights are zero.

    Args:
        params: of which they are replaced.
        fresh: newly drawn.
        layers: whose units they are.
        chosen: by layer, (replicas, units) bool.
    """
    params = dict(params)
    for name, layer in layers.items():
        for key in layer.incoming:
            value = params[key]
            units = chosen[name].reshape(*chosen[name].shape, *[1] * (value.ndim - 2))
            params[key] = torch.where(units, fresh[key], value)
    for name, layer in layers.items():  # last: a new unit does not read another new unit
        value = params[layer.outgoing]  # (replicas, outputs, units x places, ...)
        columns = value.reshape(*value.shape[:2], chosen[name].shape[1], -1)
        params[layer.outgoing] = torch.where(chosen[name][:, None, :, None], 0.0, columns).reshape(
            value.shape
        )
    return params
