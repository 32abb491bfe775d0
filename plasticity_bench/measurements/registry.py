"""Which measurements a suite can ask for: one file and one line here for each."""

from collections.abc import Callable
from dataclasses import dataclass

from plasticity_bench.measurements.constant_units import constant_units
from plasticity_bench.measurements.curvature_numbers import (
    fisher,
    gauss_newton,
    hessian,
    last_layers,
)
from plasticity_bench.measurements.distance_from_init import distance_from_init
from plasticity_bench.measurements.dormant_units import dormant_units
from plasticity_bench.measurements.duplicate_units import duplicate_units
from plasticity_bench.measurements.feature_rank import feature_rank
from plasticity_bench.measurements.gradient_norm import gradient_norm
from plasticity_bench.measurements.neural_tangent_kernel import neural_tangent_kernel
from plasticity_bench.measurements.one_step_plasticity import one_step_plasticity
from plasticity_bench.measurements.parameter_norm import parameter_norm
from plasticity_bench.measurements.probe import Measured, Probe
from plasticity_bench.measurements.saturated_units import saturated_units
from plasticity_bench.measurements.unit_sign_entropy import unit_sign_entropy
from plasticity_bench.measurements.update_norm import update_norm

Measure = Callable[[Probe], Measured]


@dataclass(frozen=True)
class Registered:
    """A measurement that a suite can ask for by its name.

    Attributes:
        measure: from a probe to (members,) float64 numbers, by "name" or "name/layer". What does
            not exist is not a number.
        at_start: whether it can be taken at a task's start, before any update.
    """

    measure: Measure
    at_start: bool = True


MEASUREMENTS = {
    "parameter_norm": Registered(parameter_norm),
    "distance_from_init": Registered(distance_from_init),
    "update_norm": Registered(update_norm, at_start=False),
    "gradient_norm": Registered(gradient_norm),
    "dormant_units": Registered(dormant_units),
    "constant_units": Registered(constant_units),
    "saturated_units": Registered(saturated_units),
    "unit_sign_entropy": Registered(unit_sign_entropy),
    "feature_rank": Registered(feature_rank),
    "duplicate_units": Registered(duplicate_units),
    "neural_tangent_kernel": Registered(neural_tangent_kernel),
    "one_step_plasticity": Registered(one_step_plasticity),
    "fisher": Registered(fisher),
    "gauss_newton": Registered(gauss_newton),
    "last_layers": Registered(last_layers),
    "hessian": Registered(hessian),
}
