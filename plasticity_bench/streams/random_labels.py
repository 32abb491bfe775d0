"""Random labels, drawn again for every task."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from plasticity_bench.streams.changing_stream import ChangingStream
from plasticity_bench.streams.task import Integers, Task


@dataclass(frozen=True, kw_only=True)
class RandomLabels(ChangingStream):
    """Every task gives each example a new label, independent and uniform over the classes.

    Nothing carries over from task to task: this is memorisation, and measures trainability only.
    Lyle et al. (2023), arXiv:2303.01486; Kumar et al. (2023), arXiv:2308.11958. With a
    `changed_share` below 1, the labels of a random share of the examples are drawn again, and may
    come out the same.
    """

    fewest_changed: ClassVar[int] = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check_partial_labels()

    @property
    def num_assigned(self) -> int:
        """How many examples a task has."""
        return self.size(0)

    def new_assignment(self, seed: int, index: int) -> Integers:
        """Return a label for each example."""
        return self.drawn(self.rng(seed, index))

    def changed_assignment(self, before: Integers, seed: int, index: int) -> Integers:
        """Return labels of which a share is drawn again."""
        rng = self.rng(seed, index)
        labels = before.copy()
        chosen = rng.permutation(len(labels))[: self.num_changed]
        labels[chosen] = self.drawn(rng)[chosen]
        return labels

    def drawn(self, rng: np.random.Generator) -> Integers:
        """Return an assignment, (num_assigned,), from a generator."""
        return rng.integers(self.num_outputs, size=self.size(0))

    def task(self, seed: int, index: int) -> Task:
        """Return task `index`: the seed's examples with new labels."""
        return Task(self.examples(seed, index), self.assignment(seed, index))
