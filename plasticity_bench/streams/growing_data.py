"""Tasks with a growing amount of data, whose labels become clean."""

import math
from dataclasses import dataclass, replace
from typing import Self

from plasticity_bench.errors import BadInputError
from plasticity_bench.streams.dataset_stream import DatasetStream
from plasticity_bench.streams.task import Task


@dataclass(frozen=True, kw_only=True)
class GrowingData(DatasetStream):
    """Data arrive in portions; every task trains on all that has arrived, with some wrong labels.

    Two portions with true labels are the warm start of Ash and Adams (2020), arXiv:1910.08475;
    portions under ever cleaner labels are the streams of Lee et al. (2024), arXiv:2406.02596. The
    last task is scored: it has all the data. A task lasts a number of passes over its data.

    Attributes:
        shares: of the data that each task adds, in (0, 1], together at most 1.
        label_noise: share of each task's examples whose label is wrong: another class, uniformly,
            drawn anew for each task. One number for each task, in [0, 1].
        epochs: passes over a task's data; the updates of a task are rounded up.
    """

    num_tasks: int = 2
    shares: tuple[float, ...] = (0.5, 0.5)
    label_noise: tuple[float, ...] = (0.0, 0.0)
    epochs: int = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check_counts("epochs")
        for name, positive in (("shares", True), ("label_noise", False)):
            values = getattr(self, name)
            if not isinstance(values, list | tuple) or not all(
                isinstance(v, int | float) and 0 <= v <= 1 and (v > 0 or not positive)
                for v in values
            ):
                range_ = "(0, 1]" if positive else "[0, 1]"
                raise BadInputError(f"{name} must be numbers in {range_}, not {values}.", key=name)
            object.__setattr__(self, name, tuple(map(float, values)))
        if sum(self.shares) > 1 + 1e-9:
            raise BadInputError(
                f"shares add up to {sum(self.shares):g}, more than all the data.", key="shares"
            )
        if not len(self.shares) == len(self.label_noise) == self.num_tasks:
            raise BadInputError(
                f"shares and label_noise need one number for each of the {self.num_tasks} tasks.",
                key="shares",
            )

    def size(self, index: int) -> int:
        """Return how many examples task `index` has."""
        return max(1, round(sum(self.shares[: index + 1]) * super().size(index)))

    def updates(self, index: int) -> int:
        """Return how many updates task `index` is trained for."""
        return math.ceil(self.epochs * self.size(index) / self.batch_size)

    def first(self, num_tasks: int) -> Self:
        """Return the stream of the first tasks; of all, if there are no more."""
        number = min(num_tasks, self.num_tasks)
        parts = {name: getattr(self, name)[:number] for name in ("shares", "label_noise")}
        return replace(self, num_tasks=number, **parts)

    def scored_tasks(self) -> list[int]:
        """Return the last task."""
        return [self.num_tasks - 1]

    def task(self, seed: int, index: int) -> Task:
        """Return task `index`: all data so far."""
        rng = self.rng(seed, index)
        # In random order, as the examples of every task: measurements look at the first.
        examples = rng.permutation(self.examples(seed)[: self.size(index)])
        labels = self.data.labels[examples]
        wrong = rng.permutation(len(labels))[: int(self.label_noise[index] * len(labels))]
        others = rng.integers(1, self.num_outputs, size=len(wrong))
        labels[wrong] = (labels[wrong] + others) % self.num_outputs
        return Task(examples, labels, test=self.held_out())
