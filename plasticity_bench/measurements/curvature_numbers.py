"""Curvature diagnostics: ranks of the four spectra, for a suite's `measure` section.

docs/curvature.md describes the spectra, their cost and their accuracy.
"""

from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray

from plasticity_bench.measurements.common import eigenvalues, of_each, refuse_non_finite
from plasticity_bench.measurements.gauss_newton import gauss_newton_spectrum
from plasticity_bench.measurements.hessian import Estimate, hessian_curvature
from plasticity_bench.measurements.last_layers import last_layers_spectrum
from plasticity_bench.measurements.probe import Measured, Probe
from plasticity_bench.measurements.spectrum import (
    effective_rank,
    epsilon_rank,
    factor_srank,
    negative_mass,
    participation_ratio,
    sharpness,
    srank,
    trace,
)

Numbers = dict[str, Callable[[NDArray[np.float64]], float]]

_OF_ANY: Numbers = {
    "srank99": srank,
    "effective_rank": effective_rank,
    "participation_ratio": participation_ratio,
    "epsilon_rank0.01": partial(epsilon_rank, epsilon=0.01),
    "sharpness": sharpness,
    "trace": trace,
}
_OF_GRAM: Numbers = {**_OF_ANY, "factor_srank99": factor_srank}


def fisher_srank99(probe: Probe) -> Measured:
    """Return the headline: srank 0.99 of the empirical Fisher matrix, `fisher_srank99_...`."""
    return _named(_fisher_spectra(probe), "fisher", {"srank99": srank}, probe)


def fisher(probe: Probe) -> Measured:
    """Return numbers of the empirical Fisher matrix, `fisher_...`.

    Without srank 0.99, the headline, which every suite measures.
    """
    numbers = {name: number for name, number in _OF_GRAM.items() if name != "srank99"}
    return _named(_fisher_spectra(probe), "fisher", numbers, probe)


def gauss_newton(probe: Probe) -> Measured:
    """Return numbers of the generalised Gauss-Newton matrix, `gauss_newton_...`."""
    return _from(gauss_newton_spectrum, "gauss_newton", _OF_GRAM, probe)


def last_layers(probe: Probe) -> Measured:
    """Return numbers of the Hessian's block of the last two layers, `last_layers_...`."""
    numbers = {**_OF_ANY, "negative_mass": negative_mass}
    return _from(last_layers_spectrum, "last_layers", numbers, probe)


def hessian(probe: Probe) -> Measured:
    """Return numbers of the Hessian, `hessian_...`, and `..._uncertainty` of each, 0 if exact."""
    curvature = hessian_curvature(probe.module, probe.params, probe.inputs, probe.targets)
    measured = {}
    for name, estimate in vars(curvature).items():
        if isinstance(estimate, Estimate):
            measured[probe.on_examples(f"hessian_{name}")] = estimate.value
            measured[probe.on_examples(f"hessian_{name}_uncertainty")] = estimate.uncertainty
    return measured


def _fisher_spectra(probe: Probe) -> NDArray[np.float64]:
    """As `fisher_spectrum`, of a Gram matrix that other measurements use too."""
    refuse_non_finite(probe.params)
    return eigenvalues(probe.gradient_gram)


def _from(
    spectrum: Callable[..., NDArray[np.float64]], matrix: str, numbers: Numbers, probe: Probe
) -> Measured:
    """Numbers of a matrix's spectrum, by name."""
    spectra = spectrum(probe.module, probe.params, probe.inputs, probe.targets)
    return _named(spectra, matrix, numbers, probe)


def _named(spectra: NDArray[np.float64], matrix: str, numbers: Numbers, probe: Probe) -> Measured:
    return {
        probe.on_examples(f"{matrix}_{name}"): of_each(spectra, number)
        for name, number in numbers.items()
    }
