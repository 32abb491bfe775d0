"""Where work is executed: in this process, or in several on this machine."""

from plasticity_bench.running.engines.local import run_local
from plasticity_bench.running.engines.worker import ProcessDied, TimedOut

__all__ = ["ProcessDied", "TimedOut", "run_local"]
