"""A declarative benchmark for loss of plasticity."""

import importlib
from typing import TYPE_CHECKING, Any

from plasticity_bench.errors import (
    BadInputError,
    LearnerError,
    MeasurementError,
    PlasticityBenchError,
    StreamError,
)
from plasticity_bench.learners.search_space import Choice, LogUniform, Uniform
from plasticity_bench.streams import (
    ClassStream,
    DatasetStream,
    Stream,
    Task,
    make_stream,
    register,
    registered_streams,
)
from plasticity_bench.streams.registry import load_plugins as _load_plugins

if TYPE_CHECKING:
    from plasticity_bench.checks import check_learner, check_measurement, check_stream
    from plasticity_bench.evaluation.evaluation import Evaluation
    from plasticity_bench.evaluation.evaluator import evaluate
    from plasticity_bench.evaluation.protocol import Explanation, Protocol
    from plasticity_bench.learners.learner import Hidden, Learner, Memory, State
    from plasticity_bench.learners.noise import Noise
    from plasticity_bench.learners.optimizers import Params
    from plasticity_bench.measurements.probe import Probe
    from plasticity_bench.networks import NetworkSpec, build_network
    from plasticity_bench.population.kernels.ranking import match_ranks
    from plasticity_bench.population.narrowing import narrowed
    from plasticity_bench.population.population import Member, Population

__all__ = [
    "BadInputError",
    "Choice",
    "ClassStream",
    "DatasetStream",
    "Evaluation",
    "Explanation",
    "Hidden",
    "Learner",
    "LearnerError",
    "LogUniform",
    "MeasurementError",
    "Member",
    "Memory",
    "NetworkSpec",
    "Noise",
    "Params",
    "PlasticityBenchError",
    "Population",
    "Probe",
    "Protocol",
    "State",
    "Stream",
    "StreamError",
    "Task",
    "Uniform",
    "build_network",
    "check_learner",
    "check_measurement",
    "check_stream",
    "evaluate",
    "make_stream",
    "match_ranks",
    "narrowed",
    "register",
    "registered_streams",
]

# These need torch, which takes seconds to import; they are loaded when they are first asked for.
_LAZY = {
    "Evaluation": "evaluation.evaluation",
    "Explanation": "evaluation.protocol",
    "Hidden": "learners.learner",
    "Learner": "learners.learner",
    "Member": "population.population",
    "Memory": "learners.learner",
    "NetworkSpec": "networks",
    "Noise": "learners.noise",
    "Params": "learners.optimizers",
    "Population": "population.population",
    "Probe": "measurements.probe",
    "Protocol": "evaluation.protocol",
    "State": "learners.learner",
    "build_network": "networks",
    "check_learner": "checks",
    "check_measurement": "checks",
    "check_stream": "checks",
    "evaluate": "evaluation.evaluator",
    "match_ranks": "population.kernels.ranking",
    "narrowed": "population.narrowing",
}


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        return getattr(importlib.import_module(f"plasticity_bench.{_LAZY[name]}"), name)
    raise AttributeError(f"module 'plasticity_bench' has no attribute {name!r}")


_load_plugins()  # last: plugins import this package
