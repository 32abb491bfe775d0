"""From a suite's file to what is to be run, everything in it checked."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from plasticity_bench.errors import BadInputError, did_you_mean
from plasticity_bench.evaluation.protocol import Explanation, Protocol
from plasticity_bench.networks import NetworkSpec
from plasticity_bench.streams import Stream, make_stream
from plasticity_bench.streams.faults import task_fault
from plasticity_bench.suite import yaml_source
from plasticity_bench.suite.contenders import Contender, contender
from plasticity_bench.suite.suite_data import datasets_of, located, read_suite
from plasticity_bench.suite.suite_file import (
    MeasureEntry,
    StreamEntry,
    TuningEntry,
    validated,
)

__all__ = ["StreamRun", "Suite", "datasets_of", "load_suite"]


@dataclass(frozen=True)
class StreamRun:
    """A stream of a suite, and the network that learners build for it.

    Attributes:
        label: the name that the table shows, unique within a suite.
        id: the stream's registered id.
        stream: the stream with its parameters set.
        network: what learners are asked to build.
    """

    label: str
    id: str
    stream: Stream
    network: NetworkSpec


@dataclass(frozen=True)
class Suite:
    """Streams, learners and the protocol that they are run under.

    Attributes:
        name: `namespace/name-vN`.
        streams: in the file's order.
        contenders: in the file's order; the reference is among them.
        reference: label of the learner that scores are relative to.
        protocol: what is measured, and when.
        num_seeds: members have the seeds 0 to num_seeds - 1.
        description: what it is for, in a sentence.
        tuning: how its learners' settings are searched for.
        tuning_streams: what they are tried on; the suite's own streams unless it names others.
    """

    name: str
    streams: tuple[StreamRun, ...]
    contenders: tuple[Contender, ...]
    reference: str
    protocol: Protocol
    num_seeds: int
    description: str = ""
    tuning: TuningEntry = field(default_factory=TuningEntry)
    tuning_streams: tuple[StreamRun, ...] = ()

    @property
    def hash8(self) -> str:
        """Eight hexadecimal digits of what makes results comparable: streams and protocol.

        Which learners run, and for how many seeds, does not enter: more of either add to a suite's
        results. Nor does how settings are searched for.
        """
        runs = [
            {
                "label": run.label,
                "id": run.id,
                "stream": run.stream.parameters(),
                "network": run.network.parameters(),
            }
            for run in self.streams
        ]
        identity = [self.name, runs, self.reference, asdict(self.protocol)]
        return hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()[:8]

    @property
    def directory_name(self) -> str:
        """Name of the folder that holds the suite's results."""
        return f"{self.name.rsplit('/', 1)[-1]}@{self.hash8}"


def load_suite(path_or_name: str, with_data: bool = True) -> Suite:
    """Read and check a suite.

    Args:
        path_or_name: a YAML file, or the name of a suite that comes with the package.
        with_data: whether to make a task of each stream, for which its data must be there.

    Raises:
        BadInputError: one sentence that names file, line and key, if anything in it is wrong.
    """
    document = yaml_source.parse(*read_suite(path_or_name))
    file = validated(document)
    protocol = Protocol(
        curvature_every=file.measure.curvature.every,
        curvature_examples=file.measure.curvature.examples,
        reveal_boundaries=file.reveal_boundaries,
        explanations=_explanations(file.measure),
    )
    with located(document, ("measure", "explanations")):
        _check_once([explanation.name for explanation in protocol.explanations])
    streams = []
    for index, entry in enumerate(file.streams):
        with located(document, ("streams", index)):
            streams.append(_stream_run(entry, protocol, with_data))
    with located(document, ("streams",)):
        _check_labels(streams)
    tuning_streams = _tuning_streams(document, file.tuning, streams, protocol)
    contenders = []
    for index, learner in enumerate(file.learners):
        with located(document, ("learners", index)):
            contenders.append(contender(learner, [run.label for run in streams]))
    with located(document, ("learners",)):
        _check_labels(contenders)
    labels = [contender.label for contender in contenders]
    if file.reference not in labels:
        place = document.where(("reference",))
        hint = did_you_mean(file.reference, labels)
        raise BadInputError(f"{place}: the reference {file.reference!r} is not a learner. {hint}")
    return Suite(
        file.suite,
        tuple(streams),
        tuple(contenders),
        file.reference,
        protocol,
        file.seeds,
        file.description,
        file.tuning,
        tuning_streams,
    )


def _explanations(entry: MeasureEntry) -> tuple[Explanation, ...]:
    return tuple(
        Explanation(
            name=chosen.name,
            every=chosen.every or entry.every,
            examples=chosen.examples or entry.examples,
        )
        for chosen in entry.explanations
    )


def _check_once(names: Sequence[str]) -> None:
    for name in names:
        if names.count(name) > 1:
            raise BadInputError(f"{name} is listed twice.")


def _stream_run(entry: StreamEntry, protocol: Protocol, with_data: bool) -> StreamRun:
    stream = make_stream(entry.id, **entry.parameters)
    if with_data:
        check_first_task(entry.id, stream)
    smallest = min(map(stream.size, range(stream.num_tasks)))
    asked = [("curvature", "measure.curvature.examples", protocol.curvature_examples)]
    asked += [(e.name, "measure.examples", e.examples) for e in protocol.explanations]
    for name, key, examples in asked:
        if examples > smallest:
            raise BadInputError(
                f"{name} is to be measured on {examples} examples, but a task of {entry.id} has "
                f"{smallest}. Lower {key}, or make tasks larger.",
                key="id",
            )
    given: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value
        for key, value in entry.network.model_dump().items()
    }
    network = NetworkSpec(
        **given,
        input_shape=stream.input_shape,
        num_outputs=stream.num_outputs,
    )
    name = entry.id.rpartition(":")[-1]
    return StreamRun(entry.label or name.rpartition("/")[-1], name, stream, network)


def _tuning_streams(
    document: yaml_source.Document,
    tuning: TuningEntry,
    scored: Sequence[StreamRun],
    protocol: Protocol,
) -> tuple[StreamRun, ...]:
    """The streams that settings are tried on. Their data need not be here: `tune` asks for it."""
    path = ("tuning", "streams")
    streams = []
    for index, entry in enumerate(tuning.streams):
        with located(document, (*path, index)):
            streams.append(_stream_run(entry, protocol, with_data=False))
    with located(document, path):
        _check_labels(streams)
        labels = [run.label for run in scored]
        for label in [run.label for run in streams if tuning.per_stream]:
            if label not in labels:
                raise BadInputError(
                    f"with per_stream, settings found on {label!r} are for the suite's stream of "
                    f"that label, but there is none. {did_you_mean(label, labels)}"
                )
    return tuple(streams or scored)


def check_first_task(name: str, stream: Stream) -> None:
    """Make one task, so that a fault in a stream of the user's own shows before anything runs.

    Raises:
        BadInputError: if it cannot be made, or is no task of the stream.
    """
    try:
        task = stream.task(0, 0)
        fault = task_fault(stream, task, stream.size(0))
    except BadInputError:
        raise
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"
        raise BadInputError(f"Stream {name}: task(0, 0) raised {reason}.", "id") from error
    if fault:
        raise BadInputError(f"Stream {name}: task(0, 0) {fault}.", key="id")


def _check_labels(things: Sequence[StreamRun] | Sequence[Contender]) -> None:
    labels = [thing.label for thing in things]
    for label in labels:
        if labels.count(label) > 1:
            raise BadInputError(f"two are called {label!r}: give one a `label` of its own.")
