"""From a suite to the groups of runs that it consists of."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from plasticity_bench.errors import BadInputError
from plasticity_bench.evaluation import version
from plasticity_bench.evaluation.protocol import Protocol
from plasticity_bench.learners.submitted import AnyLearner, is_submitted, submitted
from plasticity_bench.networks.own import find_network
from plasticity_bench.results.run import Run
from plasticity_bench.source_code.source import source_of
from plasticity_bench.source_code.unseen import unseen_by
from plasticity_bench.standard_output import kept_for_data
from plasticity_bench.suite.contenders import Contender
from plasticity_bench.suite.suite import Suite, SuiteStream


@dataclass(frozen=True)
class Group:
    """Runs that can be one population: one stream, one class of learner, several seeds.

    Attributes:
        suite_stream: the stream, and the network for it.
        label: of the learner.
        protocol: what is measured, and when.
        runs: what is to be computed.
        learners: of each run, the learner with its hyperparameters.
        tuned: "file" and "sha256" of the search that its settings come from, stored with each run.
        checkpoint: where its progress is stored, if it was begun before.
    """

    suite_stream: SuiteStream
    label: str
    protocol: Protocol
    runs: tuple[Run, ...]
    learners: tuple[AnyLearner, ...]
    tuned: Mapping[str, str] | None = None
    checkpoint: Path | None = None

    def __getstate__(self) -> dict[str, object]:
        """What another process is given: no class of a user's, whose module it would import."""
        learners = tuple(submitted(one, self.suite_stream.network) for one in self.learners)
        return {**vars(self), "learners": learners}

    @property
    def has_user_code(self) -> bool:
        """Whether its learner or its network is a user's, which another process records."""
        return is_submitted(self.learners[0], self.suite_stream.network)

    @property
    def tasks(self) -> list[int]:
        """The tasks that its replicas are trained on."""
        stream = self.suite_stream.stream
        return self.protocol.trained_tasks(stream.num_tasks, stream.scored_tasks())

    @property
    def num_updates(self) -> int:
        """Updates of one of its runs."""
        return sum(map(self.suite_stream.stream.updates, self.tasks))

    @property
    def notes(self) -> dict[str, object]:
        """What is stored with each run, and does not change its result."""
        return {"tuned": self.tuned} if self.tuned else {}

    @property
    def differing(self) -> list[str]:
        """Names of the hyperparameters that are not the same in all runs."""
        first, *others = (learner.hyperparameters() for learner in self.learners)
        return [name for name in first if any(other[name] != first[name] for other in others)]

    def part(self, indices: Sequence[int]) -> "Group":
        """Return the group of some of its runs, given by their indices."""
        runs = tuple(self.runs[index] for index in indices)
        return replace(self, runs=runs, learners=tuple(self.learners[i] for i in indices))

    def only(self, runs: Iterable[Run]) -> "Group":
        """Return the group of those of its runs that are among `runs`."""
        keys = {run.key for run in runs}
        return self.part([i for i, run in enumerate(self.runs) if run.key in keys])


@kept_for_data()
def plan(suite: Suite, contenders: Iterable[Contender], seeds: range) -> list[Group]:
    """Return every group of a suite, finished or not, in the order of `contenders`.

    Raises:
        BadInputError: if two contenders have one label: results are found and shown by it. That of
            an added or a tuned learner can be one that the suite's file gives to another.
    """
    contenders = tuple(contenders)
    labels = [contender.label for contender in contenders]
    for label in labels:
        if labels.count(label) > 1:
            raise BadInputError(
                f"Two learners are called {label!r}: give the one in the file of {suite.name} "
                "another `label`."
            )
    (reference,) = (c for c in suite.contenders if c.label == suite.reference)
    identities = {entry.label: _stream_identity(entry) for entry in suite.streams}
    classes = {type(learner) for c in contenders for learner in (c.learner, *c.by_stream.values())}
    sources = {cls: source_of(cls).identity() for cls in classes}
    groups = []
    for contender in contenders:
        is_control = type(contender.learner) is type(reference.learner)
        protocol = protocol_of(suite, is_control=is_control)
        for suite_stream in suite.streams:
            learner = contender.on(suite_stream.label).learner
            identity = {
                **identities[suite_stream.label],
                "learner": {
                    "class": type(learner).__name__,
                    **sources[type(learner)],
                    "hyperparameters": learner.hyperparameters(),
                },
                "protocol": protocol.identity(),
                "evaluator": version.VERSION,
            }
            runs = Run.of_seeds(suite_stream.label, contender.label, identity, seeds)
            learners = (learner,) * len(runs)
            groups.append(
                Group(
                    suite_stream,
                    contender.label,
                    protocol,
                    runs,
                    learners,
                    tuned=contender.origin,
                )
            )
    return groups


def protocol_of(suite: Suite, *, is_control: bool) -> Protocol:
    """Return the protocol of a learner: the reference knows the boundaries between tasks."""
    return replace(suite.protocol, reveal_boundaries=True) if is_control else suite.protocol


def all_runs(groups: Iterable[Group]) -> list[Run]:
    """Return the runs of some groups."""
    return [run for group in groups for run in group.runs]


def without_boundaries(groups: Sequence[Group]) -> list[str]:
    """Return a sentence for each learner that acts at task boundaries, which the suite hides."""
    labels = [
        group.label
        for group in groups
        if group.learners[0].overrides("begin_task")
        and not (group.protocol.reveal_boundaries or group.protocol.restarts)
    ]
    return [
        f"{label}: its begin_task is never called, because this suite hides task boundaries."
        for label in dict.fromkeys(labels)
    ]


def not_in_keys(groups: Iterable[Group]) -> list[str]:
    """Return a sentence for each learner, stream and network that depends on what no key covers."""
    labels: dict[type | Callable[..., Any], str] = {}
    for group in groups:
        labels.setdefault(type(group.learners[0]), group.label)
        labels.setdefault(type(group.suite_stream.stream), group.suite_stream.label)
        network = group.suite_stream.network
        if network.is_own:
            labels.setdefault(find_network(network.name), network.name)
    unseen = {label: unseen_by(cls) for cls, label in labels.items()}
    return [
        f"{label}: {'; '.join(map(str, lines))}: if what is read or changed there differs, results "
        "keep their key and are not computed again."
        for label, lines in unseen.items()
        if lines
    ]


def _stream_identity(suite_stream: SuiteStream) -> dict[str, object]:
    stream = {
        "id": suite_stream.id,
        "parameters": suite_stream.stream.parameters(),
        "fingerprint": suite_stream.stream.fingerprint(),
        **source_of(type(suite_stream.stream)).identity(),
    }
    return {"stream": stream, "network": suite_stream.network.identity()}
