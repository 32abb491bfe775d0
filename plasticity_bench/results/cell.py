"""The unit of results, and what is known of it before it is run."""

import json
import re
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from typing import Any

FORMAT = 1
"""Version of the layout and of what the measurements mean; part of every key."""

FINISHED = ("complete", "diverged")
"""Statuses of cells that have results."""


Address = tuple[str, str, str]
"""A stream's label, a learner's, and a key."""


@dataclass(frozen=True)
class Cell:
    """The unit of results: one stream x one learner configuration x one seed.

    Attributes:
        stream: the stream's label in its suite.
        learner: the learner's label.
        seed: the member's seed.
        identity: everything the result depends on, as JSON values.
    """

    stream: str
    learner: str
    seed: int
    identity: dict[str, Any]

    @cached_property
    def key(self) -> str:
        """sha256 of the identity: results are found again by it and by nothing else."""
        text = json.dumps({"format": FORMAT, **self.identity}, sort_keys=True)
        return sha256(text.encode()).hexdigest()

    @property
    def address(self) -> Address:
        """Where it is looked for: the same work under two labels is done and stored twice."""
        return self.stream, self.learner, self.key


@dataclass(frozen=True)
class Row:
    """One measured number of one member."""

    task: int
    when: str
    name: str
    value: float


def plain(label: str) -> str:
    """Return a label as a file name that every system can hold; keys tell equal ones apart.

    >>> plain("my_module:Learner strength=0.1"), plain("../../etc")
    ('my_module_Learner_strength=0.1', '__.._etc')
    """
    return re.sub(r"[^\w.=,+-]+|^\.+", "_", label)[:80]
