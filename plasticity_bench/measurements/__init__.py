"""Numbers taken at a task's start, during it, or at its end. One per file."""

from plasticity_bench.measurements.accuracy import accuracy_and_loss
from plasticity_bench.measurements.fisher_rank import fisher_srank
from plasticity_bench.measurements.probe import Measured, Probe
from plasticity_bench.measurements.registry import MEASUREMENTS, Measure

__all__ = ["MEASUREMENTS", "Measure", "Measured", "Probe", "accuracy_and_loss", "fisher_srank"]
