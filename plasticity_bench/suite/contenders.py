"""Contenders: learners with their hyperparameters, under the names that tables show."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from plasticity_bench.errors import BadInputError, did_you_mean
from plasticity_bench.learners import hyperparameters
from plasticity_bench.learners.learner import Learner
from plasticity_bench.names import check_name
from plasticity_bench.recording.users_learners import declared_learner
from plasticity_bench.results import TUNED
from plasticity_bench.results.run import OWN_FRESH
from plasticity_bench.suite.suite_file import LearnerEntry


@dataclass(frozen=True)
class Contender:
    """A learner with its hyperparameters, under the name that tables show.

    Attributes:
        label: unique within a suite.
        learner: the learner with its hyperparameters.
        by_stream: by a stream's label, the learner with the hyperparameters that it has there, if
            they differ.
        tuned: whether a search may choose its hyperparameters.
        held: hyperparameters that a search leaves as they are.
        origin: "file" and "sha256" of the search that its hyperparameters come from.
    """

    label: str
    learner: Learner
    by_stream: Mapping[str, Learner] = field(default_factory=dict)
    tuned: bool = True
    held: frozenset[str] = frozenset()
    origin: Mapping[str, str] | None = None

    def __post_init__(self) -> None:
        check_name(self.label, "The label", "label")
        if self.label.endswith(OWN_FRESH):
            raise BadInputError(
                f"The label {self.label!r} ends as those of learners' own fresh copies do: give "
                "another.",
                "label",
            )

    def on(self, stream: str) -> "Contender":
        """Return the contender as it is on one stream, given by its label."""
        return replace(self, learner=self.by_stream.get(stream, self.learner), by_stream={})


def contender(entry: LearnerEntry, streams: Sequence[str]) -> Contender:
    """Return the contender that a suite's file describes.

    Args:
        entry: of the file.
        streams: labels of the suite's streams.

    Raises:
        BadInputError: if there is no such learner, hyperparameter or stream.
    """
    learner = _learner(entry.name, entry.hyperparameters)
    by_stream = {}
    for label, settings in entry.streams.items():
        if label not in streams:
            hint = did_you_mean(label, streams)
            raise BadInputError(f"{entry.name} has settings for {label!r}, not a stream. {hint}")
        by_stream[label] = learner.replaced(settings)
    return Contender(entry.label or entry.name, learner, by_stream, entry.tuned)


def with_learners(
    existing: Sequence[Contender], references: Sequence[str], settings: Mapping[str, Any]
) -> tuple[Contender, ...]:
    """Return the contenders of the given learners that are not among the existing ones.

    Args:
        existing: of a suite; they keep their labels.
        references: baselines' names or `module:Class`.
        settings: hyperparameters of each of them.

    Raises:
        BadInputError: if there is no such learner or hyperparameter.
    """
    added: list[Contender] = []
    for reference in references:
        learner = _learner(reference, settings)
        if any(_same(contender.learner, learner) for contender in (*existing, *added)):
            continue
        given = hyperparameters.canonical(type(learner), settings)
        shown = ",".join(f"{name}={value}" for name, value in given.items())
        label = f"{reference} {shown}".strip()
        if label in {contender.label for contender in (*existing, *added)}:
            label = f"{label} defaults"  # the suite has it under other settings
        added.append(Contender(label, learner))
    return tuple(added)


def class_of(label: str, contenders: Sequence[Contender]) -> type[Learner]:
    """Return the class of the learner whose results have a label.

    Args:
        label: of one of the contenders, or as `with_learners` makes it.
        contenders: of the suite.

    Raises:
        BadInputError: if there is no such learner.
    """
    for one in contenders:
        if one.label == label.removesuffix(TUNED):
            return type(one.learner)
    return declared_learner(label.split(" ", maxsplit=1)[0])


def _learner(reference: str, settings: Mapping[str, Any]) -> Learner:
    return declared_learner(reference)(**settings)


def _same(one: Learner, other: Learner) -> bool:
    return type(one) is type(other) and one.hyperparameters() == other.hyperparameters()
