"""The unit of results, and what is known of it before it is run."""

import json
import re
from collections.abc import Iterable
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
        return _hashed(_text(self.identity))

    @classmethod
    def of_seeds(
        cls, stream: str, learner: str, identity: dict[str, Any], seeds: Iterable[int]
    ) -> "tuple[Cell, ...]":
        """Return cells that differ in their seed only; what is in all their keys is read once.

        Args:
            stream: the stream's label.
            learner: the learner's label.
            identity: everything the results depend on but the seed.
            seeds: one for each cell.
        """
        before, after = _text({**identity, "seed": _SEED}).split(json.dumps(_SEED))
        cells = []
        for seed in seeds:
            cell = cls(stream, learner, seed, {**identity, "seed": seed})
            vars(cell)["key"] = _hashed(f"{before}{seed}{after}")  # where a cached property lies
            cells.append(cell)
        return tuple(cells)

    @property
    def address(self) -> Address:
        """Where it is looked for: the same work under two labels is done and stored twice."""
        return self.stream, self.learner, self.key


_SEED = "\x00"
"""Stands for a seed in a text; no label and no parameter holds such a character."""


def _text(identity: dict[str, Any]) -> str:
    return json.dumps({"format": FORMAT, **identity}, sort_keys=True)


def _hashed(text: str) -> str:
    return sha256(text.encode()).hexdigest()


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
