"""What a stream of tasks is: the base class and the task it yields."""

import hashlib
from abc import ABC, abstractmethod
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from plasticity_bench import data
from plasticity_bench.errors import BadInputError
from plasticity_bench.seeding import Branch, generator

Integers = NDArray[np.int64]

MAX_DRAWN = 10**8
"""Examples that one task may draw, so that a slip in a suite is not answered by a full memory."""

MAX_HASHED = 16
"""Tasks that a stream's fingerprint covers."""


@dataclass(frozen=True)
class Task:
    """One fixed data set, as references into a shared one: no image is copied.

    Attributes:
        examples: (n,), rows of the data set.
        targets: (n,), the class that each example has in this task.
        input_permutation: (pixels,), the order in which an example's flattened pixels are read, or
            None to read them as they are.
    """

    examples: Integers
    targets: Integers
    input_permutation: Integers | None = None

    @property
    def chance(self) -> float:
        """Accuracy of the best constant prediction: the share of the commonest target."""
        return float(np.bincount(self.targets).max() / len(self.targets))


@dataclass(frozen=True, kw_only=True)
class Stream(ABC):
    """A sequence of tasks with a fixed protocol.

    `task(seed, index)` is a pure function: any task of any seed can be made alone, and two
    learners with the same seed see exactly the same tasks and batches.

    Attributes:
        dataset: name of the data set the tasks are made of.
        num_tasks: how many tasks there are.
        updates_per_task: how many gradient steps each task is trained for.
        batch_size: examples in one mini-batch.
        num_examples: size of the subset a seed draws and keeps for all its tasks; None for all.
    """

    dataset: str = "digits"
    num_tasks: int = 30
    updates_per_task: int = 200
    batch_size: int = 32
    num_examples: int | None = None

    def __post_init__(self) -> None:
        for name in ("num_tasks", "updates_per_task", "batch_size", "num_examples"):
            value = getattr(self, name)
            if value is None and name == "num_examples":
                continue
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise BadInputError(
                    f"{name} must be a whole number of at least 1, not {value!r}.", key=name
                )
        if self.updates_per_task * self.batch_size > MAX_DRAWN:
            raise BadInputError(
                f"updates_per_task x batch_size is more than {MAX_DRAWN:,}, the most that one task "
                "may draw.",
                key="batch_size",
            )
        if not isinstance(self.dataset, str):
            raise BadInputError(f"dataset must be a name, not {self.dataset!r}.", key="dataset")

    @abstractmethod
    def task(self, seed: int, index: int) -> Task:
        """Return task `index` (from 0) of a seed."""

    @property
    def data(self) -> data.Dataset:
        """The data set behind the tasks, loaded once in a process.

        Raises:
            BadInputError: if it does not exist, or holds fewer examples than `num_examples`.
        """
        loaded = data.load(self.dataset)
        available = len(loaded.labels)
        if self.num_examples is not None and self.num_examples > available:
            raise BadInputError(
                f"num_examples is {self.num_examples}, but {self.dataset} has only {available}.",
                key="num_examples",
            )
        return loaded

    @property
    def task_size(self) -> int:
        """Number of examples in one task."""
        return self.num_examples or len(self.data.labels)

    def examples(self, seed: int) -> Integers:
        """Return the rows, (task_size,), that a seed draws once and keeps for all its tasks."""
        drawn = generator(seed, Branch.EXAMPLES).permutation(len(self.data.labels))
        return drawn[: self.task_size]

    def rng(self, seed: int, index: int) -> np.random.Generator:
        """Return the generator from which task `index` of a seed draws what is new in it."""
        return generator(seed, Branch.TASK, index)

    def batches(self, seed: int, index: int) -> Integers:
        """Return which of the task's examples each update sees, (updates_per_task, batch_size).

        Epochs are shuffled independently and laid end to end; a batch may span two of them, so no
        example is ever left out.
        """
        needed = self.updates_per_task * self.batch_size
        rng = generator(seed, Branch.BATCHES, index)
        epochs = -(-needed // self.task_size)
        order = np.concatenate([rng.permutation(self.task_size) for _ in range(epochs)])
        return order[:needed].reshape(self.updates_per_task, self.batch_size)

    def parameters(self) -> dict[str, object]:
        """Return every parameter and its value, as a suite's YAML would give them."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def fingerprint(self) -> str:
        """sha256 of the data and of tasks of seed 0 with their batches: up to 16, first and last.

        An edited stream, or another version of numpy's generators, shows here in all likelihood,
        and so in the keys of results.
        """
        digest = hashlib.sha256(self.data.fingerprint.encode())
        covered = np.linspace(0, self.num_tasks - 1, min(self.num_tasks, MAX_HASHED)).astype(int)
        for index in covered.tolist():
            task = self.task(0, index)
            for array in (
                task.examples,
                task.targets,
                task.input_permutation,
                self.batches(0, index),
            ):
                digest.update(b"-" if array is None else np.asarray(array, dtype="<i8").tobytes())
        return digest.hexdigest()
