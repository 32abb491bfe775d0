"""Hard and easy tasks in turn."""

from dataclasses import dataclass

from plasticity_bench.streams.class_stream import ClassStream
from plasticity_bench.streams.stream import last_tenth
from plasticity_bench.streams.task import Task


@dataclass(frozen=True, kw_only=True)
class HardEasyClasses(ClassStream):
    """A task of several new classes, then a task of one, and so on; only hard tasks are scored.

    The "5+1 CIFAR-100" of Kumar et al. (2023), arXiv:2308.11958: an easy task, with a
    single class, lets the parameters move far from what the next hard task needs. There is one
    output for each class of the data set, and labels are the true ones. When too few classes are
    left for another pair of tasks, a new round of all classes begins.

    Attributes:
        hard_classes: classes of a hard task: the first, third, … task.
        easy_classes: classes of an easy task.
    """

    hard_classes: int = 5
    easy_classes: int = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check_counts("hard_classes", "easy_classes")

    def size(self, index: int) -> int:
        """Return how many examples task `index` has."""
        return self._num_classes(index) * self.class_size

    def scored_tasks(self) -> list[int]:
        """Return the last tenth of the hard tasks, at least one."""
        return last_tenth(range(0, self.num_tasks, 2))

    def task(self, seed: int, index: int) -> Task:
        """Return task `index`: new classes with their true labels."""
        both = self.hard_classes + self.easy_classes
        round_, pair = divmod(index // 2, self.all_classes // both)
        first = round_ * self.all_classes + pair * both + index % 2 * self.hard_classes
        return self.of_classes(seed, index, self.classes(seed, first, self._num_classes(index)))

    def _num_classes(self, index: int) -> int:
        return self.easy_classes if index % 2 else self.hard_classes
