"""What an evaluation has found so far, and how far it has come."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

Values = NDArray[np.float64]


@dataclass(frozen=True)
class Measurement:
    """One number for every member.

    Attributes:
        task: index of the task.
        when: "start", "during" or "end".
        name: what was measured.
        values: (members,) float64; not a number from the task on in which a member diverged.
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
        diverged_at: (members,), the task in which the loss stopped being finite, or -1.
        prepare_seconds: wall time of recording and compiling the update, once for all.
        train_seconds: wall time of the updates of all members together, without that.
        measure_seconds: wall time of the measurements of all members together.
    """

    measurements: list[Measurement] = field(default_factory=list)
    diverged_at: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    prepare_seconds: float = 0.0
    train_seconds: float = 0.0
    measure_seconds: float = 0.0

    def copy(self) -> "Evaluation":
        """Return the same, which what is found later is not added to."""
        measurements, diverged_at = list(self.measurements), self.diverged_at.copy()
        return replace(self, measurements=measurements, diverged_at=diverged_at)


@dataclass(frozen=True)
class Progress:
    """All that an evaluation needs to go on, in another process, to the same bit.

    Attributes:
        task: index of the task that it is in.
        update: how many of the task's updates are done; with none, nothing of the task is.
        evaluation: what was found so far.
        population: of the population, what `Population.tensors` returned.
        losses: of the task's updates so far, (updates, members).
        merits: likewise.
        watched: what the measurements of the task need of its past, (members, ...) each.
    """

    task: int
    update: int
    evaluation: Evaluation
    population: Mapping[str, Tensor]
    losses: Values
    merits: Values
    watched: Mapping[str, Tensor]

    def select(self, places: Sequence[int]) -> "Progress":
        """Return the progress of some of the members, given by their places.

        Of the times they have their share, each as much as any other.
        """
        chosen = list(places)
        found = self.evaluation
        share = len(chosen) / len(found.diverged_at)
        return replace(
            self,
            evaluation=replace(
                found,
                measurements=[replace(m, values=m.values[chosen]) for m in found.measurements],
                diverged_at=found.diverged_at[chosen],
                prepare_seconds=found.prepare_seconds * share,
                train_seconds=found.train_seconds * share,
                measure_seconds=found.measure_seconds * share,
            ),
            population={name: value[chosen] for name, value in self.population.items()},
            losses=self.losses[:, chosen],
            merits=self.merits[:, chosen],
            watched={name: value[chosen] for name, value in self.watched.items()},
        )
