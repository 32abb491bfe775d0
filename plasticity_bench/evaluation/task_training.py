"""Train a population on one task: its losses and metrics, and snapshots of its parameters."""

import time
from collections.abc import Iterable, Iterator, Mapping
from typing import Protocol as Interface

import numpy as np
import torch
from torch import Tensor

from plasticity_bench.evaluation.evaluation import Evaluation, Progress, Values
from plasticity_bench.evaluation.stacked_task import Batch, StackedTask
from plasticity_bench.learners.losses import batch_metric
from plasticity_bench.learners.optimizers import Params
from plasticity_bench.programs.population import Population

SAMPLED_UPDATES = 4
"""Of a task, evenly from the first to the last."""


class Keeper(Interface):
    """Stores the progress of an evaluation, whenever that is due."""

    def due(self, task_ended: bool) -> bool:
        """Return whether progress is to be stored now; called after every update and every task."""

    def keep(self, progress: Progress) -> None:
        """Store it; an exception raised here ends the evaluation."""


class TaskTraining:
    """A population's training on one task, from its start or from where it was interrupted.

    Attributes:
        task_start: the parameters that predictions were made with at the task's start; empty if
            nothing is sampled.
        sampled: the trained parameters before and after each sampled update so far.
    """

    def __init__(
        self,
        population: Population,
        task: StackedTask,
        needs_updates: bool,
        begun: Progress | None = None,
    ) -> None:
        """Prepare for a task.

        Args:
            population: in its state at the task's start, or at `begun`; it is trained in place.
            task: that it is trained on.
            needs_updates: whether a measurement of this task looks at updates.
            begun: progress within this task.
        """
        self._population = population
        self._task = task
        self._begun = begun
        self._losses: list[Tensor] = []
        self._metrics: list[Tensor] = []
        self.task_start: Params = {}
        self.sampled: list[tuple[Params, Params]] = []
        self._sampled_indices: set[int] = set()
        if needs_updates:
            evenly = np.linspace(0, task.num_updates - 1, SAMPLED_UPDATES)
            self._sampled_indices = set(evenly.astype(int).tolist())
        if begun is not None:
            self._restore(begun.snapshots)
        elif needs_updates:
            self.task_start = _copy(population.predicting)

    @property
    def num_done(self) -> int:
        """How many of the task's updates are done."""
        return (self._begun.update if self._begun else 0) + len(self._losses)

    def run(
        self, batches: Iterable[Batch], evaluation: Evaluation, keeper: Keeper | None
    ) -> tuple[Values, Values]:
        """Train on the task's remaining mini-batches.

        Args:
            batches: all that follow the updates that are done.
            evaluation: what the wall time is added to; its copy is a part of the progress.
            keeper: stores progress between updates.

        Returns:
            Data loss and batch metric before each of the task's updates, (updates, replicas) each.
        """
        population, left = self._population, iter(batches)
        while True:
            began, prepared = time.perf_counter(), population.prepare_seconds
            self._train(left, keeper)
            losses, metrics = self._curve()  # waits for the device
            preparing = population.prepare_seconds - prepared
            evaluation.prepare_seconds += preparing
            evaluation.train_seconds += time.perf_counter() - began - preparing
            if keeper is None or self.num_done == self._task.num_updates:
                return losses, metrics
            progress = Progress(
                task=self._task.index,
                update=self.num_done,
                evaluation=evaluation.copy(),
                population=population.tensors(),
                losses=losses,
                batch_metrics=metrics,
                snapshots=self._snapshots(),
            )
            keeper.keep(progress)

    def _train(self, batches: Iterator[Batch], keeper: Keeper | None) -> None:
        """Train until the task ends, or progress is to be stored."""
        for batch in batches:
            is_sampled = self.num_done in self._sampled_indices
            before = _copy(self._population.state.params) if is_sampled else {}
            loss, metric = _update(self._population, batch)
            self._losses.append(loss)
            self._metrics.append(metric)
            if is_sampled:
                self.sampled.append((before, _copy(self._population.state.params)))
            unfinished = self.num_done < self._task.num_updates
            if unfinished and keeper and keeper.due(task_ended=False):
                return

    def _curve(self) -> tuple[Values, Values]:
        """Of the updates so far."""
        stacked = (torch.stack(self._losses), torch.stack(self._metrics))
        losses, metrics = (tensor.double().cpu().numpy() for tensor in stacked)
        before = self._begun
        if before is not None:
            losses = np.concatenate([before.losses, losses])
            metrics = np.concatenate([before.batch_metrics, metrics])
        return losses, metrics

    def _snapshots(self) -> Params:
        """All snapshots so far, by a name that says which."""
        kept = [self.task_start, *(params for update in self.sampled for params in update)]
        return {
            f"{number}/{name}": value
            for number, params in enumerate(kept)
            for name, value in params.items()
        }

    def _restore(self, snapshots: Mapping[str, Tensor]) -> None:
        kept: list[Params] = []
        for key, value in snapshots.items():
            number, _, name = key.partition("/")
            kept += [{} for _ in range(int(number) + 1 - len(kept))]
            kept[int(number)][name] = value.to(self._population.device)
        self.task_start = kept[0] if kept else {}
        self.sampled = list(zip(kept[1::2], kept[2::2], strict=True))


def _update(population: Population, batch: Batch) -> tuple[Tensor, Tensor]:
    """Train on a batch; return losses, and metrics before the update, (replicas,) each."""
    if batch.rewards is None or batch.next_inputs is None or batch.discount is None:
        return population.update(batch.inputs, batch.targets)
    both = population.predict(torch.cat([batch.inputs, batch.next_inputs], 1))
    values, following = both.chunk(2, 1)
    losses, _ = population.update(batch.inputs, batch.rewards + batch.discount * following)
    pairs = zip(values, batch.targets, strict=True)
    return losses, torch.stack([batch_metric(*pair) for pair in pairs])


def _copy(params: Params) -> Params:
    """Copies, because an update may work in place."""
    return {name: value.clone() for name, value in params.items()}
