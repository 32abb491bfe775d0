"""Streams whose tasks differ in one assignment: of labels, class names or places of pixels."""

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from plasticity_bench.errors import BadInputError
from plasticity_bench.streams.dataset_stream import DatasetStream
from plasticity_bench.streams.task import Integers
from plasticity_bench.streams.walk import Arrays, walked


@dataclass(frozen=True, kw_only=True)
class ChangingStream(DatasetStream):
    """A stream whose tasks are a random assignment over a data set, all new or changed in part.

    Attributes:
        distinct_tasks: number of distinct tasks, after which they come again in the same order, so
            that task i is task i mod distinct_tasks, in other batches; 1 is a stationary stream.
            None, the default, if no task comes again.
        changed_share: share of the assignment that changes from one task to the next, in (0, 1].
            1, the default, draws a new one. A permutation changes by one cycle through a random
            subset, rounded to a whole number of at least 2. When tasks come again, the first of
            them differs from the last by all the changes between them.
    """

    distinct_tasks: int | None = None
    changed_share: float = 1.0

    fewest_changed: ClassVar[int] = 2
    """The smallest number of entries that can change: a permutation moves at least two."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.distinct_tasks is not None:
            self._check_counts("distinct_tasks")
        share = self.changed_share
        if isinstance(share, bool) or not isinstance(share, int | float) or not 0 < share <= 1:
            raise BadInputError(
                f"changed_share must be a number above 0 and at most 1, not {share!r}.",
                key="changed_share",
            )
        object.__setattr__(self, "changed_share", float(share))
        if share < 1 and self.num_changed < self.fewest_changed:
            raise BadInputError(
                f"changed_share is {share:g} of {self.num_assigned}, rounded {self.num_changed}, "
                f"but at least {self.fewest_changed} must change.",
                key="changed_share",
            )

    def parameters(self) -> dict[str, object]:
        """Return every parameter and its value, as in a suite's YAML.

        Without `distinct_tasks` and `changed_share` where they are at their defaults: they were
        added later, and keys of earlier results stay valid.
        """
        parameters = super().parameters()
        for name, default in (("distinct_tasks", None), ("changed_share", 1.0)):
            if parameters[name] == default:
                del parameters[name]
        return parameters

    @property
    def is_stationary(self) -> bool:
        """Whether all tasks are the same on purpose."""
        return self.distinct_tasks == 1

    @property
    @abstractmethod
    def num_assigned(self) -> int:
        """How many entries an assignment has: examples, classes or pixels."""

    @property
    def num_changed(self) -> int:
        """How many entries of it change from one task to the next, unless all do."""
        return round(self.changed_share * self.num_assigned)

    @abstractmethod
    def new_assignment(self, seed: int, index: int) -> Integers:
        """Return a whole assignment, (num_assigned,), drawn for task `index`."""

    def changed_assignment(self, before: Integers, seed: int, index: int) -> Integers:
        """Return task `index`'s assignment, a share of that of the task before it changed."""
        return cycled(before, self.num_changed, self.rng(seed, index))

    def distinct(self, index: int) -> int:
        """Return the index of the first task that is the same as task `index`."""
        return index if self.distinct_tasks is None else index % self.distinct_tasks

    def examples(self, seed: int, index: int = 0) -> Integers:
        """Return the rows, (size,), in random order, that task `index` of a seed is made of."""
        return super().examples(seed, self.distinct(index))

    def assignment(self, seed: int, index: int) -> Integers:
        """Return the assignment, (num_assigned,), of task `index` of a seed."""
        index = self.distinct(index)
        if self.changed_share == 1:
            return self.new_assignment(seed, index)
        return walked(self, seed, range(index + 1))[0]

    def first_state(self, seed: int, index: int) -> Arrays:
        """Return the assignment of the task that partial changes begin with."""
        return (self.new_assignment(seed, index),)

    def next_state(self, before: Arrays, seed: int, index: int) -> Arrays:
        """Return the assignment of task `index`, given that of the task before."""
        return (self.changed_assignment(before[0], seed, index),)

    def _check_partial_labels(self) -> None:
        """Refuse labels that change in part while examples change as a whole."""
        if self.changed_share < 1 and self.new_examples:
            raise BadInputError(
                "changed_share below 1 needs new_examples: false, because labels of new examples "
                "are all new.",
                key="changed_share",
            )


def cycled(values: Integers, count: int, rng: np.random.Generator) -> Integers:
    """Return values with `count` of them, drawn at random, moved along one random cycle.

    Every one of them moves; with all values distinct, exactly `count` places change.
    """
    places = rng.permutation(len(values))[:count]
    moved = values.copy()
    moved[places] = values[np.roll(places, 1)]
    return moved
