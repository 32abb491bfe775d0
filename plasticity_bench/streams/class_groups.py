"""Tasks of a few classes each."""

from dataclasses import dataclass, replace

import numpy as np

from plasticity_bench.streams.class_stream import ClassStream
from plasticity_bench.streams.task import Integers, Task


@dataclass(frozen=True, kw_only=True)
class ClassGroups(ClassStream):
    """Every task classifies a few new classes, always with the same few outputs.

    Pairs of ImageNet classes are the continual ImageNet of Dohare et al. (2021),
    arXiv:2108.06325. No class returns before all have been seen; classes left over at the end
    of a round, too few for a group, are skipped.

    Attributes:
        classes_per_task: how many classes make a task, and how many outputs there are.
    """

    classes_per_task: int = 2

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check_counts("classes_per_task")

    @property
    def num_outputs(self) -> int:
        """How many classes make a task."""
        return self.classes_per_task

    def size(self, index: int) -> int:
        """Return how many examples task `index` has."""
        return self.classes_per_task * self.class_size

    def task(self, seed: int, index: int) -> Task:
        """Return task `index`: its classes, named 0, 1, … in the order they were drawn."""
        groups = self.all_classes // self.classes_per_task
        first = index // groups * self.all_classes + index % groups * self.classes_per_task
        classes = self.classes(seed, first, self.classes_per_task)
        task = self.of_classes(seed, index, classes)

        def renamed(labels: Integers) -> Integers:
            return np.argsort(classes)[np.searchsorted(np.sort(classes), labels)]

        test = task.test and replace(task.test, targets=renamed(task.test.targets))
        return replace(task, targets=renamed(task.targets), test=test)
