"""The result of an evaluation so far, and its progress."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

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

    def copy(self) -> "Evaluation":
        """Return a copy that later measurements are not added to."""
        measurements, diverged_at = list(self.measurements), self.diverged_at.copy()
        return replace(self, measurements=measurements, diverged_at=diverged_at)


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

    @classmethod
    def before_task(
        cls, task: int, evaluation: Evaluation, population: Mapping[str, Tensor]
    ) -> "Progress":
        """Return the progress of an evaluation that has not begun task `task`."""
        none = np.zeros((0, len(evaluation.diverged_at)))
        return cls(task, 0, evaluation.copy(), population, none, none, {})

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
