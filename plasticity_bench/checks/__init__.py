"""Checks of users' learners, streams and measurements; each names the broken rule."""

from plasticity_bench.checks.learner import check_learner
from plasticity_bench.checks.measurement import check_measurement
from plasticity_bench.checks.stream import check_stream
from plasticity_bench.checks.suite import check_suite

__all__ = ["check_learner", "check_measurement", "check_stream", "check_suite"]
