"""Where work is executed: in this process, or in several on this machine."""

from plasticity_bench.engines.local import ProcessDied, TimedOut, run_local

__all__ = ["ProcessDied", "TimedOut", "run_local"]
