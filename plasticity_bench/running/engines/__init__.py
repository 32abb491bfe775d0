"""Engines: where groups are executed: in this process, in several, or on a Slurm cluster."""

from plasticity_bench.running.engines.local import run_local
from plasticity_bench.running.engines.worker import ProcessDied, TimedOut

__all__ = ["ProcessDied", "TimedOut", "run_local"]
