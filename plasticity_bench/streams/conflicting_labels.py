"""Random labels with a ceiling: some examples occur twice, with two different labels."""

from dataclasses import dataclass

import numpy as np

from plasticity_bench.errors import BadInputError
from plasticity_bench.streams.random_labels import RandomLabels
from plasticity_bench.streams.task import Integers, Task


@dataclass(frozen=True, kw_only=True)
class ConflictingLabels(RandomLabels):
    """Random labels, where a share of each task's examples are pairs that differ in label only.

    A function of the inputs gives both examples of a pair the same class, so at most one of them
    is right: with p pairs among n examples no learner can exceed an accuracy of 1 - p / n, the
    `ceiling`, and looking up every input attains it. An accuracy above it would be an error of the
    benchmark. On data in which no two images are equal, such as digits, the ceiling is exact.

    Attributes:
        conflicting_share: share of a task's examples that are in such pairs, in [0, 1], rounded to
            a whole number of pairs.
    """

    conflicting_share: float = 0.5

    def __post_init__(self) -> None:
        share = self.conflicting_share
        if isinstance(share, bool) or not isinstance(share, int | float) or not 0 <= share <= 1:
            raise BadInputError(
                f"conflicting_share must be a number from 0 to 1, not {share!r}.",
                key="conflicting_share",
            )
        object.__setattr__(self, "conflicting_share", float(share))
        super().__post_init__()

    @property
    def num_pairs(self) -> int:
        """How many pairs of equal inputs a task has."""
        return int(self.conflicting_share * self.size(0) / 2)

    @property
    def ceiling(self) -> float:
        """The best accuracy that a function of the inputs attains on a task's examples."""
        return 1 - self.num_pairs / self.size(0)

    def examples(self, seed: int, index: int = 0) -> Integers:
        """Return the rows, (size,), of a task; those of pairs occur twice."""
        rows = super().examples(seed, index)[: self.size(0) - self.num_pairs]
        return np.insert(rows, self._places(), rows[: self.num_pairs])

    def drawn(self, rng: np.random.Generator) -> Integers:
        """Return a label for each distinct example, and for each pair how far apart its labels are.

        (size,): first the labels, then the differences, from 1 to classes - 1.
        """
        labels = rng.integers(self.num_outputs, size=self.size(0) - self.num_pairs)
        return np.concatenate([labels, rng.integers(1, self.num_outputs, size=self.num_pairs)])

    def task(self, seed: int, index: int) -> Task:
        """Return task `index`: random labels, of which those of pairs contradict each other."""
        assignment = self.assignment(seed, index)
        labels, apart = np.split(assignment, [self.size(0) - self.num_pairs])
        others = (labels[: self.num_pairs] + apart) % self.num_outputs
        return Task(self.examples(seed, index), np.insert(labels, self._places(), others))

    def _places(self) -> Integers:
        """Where second examples of pairs are inserted: evenly spread over the distinct ones.

        Measurements look at the first examples of a task, which thus have their share of pairs.
        """
        distinct = self.size(0) - self.num_pairs
        return np.arange(1, self.num_pairs + 1) * distinct // max(self.num_pairs, 1)
