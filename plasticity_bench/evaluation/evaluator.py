"""The protocol: a stream, a population, and the measurements that come of them.

For each task: measure at the start, train for the fixed number of updates, measure at the end.
"""

import time
from collections.abc import Callable
from typing import Protocol as Interface

import numpy as np
import torch
from torch import Tensor

from plasticity_bench.evaluation.evaluation import Evaluation, Measurement, Progress, Values
from plasticity_bench.evaluation.probing import Prober
from plasticity_bench.evaluation.protocol import Protocol
from plasticity_bench.measurements import fisher_srank
from plasticity_bench.measurements.attainment import attainment, attainment_name, merit_and_loss
from plasticity_bench.population.population import Population
from plasticity_bench.population.stacked_task import Examples, StackedTask
from plasticity_bench.streams.stream import Stream


class Keeper(Interface):
    """Keeps the progress of an evaluation, whenever that is due."""

    def due(self, task_ended: bool) -> bool:
        """Return whether progress is to be kept now; asked after every update and every task."""

    def keep(self, progress: Progress) -> None:
        """Keep it; what this raises ends the evaluation."""


def evaluate(
    stream: Stream,
    population: Population,
    protocol: Protocol,
    on_task: Callable[[int], None] = lambda _: None,
    keeper: Keeper | None = None,
    begun: Progress | None = None,
) -> Evaluation:
    """Run a population through a stream.

    Args:
        stream: the tasks; every member sees those of its own seed.
        population: newly made; it is trained in place.
        protocol: what to measure, and when.
        on_task: called with the index of each task that is finished.
        keeper: keeps progress.
        begun: where to go on, as a keeper of the same stream, members and protocol kept it.
    """
    run = _Run(stream, population, protocol, keeper, begun)
    while run.index < stream.num_tasks:
        if run.done == 0:
            run.begin_task()
        run.train()
        run.end_task()
        on_task(run.index - 1)
        run.keep_if_due(task_ended=True)
    return run.result


class _Run:
    """An evaluation as it goes: task `index`, of which `done` updates are done."""

    def __init__(
        self,
        stream: Stream,
        population: Population,
        protocol: Protocol,
        keeper: Keeper | None,
        begun: Progress | None,
    ) -> None:
        self._stream, self._population, self._protocol = stream, population, protocol
        self._keeper = keeper
        self._scored = stream.scored_tasks()
        self._seeds = [member.seed for member in population.members]
        self._prober = Prober(population, protocol, self._scored)
        self._task: StackedTask | None = None
        self._losses: list[Tensor] = []
        self._merits: list[Tensor] = []
        self.index = self.done = 0
        self.result = Evaluation(diverged_at=np.full(len(self._seeds), -1))
        if begun:
            self._resume(begun)

    def _resume(self, begun: Progress) -> None:
        self._population.load(begun.population)
        self.index, self.done = begun.task, begun.update
        self.result = begun.evaluation.copy()
        self._losses = list(torch.from_numpy(begun.losses).to(self._population.device))
        self._merits = list(torch.from_numpy(begun.merits).to(self._population.device))
        if self.index > 0:
            self._make_task(self.index - 1)  # some streams mix its examples into the next task's
        if self.done:
            task = self._make_task(self.index)
            self._prober.begin_task(self.index, task.num_updates, task.train.first, begun.watched)

    def _make_task(self, index: int) -> StackedTask:
        device = self._population.device
        self._task = StackedTask(self._stream, self._seeds, index, device, self._task)
        return self._task

    @property
    def _measured(self) -> bool:
        return self._protocol.is_measured(self.index, self._scored)

    def begin_task(self) -> None:
        """Turn to the task, and measure at its start."""
        task, population = self._make_task(self.index), self._population
        if self.index > 0 and self._stream.resets_head:
            population.reset_head()
        if self.index > 0 and self._protocol.reveal_boundaries:
            population.begin_task(self.index)
        began = time.perf_counter()
        self._record("start", {"chance": task.chance})
        if self._measured:
            self._measure_curvature(task)
        self._prober.begin_task(self.index, task.num_updates, task.train.first)
        self._record("start", self._prober.measure("start", self.result.diverged_at < 0))
        self.result.measure_seconds += time.perf_counter() - began

    def train(self) -> None:
        """Do what is left of the task's updates."""
        assert self._task is not None
        self._lap = time.perf_counter()
        self._prepared = self._population.prepare_seconds
        for batch in self._prober.watched(self._task.batches(self.done), self.done):
            if self.done:  # only now does the prober know all of the update before
                self.keep_if_due(task_ended=False)
            loss, merit = self._population.update(*batch)
            self._losses.append(loss)
            self._merits.append(merit)
            self.done += 1
        self._losses_known = _values(torch.stack(self._losses))  # the device is waited for
        self._merits_known = _values(torch.stack(self._merits))
        self._count_seconds()

    def end_task(self) -> None:
        """Measure at the task's end, and turn to the next."""
        assert self._task is not None
        began = time.perf_counter()
        self._measure_end(self._task, self._losses_known, self._merits_known)
        self._record("end", self._prober.measure("end", self.result.diverged_at < 0))
        self.result.measure_seconds += time.perf_counter() - began
        self._losses, self._merits = [], []
        self.index, self.done = self.index + 1, 0

    def keep_if_due(self, task_ended: bool) -> None:
        """Hand the progress to the keeper if it wants it now."""
        if self._keeper is None or not self._keeper.due(task_ended):
            return
        if self.done:
            self._count_seconds()
        members = (0, len(self._seeds))
        self._keeper.keep(
            Progress(
                task=self.index,
                update=self.done,
                evaluation=self.result.copy(),
                population=self._population.tensors(),
                losses=_values(torch.stack(self._losses)) if self.done else np.zeros(members),
                merits=_values(torch.stack(self._merits)) if self.done else np.zeros(members),
                watched=self._prober.watched_so_far() if self.done else {},
            )
        )

    def _count_seconds(self) -> None:
        """Add the time since it was last added: of recording and compiling, and of updates."""
        now, prepared = time.perf_counter(), self._population.prepare_seconds
        self.result.prepare_seconds += prepared - self._prepared
        self.result.train_seconds += now - self._lap - (prepared - self._prepared)
        self._lap, self._prepared = now, prepared

    def _record(self, when: str, measured: dict[str, Values]) -> None:
        self.result.measurements += [
            Measurement(self.index, when, name, values) for name, values in measured.items()
        ]

    def _measure_curvature(self, task: StackedTask) -> None:
        population, diverged_at = self._population, self.result.diverged_at
        examples = self._protocol.curvature_examples
        inputs, targets = task.train.first(examples)
        finite = [value.isfinite().flatten(1).all(1) for value in population.state.params.values()]
        alive = np.flatnonzero((diverged_at < 0) & torch.stack(finite).all(0).cpu().numpy())
        ranks = np.full(len(self._seeds), np.nan)
        if len(alive):
            params = {name: value[alive] for name, value in population.state.params.items()}
            ranks[alive] = fisher_srank(population.module, params, inputs[alive], targets[alive])
        # Parameters or gradients beyond all bounds: no loss need have shown it yet.
        diverged_at[(diverged_at < 0) & np.isnan(ranks)] = self.index
        dead_rank = task.dead_rank(examples)
        self._record("start", {"dead_rank": dead_rank, self._protocol.curvature_name: ranks})

    def _measure_end(self, task: StackedTask, losses: Values, merits: Values) -> None:
        merit, loss = self._evaluated(task.train)
        healthy = np.isfinite(losses).all(0) & np.isfinite(loss)
        diverged_at = self.result.diverged_at
        diverged_at[(diverged_at < 0) & ~healthy] = self.index
        name = attainment_name(task.variance is not None)
        self._record_undiverged(
            "during", {f"online_{name}": attainment(merits.mean(0), task.variance)}
        )
        self._record_undiverged("end", {name: attainment(merit, task.variance), "loss": loss})
        if self._measured and task.test is not None:
            merit, loss = self._evaluated(task.test)
            held_out = {f"test_{name}": attainment(merit, task.variance), "test_loss": loss}
            self._record_undiverged("end", held_out)

    def _record_undiverged(self, when: str, measured: dict[str, Values]) -> None:
        undiverged = self.result.diverged_at < 0
        shown = {name: np.where(undiverged, values, np.nan) for name, values in measured.items()}
        self._record(when, shown)

    def _evaluated(self, examples: Examples) -> tuple[Values, Values]:
        """Mean merit and loss over examples, (members,) each."""
        predict = self._population.predict
        batches = ((predict(x), targets) for x, targets in examples.in_batches())
        merit, loss = merit_and_loss(batches)
        return _values(merit), _values(loss)


def _values(tensor: Tensor) -> Values:
    values: Values = tensor.double().cpu().numpy()
    return values
