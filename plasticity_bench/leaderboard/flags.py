"""What a learner needs beyond an ordinary one, by its record."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from pydantic import ValidationError

from plasticity_bench.errors import BadInputError
from plasticity_bench.leaderboard.manifest import Flags
from plasticity_bench.learners.learner import Learner
from plasticity_bench.recording.costs import costs
from plasticity_bench.recording.recorder import Recorder
from plasticity_bench.suite.suite import SuiteStream


def flags_from(info: Mapping[str, Any]) -> Flags:
    """Return the flags that a run's stored record gives.

    Args:
        info: what is stored with the run.

    Raises:
        BadInputError: if that is not what `run` stores.
    """
    record = info.get("execution", {}).get("record")
    if record is None:
        return Flags(recorded=False)
    try:
        return Flags(recorded=True, **{k: v for k, v in record.items() if k != "digest"})
    except (AttributeError, TypeError, ValidationError) as error:
        raise BadInputError(f"What is stored of a learner's record is damaged: {error}") from None


def flags_of(learner: Learner, suite_stream: SuiteStream) -> Flags:
    """Return the flags of a baseline of this package on a suite's stream, by recording it here."""
    if not learner.vectorized:
        return Flags(recorded=False)
    stream, network = suite_stream.stream, suite_stream.network
    recorder = Recorder([learner], network)
    targets = (stream.batch_size, *((network.num_outputs,) if stream.regression else ()))
    update = recorder.update(
        (stream.batch_size, *network.input_shape), targets, regression=stream.regression
    )
    return Flags(recorded=True, **asdict(costs(recorder.record, update, network)))
