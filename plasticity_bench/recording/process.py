"""Records a learner in a process of its own, from which only plain data comes back."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from plasticity_bench.errors import PlasticityBenchError, UnrecordableError
from plasticity_bench.learners.submitted import SubmittedLearner
from plasticity_bench.networks import NetworkSpec
from plasticity_bench.recording.graph import Graph
from plasticity_bench.recording.record import Record, check_constants
from plasticity_bench.recording.sealed_process import ERRORS, SealedProcess

_answers: dict[str, dict[str, Any]] = {}
"""What was recorded before in this process, or why it was not, by request and source."""


def request_of(
    learners: Sequence[SubmittedLearner], spec: NetworkSpec, do: str, **more: object
) -> dict[str, Any]:
    """Return a request about learners of one class on a network."""
    return {
        "do": do,
        "learner": learners[0].reference,
        "settings": [dict(learner.settings) for learner in learners],
        "path": [*learners[0].path, *(spec.built.path if spec.built else ())],
        "network": spec.as_data(),
        **more,
    }


class RecorderProcess:
    """As `Recorder`, in another process.

    The process ends when it has answered for an update, before results of it exist.

    Attributes:
        record: all but the learner's updates.
    """

    def __init__(
        self, learners: Sequence[SubmittedLearner], spec: NetworkSpec, lifted: Sequence[str] = ()
    ) -> None:
        """Start the process, and record all but updates.

        Args:
            learners: one for each setting.
            spec: the network that they are asked to build.
            lifted: names of the hyperparameters that differ.

        Raises:
            BadInputError, LearnerError, UnrecordableError: as `Recorder`; and a LearnerError if the
                process dies or takes too long.
        """
        self._name = learners[0].name
        self._process: SealedProcess | None = None
        self._request = request_of(learners, spec, do="record", lifted=list(lifted))
        sources = [learners[0].source, spec.built.source if spec.built else None]
        known = json.dumps([self._request, sources], sort_keys=True)
        self._answers = _answers.setdefault(known, {})
        self.record: Record = self._remembered("", self._begun)

    def update(
        self, inputs: Sequence[int], targets: Sequence[int], *, regression: bool = False
    ) -> Graph:
        """Return the graph of an update, as `Recorder.update`."""
        request = {"inputs": list(inputs), "targets": list(targets), "regression": regression}
        key = json.dumps(request)
        if key in self._answers and self._process is not None:
            self._process.end()
        graph: Graph = self._remembered(key, lambda: self._recorded(request))
        return graph

    def _remembered(self, key: str, record: Callable[[], Any]) -> Any:
        """What was recorded before, or is now; a refusal is raised again."""
        if key not in self._answers:
            try:
                self._answers[key] = record()
            except tuple(ERRORS.values()) as error:
                self._answers[key] = type(error)(str(error))
        answer = self._answers[key]
        if isinstance(answer, PlasticityBenchError):
            raise type(answer)(str(answer))
        return answer

    def _recorded(self, request: Mapping[str, Any]) -> Graph:
        """The graph of an update, by the process that made the record, or by another."""
        ended = self._process is None or not self._process.alive
        changed = ended and self._begun().digest() != self.record.digest()
        assert self._process is not None
        if changed:
            raise self._process.fault("is recorded in another way each time")
        try:
            graph: Graph = self._read(Graph.from_json, self._process.asked(request))
        finally:
            self._process.end()
        check_constants(self.record.learner, self.record.num_constants + graph.num_constants)
        return graph

    def _begun(self) -> Record:
        """The record, by a new process."""
        self._process = SealedProcess(self._name)
        record: Record = self._read(Record.from_json, self._process.asked(self._request))
        check_constants(record.learner, record.num_constants)
        return record

    def _read(self, decode: Callable[[Any], Any], answer: Any) -> Any:
        """What an answer stands for. A malformed one is no reason to run hooks unrecorded."""
        assert self._process is not None
        try:
            return decode(answer)
        except UnrecordableError as error:
            raise self._process.fault(f"answered what is no record: {error}") from error
