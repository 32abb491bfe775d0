"""Curvature: the spectrum of the Hessian of the mean cross-entropy, in all parameters.

Lewandowski et al. (2023), arXiv:2312.00246: a network loses plasticity as it loses directions of
curvature. The Hessian is the Gauss-Newton matrix plus a residual term from the network's own second
derivatives, which is most of it at initialisation and has eigenvalues of both signs.

Small networks: the matrix is formed and all its eigenvalues computed, in float64. Cost: p products
with the Hessian and an eigenvalue problem of size p. Error: rounding.

Larger ones: block Lanczos (`lanczos.py`). Cost: 1,600 products, memory for as many vectors of p
numbers. Error: `benchmarks/curvature.md` has those observed. Effective rank, participation ratio
and srank 0.9 are offered, and not srank 0.99: it is decided by the many small eigenvalues that no
affordable number of products resolves.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from plasticity_bench.learners.optimizers import Params
from plasticity_bench.measurements.common import eigenvalues, refuse_non_finite
from plasticity_bench.measurements.hessian_products import HessianProducts
from plasticity_bench.measurements.lanczos import Lanczos, block_lanczos
from plasticity_bench.measurements.spectrum import (
    effective_rank,
    negative_mass,
    participation_ratio,
    sharpness,
    srank,
)

Array = NDArray[np.float64]

DENSE_LIMIT = 4096
"""The most parameters whose Hessian is formed: 134 MB, and some seconds a replica."""

MEASURES: dict[str, Callable[[Array, Array], float]] = {
    "effective_rank": effective_rank,
    "srank90": lambda nodes, counts: srank(nodes, 0.9, counts),
    "participation_ratio": participation_ratio,
    "negative_mass": negative_mass,
}


@dataclass(frozen=True)
class Estimate:
    """An estimate for every replica with its standard uncertainty, 0 if exact.

    Attributes:
        value: (replicas,).
        uncertainty: (replicas,). Errors observed were within twice this in about 19 of 20 cases.
    """

    value: Array
    uncertainty: Array


@dataclass(frozen=True, kw_only=True)
class HessianCurvature:
    """Ranks and sharpness of every replica's Hessian. NaN for a replica whose Hessian overflows.

    Attributes:
        effective_rank: of Roy & Vetterli (2007), from 0 to p.
        srank90: srank at 0.9 of the sum of magnitudes, from 0 to p.
        participation_ratio: from 0 to p.
        negative_mass: share of the magnitudes that negative eigenvalues have, in [0, 1].
        sharpness: the largest eigenvalue.
        exact: whether the matrices were formed.
    """

    effective_rank: Estimate
    srank90: Estimate
    participation_ratio: Estimate
    negative_mass: Estimate
    sharpness: Estimate
    exact: bool


def hessian_spectrum(
    module: nn.Module,
    params: Params,
    inputs: Tensor,
    targets: Tensor,
    names: Collection[str] | None = None,
) -> Array:
    """Return all eigenvalues of every replica's Hessian, ascending, (replicas, p), exactly.

    Args:
        module: the network whose parameters these are.
        params: each (replicas, *shape), all finite.
        inputs: (replicas, n, *input_shape).
        targets: (replicas, n).
        names: of the parameters to differentiate in, p in all; every one unless given.

    Returns:
        NaN for a replica whose Hessian overflows.

    Raises:
        ValueError: if a parameter is not finite, or p is above `DENSE_LIMIT`.
    """
    refuse_non_finite(params)
    size = _size(params, names)
    if size > DENSE_LIMIT:
        raise ValueError(
            f"A Hessian of {size:,} parameters is not formed: the limit is {DENSE_LIMIT:,}."
        )
    spectra = []
    for replica, replica_params, labels in _each(params, inputs, targets):
        products = HessianProducts(module, replica, replica_params, labels, names)
        spectra.append(eigenvalues(products.matrix()[None]))
    return np.concatenate(spectra)


def hessian_curvature(
    module: nn.Module,
    params: Params,
    inputs: Tensor,
    targets: Tensor,
    *,
    dense_limit: int = DENSE_LIMIT,
    block: int = 4,
    steps: int = 400,
    seed: int = 0,
) -> HessianCurvature:
    """Return the ranks of every replica's Hessian, exactly or with a stated uncertainty.

    An estimate is the mean of the Gauss and the Gauss-Radau rule's. Its uncertainty has two parts,
    added in squares: half the gap between the two, which many products close, and the standard
    error between the start vectors, without which it would be too small by far. Sharpness is the
    largest Ritz value; its uncertainty is the residual, a strict bound on the distance to an
    eigenvalue.

    Args:
        module: the network whose parameters these are.
        params: each (replicas, *shape), all finite.
        inputs: (replicas, n, *input_shape).
        targets: (replicas, n).
        dense_limit: the most parameters whose Hessian is formed, up to `DENSE_LIMIT`.
        block: start vectors of Lanczos, at least 2.
        steps: of Lanczos.
        seed: of its start vectors, the same for every replica.

    Raises:
        ValueError: if a parameter is not finite, or there is no spread between start vectors.
    """
    if block < 2:
        raise ValueError("The uncertainty needs a block of at least 2 start vectors.")
    if _size(params, None) <= dense_limit:
        spectra = hessian_spectrum(module, params, inputs, targets)
        return _collected([_of_spectrum(spectrum) for spectrum in spectra], exact=True)
    refuse_non_finite(params)
    of_replicas = []
    for replica, replica_params, labels in _each(params, inputs, targets):
        products = HessianProducts(module, replica, replica_params, labels)
        like = next(iter(replica.values()))
        run = block_lanczos(products, products.size, block=block, steps=steps, like=like, seed=seed)
        of_replicas.append(_of_run(run) if run.finite else _UNKNOWN)
    return _collected(of_replicas, exact=False)


Numbers = dict[str, tuple[float, float]]
"""One replica's measures, each with its uncertainty."""

_UNKNOWN: Numbers = dict.fromkeys([*MEASURES, "sharpness"], (np.nan, np.nan))


def _of_spectrum(spectrum: Array) -> Numbers:
    if np.isnan(spectrum).any():
        return _UNKNOWN
    ones = np.ones(len(spectrum))
    exact = {name: (float(measure(spectrum, ones)), 0.0) for name, measure in MEASURES.items()}
    return exact | {"sharpness": (sharpness(spectrum), 0.0)}


def _of_run(run: Lanczos) -> Numbers:
    gauss, radau = run.gauss(), run.radau()
    numbers: Numbers = {"sharpness": run.largest()}
    for name, measure in MEASURES.items():
        one, other = (measure(rule.nodes, rule.counts.mean(0)) for rule in (gauss, radau))
        by_start = [measure(gauss.nodes, counts) for counts in gauss.counts]
        standard_error = np.std(by_start, ddof=1) / np.sqrt(len(by_start))
        numbers[name] = (one + other) / 2, float(np.hypot((one - other) / 2, standard_error))
    return numbers


def _collected(replicas: list[Numbers], *, exact: bool) -> HessianCurvature:
    estimates = {
        name: Estimate(*np.array([replica[name] for replica in replicas]).T)
        for name in [*MEASURES, "sharpness"]
    }
    return HessianCurvature(**estimates, exact=exact)


def _size(params: Params, names: Collection[str] | None) -> int:
    return sum(params[name][0].numel() for name in (params if names is None else names))


def _each(params: Params, inputs: Tensor, targets: Tensor) -> list[tuple[Params, Tensor, Tensor]]:
    """Every replica's parameters and data."""
    replicas = range(len(targets))
    return [({k: v[i] for k, v in params.items()}, inputs[i], targets[i]) for i in replicas]
