"""Takes a protocol's measurements of a population and records them; training is not affected.

Measurements look at the first examples of the task, the same at its start and its end.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from plasticity_bench.evaluation.batch_independence import check_batch_independence
from plasticity_bench.evaluation.evaluation import Evaluation, Measurement, Values
from plasticity_bench.evaluation.protocol import Diagnostic, Protocol
from plasticity_bench.evaluation.stacked_task import Examples, StackedTask
from plasticity_bench.evaluation.task_training import TaskTraining
from plasticity_bench.measurements import MEASUREMENTS, Measured, Probe, measure
from plasticity_bench.measurements.sums import in_order
from plasticity_bench.measurements.task_metric import (
    metric_and_loss,
    task_metric,
    task_metric_name,
    updates_to_target,
)
from plasticity_bench.programs.population import Population
from plasticity_bench.streams.stream import Stream


class Recorder:
    """Measures one population, task after task.

    Attributes:
        needs_updates: whether a measurement of the task looks at its updates.
    """

    def __init__(
        self,
        population: Population,
        protocol: Protocol,
        evaluation: Evaluation,
        stream: Stream,
    ) -> None:
        """Prepare for a stream.

        Args:
            population: whose state is read, and never changed.
            protocol: what to measure, and when.
            evaluation: what the measurements are added to.
            stream: that the population is trained on.
        """
        self._population = population
        self._protocol = protocol
        self._evaluation = evaluation
        self._stream = stream
        self._scored = stream.scored_tasks()
        self._index, self._measured = 0, False
        self._diagnostics: list[Diagnostic] = []
        self.needs_updates = False

    def enter(self, task: StackedTask) -> None:
        """Turn to a task."""
        self._index = task.index
        self._measured = self._protocol.is_measured(task.index, self._scored)
        self._diagnostics = self._protocol.diagnostics_of(task.index, self._scored)
        self.needs_updates = bool(self._diagnostics)
        counts = {diagnostic.examples for diagnostic in self._diagnostics}
        self._examples = {count: task.train.first(count) for count in counts}

    def record_start(self, task: StackedTask) -> None:
        """Measure at the task's start: chance, curvature, diagnostics."""
        with self._timed():
            self._record("start", {"chance": task.chance})
            if self._measured:
                self._record("start", self._curvature(task))
            self._record("start", self._diagnose(None))

    def record_end(
        self, task: StackedTask, losses: Values, batch_metrics: Values, training: TaskTraining
    ) -> None:
        """Measure at the task's end: how well it was learnt, held-out examples, diagnostics.

        Args:
            task: that has ended.
            losses: (updates, replicas), of the task's batches; NaN or infinity is divergence.
            batch_metrics: (updates, replicas).
            training: on the task, which sampled the updates that diagnostics look at.
        """
        with self._timed():
            self._record_curve(task, losses, batch_metrics)
            self._record_held_out(task)
            self._record("end", self._diagnose(training))

    def _record_curve(self, task: StackedTask, losses: Values, batch_metrics: Values) -> None:
        """What was learnt during the task, and at its end."""
        metric, loss = self._evaluated(task.train, check=self._measured)
        finite = np.isfinite(losses).all(0) & np.isfinite(loss)
        self._mark_diverged(~finite)
        name, variance = task_metric_name(task.variance is not None), task.variance
        online = task_metric(in_order(batch_metrics) / len(batch_metrics), variance)
        self._record_undiverged("during", {f"online_{name}": online})
        if (target := self._stream.target) is not None:
            batch_size = self._stream.batch_size
            time = updates_to_target(batch_metrics, variance, target, batch_size)
            self._record_undiverged("during", {"updates_to_target": time})
        self._record_undiverged("end", {name: task_metric(metric, variance), "loss": loss})

    def _record_held_out(self, task: StackedTask) -> None:
        if self._measured and task.test is not None:
            metric, loss = self._evaluated(task.test)
            name, variance = task_metric_name(task.variance is not None), task.variance
            held_out = {f"test_{name}": task_metric(metric, variance), "test_loss": loss}
            self._record_undiverged("end", held_out)

    @contextmanager
    def _timed(self) -> Iterator[None]:
        """Count the block's wall time as measuring."""
        began = time.perf_counter()
        yield
        self._evaluation.measure_seconds += time.perf_counter() - began

    def _curvature(self, task: StackedTask) -> Measured:
        """The headline, and the rank that a dead network keeps."""
        examples = self._protocol.curvature_examples
        inputs, targets = task.train.first(examples)
        self._check_network(inputs)
        probe = self._probe(inputs, targets, None)
        name = self._protocol.curvature_name
        ranks = measure(self._protocol.curvature_diagnostic, probe, self._alive())[name]
        # Parameters or gradients overflow: no loss need have shown it yet.
        self._mark_diverged(np.isnan(ranks))
        return {"dead_rank": task.dead_rank(examples), name: ranks}

    def _check_network(self, inputs: Tensor, outputs: Tensor | None = None) -> None:
        """Refuse a network that gives an example other outputs in other batches."""
        first = slice(self._protocol.curvature_examples)
        population, batch_size = self._population, self._stream.batch_size
        check_batch_independence(
            population.module,
            population.predicting,
            inputs[:, first],
            batch_size,
            None if outputs is None else outputs[:, first],
        )

    def _diagnose(self, training: TaskTraining | None) -> Measured:
        """The task's diagnostics, at its end after training and at its start before."""
        at_start = training is None
        wanted = [
            diagnostic
            for diagnostic in self._diagnostics
            if MEASUREMENTS[diagnostic.name].at_start or not at_start
        ]
        alive = self._alive()
        probes = {count: self._probe(*self._examples[count], training) for count in self._examples}
        values: Measured = {}
        for diagnostic in wanted:
            values |= measure(diagnostic.name, probes[diagnostic.examples], alive)
        return {name: np.where(np.isfinite(v), v, np.nan) for name, v in values.items()}

    def _probe(self, inputs: Tensor, targets: Tensor, training: TaskTraining | None) -> Probe:
        state = self._population.state
        return Probe(
            self._population.module,
            self._population.predicting,
            state.initial,
            state.moments,
            inputs,
            targets,
            training.task_start if training else None,
            tuple(training.sampled) if training else (),
        )

    def _alive(self) -> NDArray[np.bool_]:
        """Replicas that have not diverged, and whose parameters are finite."""
        params = self._population.state.params.values()
        finite = torch.stack([value.isfinite().flatten(1).all(1) for value in params]).all(0)
        alive: NDArray[np.bool_] = finite.cpu().numpy() & (self._evaluation.diverged_at < 0)
        return alive

    def _mark_diverged(self, which: NDArray[np.bool_]) -> None:
        diverged_at = self._evaluation.diverged_at
        diverged_at[(diverged_at < 0) & which] = self._index

    def _evaluated(self, examples: Examples, *, check: bool = False) -> tuple[Values, Values]:
        """Mean metric and loss over examples, (replicas,) each; `check` the network beside."""
        metric, loss = metric_and_loss(self._predicted(examples, check))
        return metric.double().cpu().numpy(), loss.double().cpu().numpy()

    def _predicted(self, examples: Examples, check: bool) -> Iterator[tuple[Tensor, Tensor]]:
        for inputs, targets in examples.in_batches():
            outputs = self._population.predict(inputs)
            if check:
                self._check_network(inputs, outputs)
                check = False
            yield outputs, targets

    def _record(self, when: str, values: Measured) -> None:
        self._evaluation.measurements += [
            Measurement(self._index, when, name, value) for name, value in values.items()
        ]

    def _record_undiverged(self, when: str, values: Measured) -> None:
        undiverged = self._evaluation.diverged_at < 0
        self._record(when, {name: np.where(undiverged, v, np.nan) for name, v in values.items()})
