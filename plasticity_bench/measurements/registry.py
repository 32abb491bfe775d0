"""The registry of measurements by name; each has its own file and a line here."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from plasticity_bench.errors import MeasurementError
from plasticity_bench.measurements.absolute_rank import (
    fisher_absolute_rank,
    gauss_newton_absolute_rank,
    hessian_absolute_rank,
)
from plasticity_bench.measurements.churn import churn
from plasticity_bench.measurements.constant_units import constant_units
from plasticity_bench.measurements.curvature_numbers import (
    fisher,
    fisher_srank99,
    gauss_newton,
    hessian,
    last_layers,
)
from plasticity_bench.measurements.curvature_volatility import curvature_volatility
from plasticity_bench.measurements.distance_from_init import distance_from_init
from plasticity_bench.measurements.dormant_units import dormant_units
from plasticity_bench.measurements.duplicate_units import duplicate_units
from plasticity_bench.measurements.feature_rank import feature_rank
from plasticity_bench.measurements.feature_rank_places import feature_rank_places
from plasticity_bench.measurements.gradient_covariance import gradient_covariance
from plasticity_bench.measurements.gradient_noise import gradient_noise
from plasticity_bench.measurements.gradient_norm import gradient_norm
from plasticity_bench.measurements.isometry import isometry
from plasticity_bench.measurements.neural_tangent_kernel import neural_tangent_kernel
from plasticity_bench.measurements.one_step_plasticity import one_step_plasticity
from plasticity_bench.measurements.optimization_readiness import optimization_readiness
from plasticity_bench.measurements.parameter_norm import parameter_norm
from plasticity_bench.measurements.probe import Measured, Probe
from plasticity_bench.measurements.rarely_active_units import rarely_active_units
from plasticity_bench.measurements.saturated_units import saturated_units
from plasticity_bench.measurements.unit_sign_entropy import unit_sign_entropy
from plasticity_bench.measurements.update_norm import update_norm

Measure = Callable[[Probe], Measured]


@dataclass(frozen=True)
class Registered:
    """A measurement under its name.

    Attributes:
        measure: from a probe to (replicas,) float64 numbers, by "name" or "name/layer"; NaN where
            the number does not exist.
        at_start: whether it can be taken at a task's start, before any update.
        headline: whether every suite takes it, so that none asks for it.
        of_units: whether it looks at hidden activations.
        of_targets: whether it depends on the targets.
        of_examples: whether it depends on the examples.
    """

    measure: Measure
    at_start: bool = True
    headline: bool = False
    of_units: bool = False
    of_targets: bool = False
    of_examples: bool = True


MEASUREMENTS = {
    "parameter_norm": Registered(parameter_norm, of_examples=False),
    "distance_from_init": Registered(distance_from_init, of_examples=False),
    "update_norm": Registered(update_norm, at_start=False, of_examples=False),
    "gradient_norm": Registered(gradient_norm, of_targets=True),
    "dormant_units": Registered(dormant_units, of_units=True),
    "constant_units": Registered(constant_units, of_units=True),
    "saturated_units": Registered(saturated_units, of_units=True),
    "unit_sign_entropy": Registered(unit_sign_entropy, of_units=True),
    "feature_rank": Registered(feature_rank, of_units=True),
    "duplicate_units": Registered(duplicate_units, of_units=True),
    "neural_tangent_kernel": Registered(neural_tangent_kernel),
    "one_step_plasticity": Registered(one_step_plasticity, of_targets=True),
    "isometry": Registered(isometry, of_examples=False),
    "gradient_covariance": Registered(gradient_covariance, of_targets=True),
    "gradient_noise": Registered(gradient_noise, of_targets=True),
    "curvature_volatility": Registered(curvature_volatility, of_targets=True),
    "optimization_readiness": Registered(optimization_readiness, of_targets=True),
    "churn": Registered(churn, of_targets=True),
    "rarely_active_units": Registered(rarely_active_units, of_units=True),
    "feature_rank_places": Registered(feature_rank_places, of_units=True),
    "fisher": Registered(fisher, of_targets=True),
    "gauss_newton": Registered(gauss_newton),
    "last_layers": Registered(last_layers, of_targets=True),
    "hessian": Registered(hessian, of_targets=True),
    "fisher_absolute_rank": Registered(fisher_absolute_rank, of_targets=True),
    "gauss_newton_absolute_rank": Registered(gauss_newton_absolute_rank),
    "hessian_absolute_rank": Registered(hessian_absolute_rank, of_targets=True),
    "fisher_srank99": Registered(fisher_srank99, headline=True, of_targets=True),
}

DIAGNOSTICS = tuple(name for name, one in MEASUREMENTS.items() if not one.headline)
"""What a suite can ask for."""


def measure(name: str, probe: Probe, alive: NDArray[np.bool_] | None = None) -> Measured:
    """Return a registered measurement, (replicas,) each; NaN for replicas that are not alive.

    Args:
        name: of the measurement.
        probe: of all replicas.
        alive: (replicas,), which are measured; by default those whose parameters are finite.

    Raises:
        MeasurementError: if it cannot be measured on this network.
    """
    if alive is None:
        finite = [value.isfinite().flatten(1).all(1) for value in probe.params.values()]
        alive = torch.stack(finite).all(0).cpu().numpy()
    if alive.all():
        return _taken(name, probe)
    chosen = torch.from_numpy(np.flatnonzero(alive)).to(probe.targets.device)
    if len(chosen) == 0:  # the names are those of the first replica as it began
        first = probe.select(chosen.new_zeros(1))
        names = _taken(name, first.with_params(first.initial))
        return {key: np.full(len(alive), np.nan) for key in names}
    measured = {}
    for key, values in _taken(name, probe.select(chosen)).items():
        measured[key] = np.full(len(alive), np.nan)
        measured[key][alive] = values
    return measured


def _taken(name: str, probe: Probe) -> Measured:
    try:
        return MEASUREMENTS[name].measure(probe)
    except Exception as error:
        raise MeasurementError(
            f"{name} cannot be measured on this network: {type(error).__name__}: {error} If "
            "measure.diagnostics asks for it, leave it out there."
        ) from error
