"""A run: one learner on one stream with one seed, and the key that its results are found by."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from typing import Any, NamedTuple

FORMAT = 1
"""Version of the layout on disk; part of every key."""

FINISHED = ("complete", "diverged")
"""Statuses of runs that have results."""

OWN_FRESH = " (own fresh)"
"""Ends the label of a learner's own fresh copy, which restarts at each scored task."""

_SEED = "\x00"
"""Stands for a seed in a text; no label and no parameter holds such a character."""


class LearnerOnStream(NamedTuple):
    """The labels of a stream and of a learner: the runs that differ in their seed."""

    stream: str
    learner: str


class Address(NamedTuple):
    """Where a run is looked for: the same work under two labels is done and stored twice."""

    stream: str
    learner: str
    key: str


@dataclass(frozen=True)
class Run:
    """One learner on one stream with one seed.

    Attributes:
        stream: the stream's label in its suite.
        learner: the learner's label.
        seed: of the replica.
        identity: everything that the result depends on, as JSON values.
    """

    stream: str
    learner: str
    seed: int
    identity: dict[str, Any]

    @cached_property
    def key(self) -> str:
        """sha256 of the identity: results are found by it and by nothing else."""
        return _hashed(_text(self.identity))

    @property
    def address(self) -> Address:
        """Labels and key."""
        return Address(self.stream, self.learner, self.key)

    @property
    def group(self) -> LearnerOnStream:
        """Labels of stream and learner."""
        return LearnerOnStream(self.stream, self.learner)

    @property
    def is_own_fresh(self) -> bool:
        """Whether it is a run of a learner's own fresh copy."""
        protocol = self.identity.get("protocol")
        return isinstance(protocol, dict) and protocol.get("restarts") is True

    @classmethod
    def of_seeds(
        cls, stream: str, learner: str, identity: dict[str, Any], seeds: Iterable[int]
    ) -> "tuple[Run, ...]":
        """Return runs that differ in their seed only; the shared part of the keys is made once.

        Args:
            stream: the stream's label.
            learner: the learner's label.
            identity: everything that the results depend on, except for the seed.
            seeds: one for each run.
        """
        before, after = _text({**identity, "seed": _SEED}).split(json.dumps(_SEED))
        runs = []
        for seed in seeds:
            run = cls(stream, learner, seed, {**identity, "seed": seed})
            vars(run)["key"] = _hashed(f"{before}{seed}{after}")  # the cached property's storage
            runs.append(run)
        return tuple(runs)


@dataclass(frozen=True)
class Row:
    """One measured number of one run.

    Attributes:
        task: index of the task.
        when: "start", "during" or "end" of the task.
        name: of the measurement.
        value: NaN where the measurement does not exist.
    """

    task: int
    when: str
    name: str
    value: float


def own_fresh_label(learner: str) -> str:
    """Return the label of a learner's own fresh copy."""
    return f"{learner}{OWN_FRESH}"


def file_name(label: str) -> str:
    """Return a label as a file name that every system accepts; labels may share one.

    >>> file_name("my_module:Learner strength=0.1"), file_name("../../etc")
    ('my_module_Learner_strength=0.1', '__.._etc')
    """
    return re.sub(r"[^\w.=,+-]+|^\.+", "_", label)[:80]


def _text(identity: dict[str, Any]) -> str:
    return json.dumps({"format": FORMAT, **identity}, sort_keys=True)


def _hashed(text: str) -> str:
    return sha256(text.encode()).hexdigest()
