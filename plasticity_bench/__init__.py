"""A declarative benchmark for loss of plasticity."""

import importlib
import warnings
from typing import TYPE_CHECKING, Any

from plasticity_bench import interrupts as _interrupts  # noqa: F401 (first: Ctrl-C may come early)
from plasticity_bench import portability
from plasticity_bench.errors import (
    BadInputError,
    LearnerError,
    MeasurementError,
    PlasticityBenchError,
    StreamError,
)
from plasticity_bench.learners.method import Method
from plasticity_bench.learners.search_space import Choice, LogUniform, Uniform
from plasticity_bench.streams import (
    ClassStream,
    DatasetStream,
    Stream,
    Task,
    make,
    make_stream,
    register,
    registered_streams,
)
from plasticity_bench.streams.registry import load_plugins as _load_plugins

portability.pin()  # before torch is imported

if TYPE_CHECKING:
    from plasticity_bench.checks import check_learner, check_measurement, check_stream
    from plasticity_bench.data.dataset import Dataset
    from plasticity_bench.data.loaders import (
        from_arrays,
        from_csv,
        from_datasets,
        from_image_folder,
        from_torchvision,
    )
    from plasticity_bench.diagnosis.diagnose import diagnose
    from plasticity_bench.diagnosis.result import Diagnosis
    from plasticity_bench.evaluation.evaluation import Evaluation
    from plasticity_bench.evaluation.protocol import Diagnostic, Protocol
    from plasticity_bench.leaderboard.frame import load_leaderboard
    from plasticity_bench.learners.learner import Batch, Hidden, Learner, Memory, State
    from plasticity_bench.learners.noise import Noise
    from plasticity_bench.learners.optimizers import Params
    from plasticity_bench.measurements.probe import Probe
    from plasticity_bench.networks import (
        Layer,
        NetworkLayers,
        NetworkSpec,
        build_network,
        match_num_parameters,
        register_network,
    )
    from plasticity_bench.programs.kernels.rank_matching import match_ranks
    from plasticity_bench.programs.population import Population, Replica
    from plasticity_bench.scoring.array_scores import (
        curvature_retention,
        retained_plasticity,
        score_arrays,
        trainability,
    )
    from plasticity_bench.scoring.evaluated import LearnerScores, evaluate
    from plasticity_bench.scoring.results_frame import load_results
    from plasticity_bench.streams.wrappers import GradualChange, RecordTasks, TimeAware

    __version__: str

__all__ = [
    "BadInputError",
    "Batch",
    "Choice",
    "ClassStream",
    "Dataset",
    "DatasetStream",
    "Diagnosis",
    "Diagnostic",
    "Evaluation",
    "GradualChange",
    "Hidden",
    "Layer",
    "Learner",
    "LearnerError",
    "LearnerScores",
    "LogUniform",
    "MeasurementError",
    "Memory",
    "Method",
    "NetworkLayers",
    "NetworkSpec",
    "Noise",
    "Params",
    "PlasticityBenchError",
    "Population",
    "Probe",
    "Protocol",
    "RecordTasks",
    "Replica",
    "State",
    "Stream",
    "StreamError",
    "Task",
    "TimeAware",
    "Uniform",
    "__version__",
    "build_network",
    "check_learner",
    "check_measurement",
    "check_stream",
    "curvature_retention",
    "diagnose",
    "evaluate",
    "from_arrays",
    "from_csv",
    "from_datasets",
    "from_image_folder",
    "from_torchvision",
    "load_leaderboard",
    "load_results",
    "make",
    "make_stream",
    "match_num_parameters",
    "match_ranks",
    "register",
    "register_network",
    "registered_streams",
    "retained_plasticity",
    "score_arrays",
    "trainability",
]

# These need torch, which takes seconds to import; they are loaded on their first use.
_LAZY = {
    "Batch": "learners.batch",
    "Diagnosis": "diagnosis.result",
    "Dataset": "data",
    "Diagnostic": "evaluation.protocol",
    "Evaluation": "evaluation.evaluation",
    "GradualChange": "streams.wrappers",
    "Hidden": "learners.batch",
    "Layer": "networks",
    "Learner": "learners.learner",
    "LearnerScores": "scoring.evaluated",
    "Memory": "learners.learner",
    "NetworkLayers": "networks",
    "NetworkSpec": "networks",
    "Noise": "learners.noise",
    "Params": "learners.optimizers",
    "Population": "programs.population",
    "Probe": "measurements.probe",
    "Protocol": "evaluation.protocol",
    "Replica": "programs.population",
    "RecordTasks": "streams.wrappers",
    "State": "learners.learner",
    "TimeAware": "streams.wrappers",
    "build_network": "networks",
    "check_learner": "checks",
    "check_measurement": "checks",
    "check_stream": "checks",
    "curvature_retention": "scoring.array_scores",
    "diagnose": "diagnosis.diagnose",
    "evaluate": "scoring.evaluated",
    "from_torchvision": "data.loaders",
    "from_image_folder": "data.loaders",
    "from_datasets": "data.loaders",
    "from_csv": "data.loaders",
    "from_arrays": "data.loaders",
    "load_leaderboard": "leaderboard.frame",
    "load_results": "scoring.results_frame",
    "match_num_parameters": "networks",
    "match_ranks": "programs.kernels.rank_matching",
    "register_network": "networks",
    "retained_plasticity": "scoring.array_scores",
    "score_arrays": "scoring.array_scores",
    "trainability": "scoring.array_scores",
}

_DEPRECATED = {
    "Explanation": "Diagnostic",
    "Member": "Replica",
    "narrowed": "match_num_parameters",
}
"""Earlier names, which warn (docs/versioning.md)."""


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        return getattr(importlib.import_module(f"plasticity_bench.{_LAZY[name]}"), name)
    if name == "__version__":
        from importlib import metadata

        return metadata.version("plasticity-bench")
    if name in _DEPRECATED:
        message = f"plasticity_bench.{name} is deprecated: use {_DEPRECATED[name]}."
        warnings.warn(message, DeprecationWarning, stacklevel=2)
        return globals().get(_DEPRECATED[name]) or __getattr__(_DEPRECATED[name])
    raise AttributeError(f"module 'plasticity_bench' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)


_load_plugins()  # last: plugins import this package
