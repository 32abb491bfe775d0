"""The result of an evaluation so far, and its progress."""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from plasticity_bench.programs.population import Population

Values = NDArray[np.float64]


@dataclass(frozen=True)
class Measurement:
    """One number for every replica.

    Attributes:
        task: index of the task.
        when: "start", "during" or "end".
        name: what was measured.
        values: (replicas,) float64; NaN from the task on in which a replica diverged.
    """

    task: int
    when: str
    name: str
    values: Values


@dataclass
class Evaluation:
    """What one population did on one stream.

    Attributes:
        measurements: in the order they were taken.
        diverged_at: (replicas,), the task in which the loss stopped being finite, or -1.
        prepare_seconds: wall time of recording and compiling the update, once for all.
        train_seconds: wall time of the updates of all replicas together, without that.
        measure_seconds: wall time of the measurements of all replicas together.
    """

    measurements: list[Measurement] = field(default_factory=list)
    diverged_at: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    prepare_seconds: float = 0.0
    train_seconds: float = 0.0
    measure_seconds: float = 0.0

    @classmethod
    def of_replicas(cls, number: int) -> "Evaluation":
        """Return the evaluation of so many replicas before the first task."""
        return cls(diverged_at=np.full(number, -1))

    def copy(self) -> "Evaluation":
        """Return a copy that later measurements are not added to."""
        measurements, diverged_at = list(self.measurements), self.diverged_at.copy()
        return replace(self, measurements=measurements, diverged_at=diverged_at)


class Clock:
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


@dataclass(frozen=True)
class Progress:
    """All that an evaluation needs to resume bit-exactly in another process.

    Attributes:
        task: index of the task that it is in.
        update: number of the task's updates that are done; with 0, the task has not begun.
        evaluation: the result so far.
        population: of the population, what `Population.tensors` returned.
        losses: of the task's updates so far, (updates, replicas).
        batch_metrics: likewise.
        snapshots: of parameters in this task, (replicas, ...) each.
    """

    task: int
    update: int
    evaluation: Evaluation
    population: Mapping[str, Tensor]
    losses: Values
    batch_metrics: Values
    snapshots: Mapping[str, Tensor]

    def select(self, indices: Sequence[int]) -> "Progress":
        """Return the progress of some of the replicas, with an equal share of the times."""
        chosen = list(indices)
        whole = self.evaluation
        share = len(chosen) / len(whole.diverged_at)
        return replace(
            self,
            evaluation=replace(
                whole,
                measurements=[replace(m, values=m.values[chosen]) for m in whole.measurements],
                diverged_at=whole.diverged_at[chosen],
                prepare_seconds=whole.prepare_seconds * share,
                train_seconds=whole.train_seconds * share,
                measure_seconds=whole.measure_seconds * share,
            ),
            population={name: value[chosen] for name, value in self.population.items()},
            losses=self.losses[:, chosen],
            batch_metrics=self.batch_metrics[:, chosen],
            snapshots={name: value[chosen] for name, value in self.snapshots.items()},
        )
