"""Curvature beside the headline: numbers of the four spectra, for suites to ask for.

What the spectra are, what they cost and how far they can be trusted stands in docs/curvature.md.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray

from plasticity_bench.measurements.common import of_each
from plasticity_bench.measurements.fisher_rank import fisher_spectrum
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


def fisher(probe: Probe) -> Measured:
    """Return numbers of the empirical Fisher matrix, `fisher_...`.

    Not srank 0.99: that is the headline, which every suite has.
    """
    numbers = {name: number for name, number in _OF_GRAM.items() if name != "srank99"}
    return _of_finite(probe, _from(fisher_spectrum, "fisher", numbers))


def gauss_newton(probe: Probe) -> Measured:
    """Return numbers of the generalised Gauss-Newton matrix, `gauss_newton_...`."""
    return _of_finite(probe, _from(gauss_newton_spectrum, "gauss_newton", _OF_GRAM))


def last_layers(probe: Probe) -> Measured:
    """Return numbers of the Hessian's block of the last two layers, `last_layers_...`."""
    numbers = {**_OF_ANY, "negative_mass": negative_mass}
    return _of_finite(probe, _from(last_layers_spectrum, "last_layers", numbers))


def hessian(probe: Probe) -> Measured:
    """Return numbers of the Hessian, `hessian_...`, and `..._uncertainty` of each, 0 if exact."""

    def measure(probe: Probe) -> Measured:
        found = hessian_curvature(probe.module, probe.params, probe.inputs, probe.targets)
        measured = {}
        for name, estimate in vars(found).items():
            if isinstance(estimate, Estimate):
                measured[probe.on_examples(f"hessian_{name}")] = estimate.value
                measured[probe.on_examples(f"hessian_{name}_uncertainty")] = estimate.uncertainty
        return measured

    return _of_finite(probe, measure)


def _from(
    spectrum: Callable[..., NDArray[np.float64]], matrix: str, numbers: Numbers
) -> Callable[[Probe], Measured]:
    def measure(probe: Probe) -> Measured:
        spectra = spectrum(probe.module, probe.params, probe.inputs, probe.targets)
        return {
            probe.on_examples(f"{matrix}_{name}"): of_each(spectra, number)
            for name, number in numbers.items()
        }

    return measure


def _of_finite(probe: Probe, measure: Callable[[Probe], Measured]) -> Measured:
    """Measure the members whose parameters are finite; the others have no numbers."""
    finite = [value.isfinite().flatten(1).all(1) for value in probe.params.values()]
    alive = torch.stack(finite).all(0).nonzero().flatten()
    if len(alive) == probe.num_members:
        return measure(probe)
    # With no member alive, a stand-in tells the names.
    chosen = alive if len(alive) else torch.zeros(1, dtype=torch.int64, device=alive.device)
    few = probe.select(chosen)
    if not len(alive):
        zeros = {name: torch.zeros_like(value) for name, value in few.params.items()}
        few = replace(few, params=zeros)
    measured = {}
    for name, values in measure(few).items():
        measured[name] = np.full(probe.num_members, np.nan)
        if len(alive):
            measured[name][alive.cpu().numpy()] = values
    return measured
