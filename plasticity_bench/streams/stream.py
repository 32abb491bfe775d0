"""The base class of streams: a sequence of tasks with a fixed protocol."""

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields, replace
from types import MemberDescriptorType
from typing import Any, ClassVar, Self

import numpy as np

from plasticity_bench.errors import BadInputError
from plasticity_bench.seeding import Branch, generator
from plasticity_bench.source_code.source import source_of
from plasticity_bench.streams.task import Floats, Integers, Task

MAX_DRAWN = 10**8
"""Examples that one task may draw, so that a slip in a suite is not answered by a full memory."""

MAX_TASKS = 10**6
"""The largest number of tasks of a stream; each is checked before anything runs."""

MAX_HASHED = 16
"""Tasks that a stream's fingerprint covers."""


@dataclass(frozen=True, kw_only=True)
class Stream(ABC):
    """A sequence of tasks with a fixed protocol.

    `task(seed, index)` is a pure function: any task of any seed can be made by itself, and two
    learners with the same seed see exactly the same tasks and batches. Most streams are made of a
    data set and subclass `DatasetStream`; one that makes its inputs itself subclasses this.

    Attributes:
        regression: whether targets are values, learnt by squared error, rather than classes.
        target: the task metric, accuracy or R squared, at which a task counts as learnt: the time
            to reach it is measured in updates. None where it is not measured.
        resets_head: whether the network's last layer is set to zero before every task but the
            first: part of some published protocols.
        num_tasks: how many tasks there are.
        updates_per_task: how many gradient steps each task is trained for.
        batch_size: examples in one mini-batch.
        transition: number of updates at the start of each task but the first in which examples
            still come from the previous task, with a probability that falls linearly from 1 to 0.
            0, the default, is an abrupt change.
    """

    regression: ClassVar[bool] = False
    target: ClassVar[float | None] = 0.9

    num_tasks: int = 30
    updates_per_task: int = 200
    batch_size: int = 32
    transition: int = 0
    resets_head: bool = False

    def __post_init__(self) -> None:
        self._check_defaults()
        self._check_counts("num_tasks", "updates_per_task", "batch_size")
        if self.num_tasks > MAX_TASKS:
            raise BadInputError(
                f"num_tasks is {self.num_tasks}; a stream has at most {MAX_TASKS:,} tasks.",
                key="num_tasks",
            )
        if type(self.transition) is not int or self.transition < 0:
            raise BadInputError(
                f"transition must be a whole number of at least 0, not {self.transition!r}.",
                key="transition",
            )
        if self.transition > self.updates_per_task:
            raise BadInputError(
                f"transition is {self.transition}, but a task has only {self.updates_per_task} "
                "updates.",
                key="transition",
            )
        if self.updates_per_task * self.batch_size > MAX_DRAWN:
            raise BadInputError(
                f"updates_per_task x batch_size is more than {MAX_DRAWN:,}, the most that one task "
                "may draw.",
                key="batch_size",
            )

    def _check_defaults(self) -> None:
        """Refuse a default that a class states, but its constructor does not know.

        It is no field without an annotation, or in a class without `@dataclass`.
        """
        for parameter in fields(self):
            stated = getattr(type(self), parameter.name, MISSING)
            if stated is parameter.default or isinstance(stated, MemberDescriptorType):  # slots
                continue
            kind = getattr(parameter.type, "__name__", parameter.type)
            raise BadInputError(
                f"Stream {type(self).__name__}: {parameter.name} = {stated!r} has no effect. Write "
                f"`{parameter.name}: {kind} = {stated!r}`, below "
                "@dataclass(frozen=True, kw_only=True).",
                key=parameter.name,
            )

    def _check_counts(self, *names: str) -> None:
        for name in names:
            value = getattr(self, name)
            if type(value) is not int or value < 1:
                raise BadInputError(
                    f"{name} must be a whole number of at least 1, not {value!r}.", key=name
                )

    @classmethod
    def registered_defaults(
        cls, defaults: Mapping[str, Any], _given: Mapping[str, Any]
    ) -> Mapping[str, Any]:
        """Return the parameters of an id, those that suit others that are given in their place."""
        return defaults

    # ---- what a subclass defines ------------------------------------------------------

    @abstractmethod
    def task(self, seed: int, index: int) -> Task:
        """Return task `index` (from 0) of a seed."""

    @property
    @abstractmethod
    def input_shape(self) -> tuple[int, ...]:
        """Shape of one example."""

    @property
    @abstractmethod
    def num_outputs(self) -> int:
        """How many classes there are, or values to be regressed."""

    @abstractmethod
    def size(self, index: int) -> int:
        """Return how many examples task `index` has, the same for every seed."""

    def updates(self, index: int) -> int:
        """Return how many updates task `index` is trained for."""
        return self.updates_per_task

    def scored_tasks(self) -> list[int]:
        """Return the tasks that scores are computed from: the last tenth, at least one.

        >>> from plasticity_bench import make_stream
        >>> make_stream("plasticity/RandomLabelDigits-v0", num_tasks=40).scored_tasks()
        [36, 37, 38, 39]
        >>> make_stream("plasticity/RandomLabelDigits-v0", num_tasks=3).scored_tasks()
        [2]
        """
        return last_tenth(range(self.num_tasks))

    @property
    def is_stationary(self) -> bool:
        """Whether all tasks are the same on purpose, as in a control without change."""
        return False

    @property
    def ceiling(self) -> float:
        """The task metric that no function of the inputs can exceed at the end of any task."""
        return 1.0

    @property
    def input_bounds(self) -> tuple[float, float]:
        """The smallest and the largest number in any input, as far as they are known."""
        return float(np.finfo(np.float32).min), float(np.finfo(np.float32).max)

    @property
    def num_rows(self) -> int | None:
        """The number of rows that a task's `examples` can refer to; None if it is unknown."""
        return None

    def inputs(self, examples: Integers) -> Floats:
        """Return the inputs that tasks refer to by `examples`, (n, *input_shape) float32."""
        raise NotImplementedError("tasks bring their own inputs")

    # ---- for streams and their users -------------------------------------------------------------

    @property
    def num_updates(self) -> int:
        """Updates of the whole stream."""
        return sum(map(self.updates, range(self.num_tasks)))

    def first(self, num_tasks: int) -> Self:
        """Return the stream of the first tasks; of all, if there are no more.

        Its tasks are those of the whole stream; its last tasks are scored.
        """
        return replace(self, num_tasks=min(num_tasks, self.num_tasks))

    def rng(self, seed: int, index: int) -> np.random.Generator:
        """Return the random generator of task `index` of a seed."""
        return generator(seed, Branch.TASK, index)

    def batches(self, seed: int, index: int) -> Integers:
        """Return which of the task's examples each update sees, (updates, batch_size).

        Epochs are shuffled independently and concatenated; a batch may span two of them, so that no
        example is left out.
        """
        size, updates = self.size(index), self.updates(index)
        needed = updates * self.batch_size
        rng = generator(seed, Branch.BATCHES, index)
        order = np.concatenate([rng.permutation(size) for _ in range(-(-needed // size))])
        return order[:needed].reshape(updates, self.batch_size)

    def transition_of(self, index: int) -> int:
        """Return how many updates of task `index` still see examples of the task before."""
        return self.transition

    def left_over(self, seed: int, index: int) -> Integers:
        """Return which examples of task `index` - 1 still appear in task `index`.

        (transition, batch_size): a row of the previous task, or -1 for an example of the new task.
        Empty for the first task, and if changes are abrupt.
        """
        if index == 0:
            return np.zeros((0, self.batch_size), np.int64)
        rng = generator(seed, Branch.TRANSITION, index)
        transition = self.transition_of(index)
        shape = (transition, self.batch_size)
        rows = rng.integers(self.size(index - 1), size=shape)
        # The middle of update u's interval: the mean over the transition is exactly one half.
        old_share = 1 - (np.arange(transition) + 0.5)[:, None] / max(transition, 1)
        return np.where(rng.random(shape) < old_share, rows, -1)

    def parameters(self) -> dict[str, object]:
        """Return every parameter and its value, as in a suite's YAML."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def fingerprint(self) -> str:
        """sha256 of source, data, and up to 16 tasks of seed 0 with their batches, first and last.

        Edited data, an edited stream, or another version of numpy's generators changes it, and with
        it the keys of results. The source is that of classes outside of this package.
        """
        digest = hashlib.sha256(self.data_fingerprint().encode())
        source = source_of(type(self))
        if source.files:
            digest.update(f"{type(self).__qualname__} {source.hash}".encode())
        covered = np.linspace(0, self.num_tasks - 1, min(self.num_tasks, MAX_HASHED)).astype(int)
        for index in covered.tolist():
            parts = [*self.task(0, index).arrays(), self.batches(0, index)]
            for array in parts:
                if array is None:
                    digest.update(b"-")
                else:
                    kind = "<f4" if np.issubdtype(array.dtype, np.floating) else "<i8"
                    digest.update(np.asarray(array, dtype=kind).tobytes())
        return digest.hexdigest()

    def data_fingerprint(self) -> str:
        """Return the fingerprint of the data that tasks are made of; empty if there is none."""
        return ""


def last_tenth(tasks: range) -> list[int]:
    """Return the last tenth of some tasks, rounded down, at least one."""
    return list(tasks[-max(1, len(tasks) // 10) :])
