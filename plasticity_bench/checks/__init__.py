"""Checks of what users add: each says in one sentence which rule is broken."""

from plasticity_bench.checks.learner import check_learner
from plasticity_bench.checks.measurement import check_measurement
from plasticity_bench.checks.stream import check_stream

__all__ = ["check_learner", "check_measurement", "check_stream"]
