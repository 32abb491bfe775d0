"""Learners with their hyperparameters, under the names that tables show."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from plasticity_bench.errors import BadInputError, did_you_mean
from plasticity_bench.learners.learner import Learner
from plasticity_bench.learners.lookup import find_learner
from plasticity_bench.suite.suite_file import LearnerEntry


@dataclass(frozen=True)
class Contender:
    """A learner with its hyperparameters, under the name that the table shows.

    Attributes:
        label: unique within a suite.
        learner: the class with its hyperparameters set.
        by_stream: by a stream's label, the learner with the hyperparameters it has there, if they
            are others.
        tuned: whether a search may choose its hyperparameters.
        held: hyperparameters that a search leaves as they are.
    """

    label: str
    learner: Learner
    by_stream: Mapping[str, Learner] = field(default_factory=dict)
    tuned: bool = True
    held: frozenset[str] = frozenset()

    def on(self, stream: str) -> "Contender":
        """Return the contender as it is on one stream, given by its label."""
        return replace(self, learner=self.by_stream.get(stream, self.learner), by_stream={})


def contender(entry: LearnerEntry, streams: Sequence[str]) -> Contender:
    """Return what a suite's file says of one learner.

    Args:
        entry: of the file.
        streams: labels of the suite's streams.

    Raises:
        BadInputError: if there is no such learner, hyperparameter or stream.
    """
    make = find_learner(entry.name)
    learner = make(**entry.hyperparameters)
    by_stream = {}
    for label, settings in entry.streams.items():
        if label not in streams:
            hint = did_you_mean(label, streams)
            raise BadInputError(f"{entry.name} has settings for {label!r}, no stream. {hint}")
        by_stream[label] = make(**{**entry.hyperparameters, **settings})
    return Contender(entry.label or entry.name, learner, by_stream, entry.tuned)


def with_learners(
    own: Sequence[Contender], references: Sequence[str], hyperparameters: dict[str, Any]
) -> tuple[Contender, ...]:
    """Return the contenders of the given learners that are not there already.

    Args:
        own: of a suite; they keep their labels.
        references: baselines' names or `module:Class`.
        hyperparameters: set on each of them.
    """
    added: list[Contender] = []
    for reference in references:
        settings = ",".join(f"{name}={value}" for name, value in hyperparameters.items())
        label = f"{reference} {settings}".strip()
        learner = find_learner(reference)(**hyperparameters)
        same = [c for c in (*own, *added) if _same(c.learner, learner)]
        if same:
            continue
        taken = {c.label for c in (*own, *added)}
        if label in taken:  # the suite has it under other settings: say that these are its defaults
            label = f"{label} defaults"
        added.append(Contender(label, learner))
    return tuple(added)


def _same(one: Learner, other: Learner) -> bool:
    return type(one) is type(other) and one.hyperparameters() == other.hyperparameters()
