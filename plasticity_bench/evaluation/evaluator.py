"""The protocol: for each task, measure at the start, train for its updates, measure at the end.

A learner's own fresh copy restarts at each scored task and is trained on no other. Restarted tasks
do not depend on one another.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol as Interface

import numpy as np
import torch
from torch import Tensor

from plasticity_bench.evaluation.evaluation import Evaluation, Progress, Values
from plasticity_bench.evaluation.protocol import Protocol
from plasticity_bench.evaluation.recorder import Recorder
from plasticity_bench.evaluation.snapshots import Snapshots
from plasticity_bench.evaluation.stacked_task import Batch, StackedTask
from plasticity_bench.learners.losses import batch_metric
from plasticity_bench.programs.population import Population
from plasticity_bench.streams.stream import Stream


class Keeper(Interface):
    """Stores the progress of an evaluation, whenever that is due."""

    def due(self, task_ended: bool) -> bool:
        """Return whether progress is to be stored now; called after every update and every task."""

    def keep(self, progress: Progress) -> None:
        """Store it; an exception raised here ends the evaluation."""


def evaluate(
    stream: Stream,
    population: Population,
    protocol: Protocol,
    on_task: Callable[[int], None] = lambda _: None,
    keeper: Keeper | None = None,
    begun: Progress | None = None,
) -> Evaluation:
    """Return what a population does on a stream.

    Args:
        stream: the tasks; every replica sees those of its own seed.
        population: newly made; it is trained in place.
        protocol: what to measure, and when.
        on_task: called with the index of each task that is finished.
        keeper: stores progress.
        begun: progress to resume from, of the same stream, replicas and protocol.
    """
    seeds = [replica.seed for replica in population.replicas]
    evaluation = (
        begun.evaluation.copy() if begun else Evaluation(diverged_at=np.full(len(seeds), -1))
    )
    scored = stream.scored_tasks()
    recorder = Recorder(population, protocol, evaluation, stream)
    snapshots, clock = Snapshots(population), _Clock(evaluation)
    if stream.resets_head:
        assert population.head  # raises where it is not known, before anything is trained
    if begun:
        population.load(begun.population)
    first = begun.task if begun else 0
    task, last = None, -1
    for index in protocol.trained_tasks(stream.num_tasks, scored):
        if index < first:
            continue
        if last != index - 1:  # some streams mix examples of the task before into a task
            task = StackedTask(stream, seeds, index - 1, population.device)
        task, last = StackedTask(stream, seeds, index, population.device, task), index
        curve = _LearningCurve(begun if begun and index == begun.task else None, population.device)
        recorder.enter(index, task)
        if curve.num_updates == 0:
            _enter_task(population, stream, protocol, index)
            with clock.measuring():
                recorder.record_start(task)
        snapshots.enter(task.num_updates, recorder.needs_updates, curve.snapshots)
        clock.start_training(population)
        for update, batch in enumerate(task.batches(curve.num_updates), curve.num_updates):
            snapshots.before(update)
            curve.append(*_update(population, batch))
            snapshots.after(update)
            unfinished = update + 1 < task.num_updates
            if unfinished and keeper and keeper.due(task_ended=False):
                clock.lap(population)
                keeper.keep(_progress(index, curve, evaluation, population, snapshots))
        losses, metrics = curve.values()  # waits for the device
        clock.lap(population)
        with clock.measuring():
            recorder.record_end(task, losses, metrics, snapshots)
        on_task(index)
        if keeper and keeper.due(task_ended=True):
            keeper.keep(_progress(index + 1, None, evaluation, population, snapshots))
    population.check_hooks()
    return evaluation


def _update(population: Population, batch: Batch) -> tuple[Tensor, Tensor]:
    """Train on a batch; return losses, and metrics before the update, (replicas,) each."""
    if batch.rewards is None or batch.next_inputs is None or batch.discount is None:
        return population.update(batch.inputs, batch.targets)
    both = population.predict(torch.cat([batch.inputs, batch.next_inputs], 1))
    values, following = both.chunk(2, 1)
    losses, _ = population.update(batch.inputs, batch.rewards + batch.discount * following)
    pairs = zip(values, batch.targets, strict=True)
    return losses, torch.stack([batch_metric(*pair) for pair in pairs])


def _enter_task(population: Population, stream: Stream, protocol: Protocol, index: int) -> None:
    """What happens before a task but the first: a restart; or a new head and the learner's hook."""
    if index == 0:
        return
    if protocol.restarts:
        population.restart(index, num_updates=sum(map(stream.updates, range(index))))
        return
    if stream.resets_head:
        population.reset_head()
    if protocol.reveal_boundaries:
        population.begin_task(index)


class _Clock:
    """Adds wall time to an evaluation: of measurements, of updates, and of preparing them."""

    def __init__(self, evaluation: Evaluation) -> None:
        self._evaluation = evaluation
        self._lap = self._prepared = 0.0

    @contextmanager
    def measuring(self) -> Iterator[None]:
        """Count the block as measuring."""
        began = time.perf_counter()
        yield
        self._evaluation.measure_seconds += time.perf_counter() - began

    def start_training(self, population: Population) -> None:
        """Start a lap of training."""
        self._lap, self._prepared = time.perf_counter(), population.prepare_seconds

    def lap(self, population: Population) -> None:
        """Add the lap of training, and start the next."""
        now, prepared = time.perf_counter(), population.prepare_seconds
        self._evaluation.prepare_seconds += prepared - self._prepared
        self._evaluation.train_seconds += now - self._lap - (prepared - self._prepared)
        self._lap, self._prepared = now, prepared


class _LearningCurve:
    """Losses and batch metrics of a task's updates so far, (replicas,) each.

    Attributes:
        snapshots: of a task that is resumed, what `Snapshots.tensors` returned.
    """

    def __init__(self, begun: Progress | None, device: torch.device) -> None:
        self.snapshots = begun.snapshots if begun and begun.update else None
        self._losses: list[Tensor] = []
        self._metrics: list[Tensor] = []
        if begun:
            self._losses = list(torch.from_numpy(begun.losses).to(device))
            self._metrics = list(torch.from_numpy(begun.batch_metrics).to(device))

    @property
    def num_updates(self) -> int:
        return len(self._losses)

    def append(self, loss: Tensor, metric: Tensor) -> None:
        self._losses.append(loss)
        self._metrics.append(metric)

    def values(self) -> tuple[Values, Values]:
        """(updates, replicas) float64 each."""
        stacked = (torch.stack(self._losses), torch.stack(self._metrics))
        losses, metrics = (tensor.double().cpu().numpy() for tensor in stacked)
        return losses, metrics


def _progress(
    task: int,
    curve: _LearningCurve | None,
    evaluation: Evaluation,
    population: Population,
    snapshots: Snapshots,
) -> Progress:
    """Progress in the middle of a task, or before it, without a curve."""
    none = np.zeros((0, len(population.replicas)))
    losses, metrics = curve.values() if curve else (none, none)
    return Progress(
        task=task,
        update=len(losses),
        evaluation=evaluation.copy(),
        population=population.tensors(),
        losses=losses,
        batch_metrics=metrics,
        snapshots=snapshots.tensors() if curve else {},
    )
