"""Shares of curvature matrices' eigenvalues above a threshold that is not relative."""

from collections.abc import Callable
from functools import partial

import numpy as np
from torch import Tensor

from plasticity_bench.learners.optimizers import Params
from plasticity_bench.measurements.common import eigenvalues, of_each, refuse_non_finite
from plasticity_bench.measurements.gauss_newton import gauss_newton_spectrum
from plasticity_bench.measurements.hessian import DENSE_LIMIT, hessian_spectrum
from plasticity_bench.measurements.hessian_products import HessianProducts
from plasticity_bench.measurements.lanczos import block_lanczos
from plasticity_bench.measurements.probe import Measured, Probe, Values

THRESHOLD = 0.1
BLOCK, STEPS = 4, 400  # of Lanczos, as of `hessian_curvature`


def hessian_absolute_rank(probe: Probe) -> Measured:
    """Return `hessian_share_above0.1`, the share of all p eigenvalues with |e| > 0.1.

    The epsilon-rank of lop-jax, whose threshold is absolute: it falls when the loss's curvature
    shrinks as a whole, which `epsilon_rank(e, 0.01)`, relative to the largest eigenvalue, does not
    see; and it changes when the loss is scaled. In [0, 1].

    Up to 4,096 parameters it is exact. Beyond, it is estimated by block Lanczos as
    `hessian_curvature` does, and `hessian_share_above0.1_uncertainty` is its standard uncertainty.

    Cost: that of `hessian`.
    """
    name = "hessian_share_above0.1"
    if _size(probe) <= DENSE_LIMIT:
        spectra = hessian_spectrum(probe.module, probe.params, probe.inputs, probe.targets)
        values, uncertain = of_each(spectra, partial(share_above, size=_size(probe))), 0.0
        uncertainties = np.where(np.isnan(values), np.nan, uncertain)
    else:
        refuse_non_finite(probe.params)
        estimates = [_estimated(probe, *replica) for replica in probe.one_by_one()]
        values, uncertainties = np.array(estimates).T
    return {
        probe.on_examples(name): values,
        probe.on_examples(f"{name}_uncertainty"): uncertainties,
    }


def fisher_absolute_rank(probe: Probe) -> Measured:
    """Return `fisher_share_above0.1`: as `hessian_absolute_rank`, of the empirical Fisher matrix.

    Exact, of all p eigenvalues, at most n of which are not zero. Cost: that of `fisher`.
    """
    refuse_non_finite(probe.params)
    return _of_gram("fisher", eigenvalues(probe.gradient_gram), probe)


def gauss_newton_absolute_rank(probe: Probe) -> Measured:
    """Return `gauss_newton_share_above0.1`: as `hessian_absolute_rank`, of the Gauss-Newton matrix.

    Exact, of all p eigenvalues, at most n (classes - 1) of which are not zero. Cost: that of
    `gauss_newton`.
    """
    spectra = gauss_newton_spectrum(probe.module, probe.params, probe.inputs, probe.targets)
    return _of_gram("gauss_newton", spectra, probe)


def share_above(spectrum: Values, size: int, counts: Values | None = None) -> float:
    """Return the share of `size` eigenvalues whose magnitude is above 0.1.

    Args:
        spectrum: (m,) of those that are not known to be zero.
        size: p.
        counts: (m,), how many eigenvalues each stands for; one unless given.
    """
    above = np.abs(spectrum) > THRESHOLD
    return float((above if counts is None else above * counts).sum() / size)


def _of_gram(matrix: str, spectra: Values, probe: Probe) -> Measured:
    number: Callable[[Values], float] = partial(share_above, size=_size(probe))
    return {probe.on_examples(f"{matrix}_share_above0.1"): of_each(spectra, number)}


def _estimated(probe: Probe, params: Params, inputs: Tensor, targets: Tensor) -> list[float]:
    """One replica's share, and its standard uncertainty: as in `hessian_curvature`."""
    products = HessianProducts(probe.module, params, inputs, targets)
    like, size = next(iter(params.values())), products.size
    run = block_lanczos(products, size, block=BLOCK, steps=STEPS, like=like)
    if not run.finite:
        return [np.nan, np.nan]
    gauss, radau = run.gauss(), run.radau()
    one, other = (share_above(rule.nodes, size, rule.counts.mean(0)) for rule in (gauss, radau))
    by_start = [share_above(gauss.nodes, size, counts) for counts in gauss.counts]
    standard_error = np.std(by_start, ddof=1) / np.sqrt(len(by_start))
    return [(one + other) / 2, float(np.hypot((one - other) / 2, standard_error))]


def _size(probe: Probe) -> int:
    return sum(value[0].numel() for value in probe.params.values())
