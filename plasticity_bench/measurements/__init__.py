"""Numbers taken at a task's start, during it, or at its end. One per file."""

from plasticity_bench.measurements.fisher_rank import fisher_spectrum, fisher_srank
from plasticity_bench.measurements.gauss_newton import gauss_newton_spectrum, gauss_newton_srank
from plasticity_bench.measurements.hessian import (
    Estimate,
    HessianCurvature,
    hessian_curvature,
    hessian_spectrum,
)
from plasticity_bench.measurements.last_layers import last_layers_spectrum
from plasticity_bench.measurements.probe import Measured, Probe
from plasticity_bench.measurements.registry import DIAGNOSTICS, MEASUREMENTS, Measure, measure
from plasticity_bench.measurements.task_metric import metric_and_loss, task_metric

__all__ = [
    "DIAGNOSTICS",
    "MEASUREMENTS",
    "Estimate",
    "HessianCurvature",
    "Measure",
    "Measured",
    "Probe",
    "fisher_spectrum",
    "fisher_srank",
    "gauss_newton_spectrum",
    "gauss_newton_srank",
    "hessian_curvature",
    "hessian_spectrum",
    "last_layers_spectrum",
    "measure",
    "metric_and_loss",
    "task_metric",
]
