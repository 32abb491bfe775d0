"""One task of every replica's seed, as mini-batches of all replicas on the population's device."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from plasticity_bench.errors import BadInputError, StreamError
from plasticity_bench.streams.stream import Stream
from plasticity_bench.streams.task import Floats, Integers, Task
from plasticity_bench.streams.validation import checked_batches, checked_tasks, inputs_problem

EVALUATION_BATCH = 1024
LOOKED_UP = 256
"""Mini-batches whose targets are looked up at once."""
Pair = tuple[Tensor, Tensor]


class Batch(NamedTuple):
    """A mini-batch of every replica.

    Attributes:
        inputs: (replicas, batch, *input_shape).
        targets: (replicas, batch), or (replicas, batch, outputs) of floats.
        rewards: of a task that is bootstrapped, (replicas, batch, outputs); None of others.
        next_inputs: (replicas, batch, *input_shape), as rewards.
        discount: of what follows, (replicas, 1, 1), as rewards.
    """

    inputs: Tensor
    targets: Tensor
    rewards: Tensor | None = None
    next_inputs: Tensor | None = None
    discount: Tensor | None = None


class Examples:
    """Examples of every replica, as references into one table of inputs.

    Every input that some replica needs is converted and moved to the device once, not once for each
    replica, and is kept for the next task if that is made of the same examples.

    Attributes:
        size: n, how many examples each replica has.
    """

    def __init__(
        self,
        stream: Stream,
        tasks: list[Task],
        device: torch.device,
        before: "Examples | None" = None,
    ) -> None:
        self._device = device
        self._examples = [task.examples for task in tasks]
        self._table: Tensor
        self._places: Tensor  # (replicas, n), rows of the table
        if before is not None and _same(before._examples, self._examples):
            self._table, self._places = before._table, before._places
        else:
            table, places = _inputs(stream, tasks)
            self._table, self._places = self._moved(table), self._moved(places)
        self._targets = self._moved(np.stack([task.targets for task in tasks]))  # (replicas, n, …)
        orders = [task.input_permutation for task in tasks if task.input_permutation is not None]
        self._order = self._moved(np.stack(orders)) if orders else None  # (replicas, pixels)
        self.size = self._targets.shape[1]

    def gather(self, rows: Tensor) -> Pair:
        """Return inputs, (replicas, k, *input_shape), and targets of rows, (replicas, k)."""
        return self._inputs_at(self._places.gather(1, rows)), self._targets_at(rows)

    def batches(self, rows: Tensor) -> Iterator[Pair]:
        """Yield what `gather` returns for rows[:, 0], rows[:, 1], ..., (replicas, k) each.

        Only inputs are looked up batch by batch; the rest is, for many batches at once, cheaper.
        """
        for some in rows.split(LOOKED_UP, dim=1):
            flat = some.flatten(1)
            places = self._places.gather(1, flat).reshape(some.shape)
            targets = self._targets_at(flat).unflatten(1, some.shape[1:])
            by_batch = [part.transpose(0, 1).contiguous().unbind() for part in (places, targets)]
            for chosen, of_batch in zip(*by_batch, strict=True):
                yield self._inputs_at(chosen), of_batch

    def _inputs_at(self, places: Tensor) -> Tensor:
        """Inputs, (replicas, k, *input_shape), of rows of the table, (replicas, k)."""
        inputs = self._table.index_select(0, places.flatten())
        inputs = inputs.view(*places.shape, *inputs.shape[1:])
        if self._order is not None:
            order = self._order[:, None, :].expand(-1, places.shape[1], -1)
            inputs = inputs.flatten(2).gather(2, order).reshape(inputs.shape)
        return inputs

    def _targets_at(self, rows: Tensor) -> Tensor:
        if self._targets.ndim == 2:
            return self._targets.gather(1, rows)
        wide = rows[..., None].expand(-1, -1, self._targets.shape[2])
        return self._targets.gather(1, wide)

    def first(self, count: int) -> Pair:
        """Return the first examples: a random sample, since a task's order is random.

        Raises:
            BadInputError: if there are fewer.
        """
        if count > self.size:
            raise BadInputError(
                f"{count} examples are to be measured, but a task has only {self.size}: lower "
                "curvature_examples, or the diagnostic's examples."
            )
        return self._between(0, count)

    def in_batches(self) -> Iterator[Pair]:
        """Yield all examples once."""
        for start in range(0, self.size, EVALUATION_BATCH):
            yield self._between(start, min(start + EVALUATION_BATCH, self.size))

    def _between(self, start: int, stop: int) -> Pair:
        rows = torch.arange(start, stop, device=self._device)
        return self.gather(rows.expand(len(self._targets), -1))

    def _moved(self, array: NDArray[np.generic]) -> Tensor:
        wide = array.astype(np.int64 if array.dtype.kind in "iu" else np.float32, copy=False)
        return torch.from_numpy(wide).to(self._device)


def _same(some: list[Integers | None], others: list[Integers | None]) -> bool:
    """Whether two tasks are of the same rows of the data set, for every replica."""
    pairs = zip(some, others, strict=True)
    return all(a is not None and b is not None and np.array_equal(a, b) for a, b in pairs)


def _inputs(stream: Stream, tasks: list[Task]) -> tuple[Floats, Integers]:
    """A table of the inputs of tasks, and the rows of every replica's examples in it."""
    task_inputs = [task.inputs for task in tasks if task.inputs is not None]
    if task_inputs:
        table = np.concatenate(task_inputs)
        return table, np.arange(len(table)).reshape(len(task_inputs), -1)
    examples = np.stack([task.examples for task in tasks if task.examples is not None])
    needed, places = np.unique(examples, return_inverse=True)
    inputs = stream.inputs(needed)
    problem = inputs_problem(stream, inputs)
    if problem or len(inputs) != len(needed):
        what = problem or f"must have one input for each of {len(needed)} rows, not {len(inputs)}"
        raise StreamError(f"Stream {type(stream).__name__}: inputs(examples) {what}.")
    return inputs, places.reshape(examples.shape)


class StackedTask:
    """Task `index` of every replica's seed.

    Attributes:
        index: of the task.
        train: what is trained on.
        test: what is held out; None if the stream has no such thing.
        chance: (replicas,), the metric of the best constant prediction.
        variance: (replicas,), of the targets, averaged over outputs; None for classes.
    """

    def __init__(
        self,
        stream: Stream,
        seeds: list[int],
        index: int,
        device: torch.device,
        before: "StackedTask | None" = None,
    ) -> None:
        """Make the task.

        Args:
            stream: whose task it is.
            seeds: of the replicas.
            index: of the task.
            device: of the batches.
            before: the task that replicas were trained on before it, if there is one.
        """
        self.index = index
        tasks = checked_tasks(stream, seeds, index)
        rows = [checked_batches(stream, seed, index) for seed in seeds]
        mixes = any(len(left_over) for _, left_over in rows)  # examples of the task before
        redrawn = None
        if mixes and (before is None or before.index != index - 1):
            redrawn = checked_tasks(stream, seeds, index - 1)
        self._device = device
        self._batches = self._stacked([batches for batches, _ in rows])
        self._left_over = self._stacked([left_over for _, left_over in rows])
        held_out = [task.test for task in tasks if task.test is not None]
        trained, tested = (before.train, before.test) if before else (None, None)
        self._before = Examples(stream, redrawn, device, trained) if redrawn else trained
        self.train: Examples = Examples(stream, tasks, device, self._before)
        self.test: Examples | None = (
            Examples(stream, held_out, device, tested) if held_out else None
        )
        if not mixes:
            self._before = None
        self.chance = np.array([task.chance for task in tasks])
        self._tasks = tasks
        self._num_outputs = stream.num_outputs
        self.variance = (
            np.array([task.targets.astype(float).var(0).mean() for task in tasks])
            if stream.regression
            else None
        )
        bootstraps = [task.bootstrap for task in tasks if task.bootstrap is not None]
        self._rewards = self._next_inputs = self._discount = None
        if bootstraps:
            self._rewards = self._stacked([b.rewards for b in bootstraps], np.float32)
            self._next_inputs = self._stacked([b.next_inputs for b in bootstraps], np.float32)
            self._discount = self._stacked(
                [np.full((1, 1), b.discount) for b in bootstraps], np.float32
            )

    def dead_rank(self, examples: int) -> NDArray[np.float64]:
        """Return the rank of a dead network on this number of examples, (replicas,)."""
        return np.array([t.dead_rank(self._num_outputs, examples) for t in self._tasks], float)

    @property
    def num_updates(self) -> int:
        """The number of mini-batches."""
        return self._batches.shape[1]

    def batches(self, first: int = 0) -> Iterator[Batch]:
        """Yield the mini-batches that are trained on, in order, from the index `first` on."""
        mixed = self._left_over.unbind(1)
        for update, new in enumerate(self.train.batches(self._batches[:, first:]), first):
            pair = self._mixed(new, mixed[update]) if update < len(mixed) else new
            yield self._transitions(pair, self._batches[:, update])
        self._before = None

    def _transitions(self, pair: Pair, rows: Tensor) -> Batch:
        """The batch, with rewards and next inputs if the task is bootstrapped."""
        if self._rewards is None or self._next_inputs is None:
            return Batch(*pair)
        replicas = torch.arange(len(rows), device=self._device)[:, None]
        of_rows = self._rewards[replicas, rows], self._next_inputs[replicas, rows]
        return Batch(*pair, *of_rows, self._discount)

    def _mixed(self, batch: Pair, left_over: Tensor) -> Pair:
        """The batch, with examples of the task before it where there are any: (replicas, batch)."""
        assert self._before is not None
        old = left_over >= 0
        before = self._before.gather(left_over.clamp(min=0))
        mixed = [
            torch.where(old.reshape(*old.shape, *[1] * (new.ndim - 2)), previous, new)
            for previous, new in zip(before, batch, strict=True)
        ]
        return mixed[0], mixed[1]

    def _stacked(self, arrays: Sequence[NDArray[Any]], dtype: type = np.int64) -> Tensor:
        return torch.from_numpy(np.stack(arrays).astype(dtype, copy=False)).to(self._device)
