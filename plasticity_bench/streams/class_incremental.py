"""Tasks with a growing number of classes."""

from dataclasses import dataclass

from plasticity_bench.errors import BadInputError
from plasticity_bench.streams.class_stream import ClassStream
from plasticity_bench.streams.task import Task


@dataclass(frozen=True, kw_only=True)
class ClassIncremental(ClassStream):
    """Every task adds new classes to all those before, and trains on all of them.

    The class-incremental CIFAR-100 of Dohare et al. (2024), doi:10.1038/s41586-024-07711-7. A task
    lasts a number of passes over its data, so later tasks have more updates. Labels are the true
    ones, and all classes of the data set have an output from the start.

    Attributes:
        classes_per_task: classes that each task adds.
        epochs: passes over a task's data; the updates of a task are rounded up.
    """

    classes_per_task: int = 5
    epochs: int = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check_counts("classes_per_task", "epochs")

    def size(self, index: int) -> int:
        """Return how many examples task `index` has."""
        return self._num_classes(index) * self.class_size

    def updates(self, index: int) -> int:
        """Return how many updates task `index` is trained for."""
        return -(-self.epochs * self.size(index) // self.batch_size)

    def task(self, seed: int, index: int) -> Task:
        """Return task `index`: all classes so far, with their true labels."""
        return self.of_classes(seed, index, self.classes(seed, 0, self._num_classes(index)))

    def _num_classes(self, index: int) -> int:
        total = (index + 1) * self.classes_per_task
        if total > self.all_classes:
            raise BadInputError(
                f"{self.num_tasks} tasks of {self.classes_per_task} classes are more than the "
                f"{self.all_classes} of {self.dataset}.",
                key="num_tasks",
            )
        return total
