"""Parameters at a task's start and around some of its updates, for measurements of updates."""

from collections.abc import Mapping

import numpy as np
from torch import Tensor

from plasticity_bench.learners.optimizers import Params
from plasticity_bench.programs.population import Population

SAMPLED_UPDATES = 4
"""Of a task, evenly from the first to the last."""


class Snapshots:
    """Copies of a population's parameters, taken as it is trained on a task.

    Attributes:
        task_start: the parameters that predictions were made with at the task's start; empty if
            nothing is sampled.
        updates: the trained parameters before and after each sampled update so far.
    """

    def __init__(self, population: Population) -> None:
        self._population = population
        self._sampled: set[int] = set()
        self._before: Params = {}
        self.task_start: Params = {}
        self.updates: list[tuple[Params, Params]] = []

    def enter(self, num_updates: int, needed: bool, begun: Mapping[str, Tensor] | None) -> None:
        """Start a task.

        Args:
            num_updates: of the task.
            needed: whether a measurement of this task looks at updates.
            begun: of a task that is resumed, what `tensors` returned.
        """
        sampled = np.linspace(0, num_updates - 1, SAMPLED_UPDATES).astype(int).tolist()
        self._sampled = set(sampled) if needed else set()
        self.task_start = _copy(self._population.predicting) if needed else {}
        self.updates = []
        if begun is not None:
            self._restore(begun)

    def before(self, update: int) -> None:
        """Note the parameters before an update, if it is sampled."""
        if update in self._sampled:
            self._before = self._copied()

    def after(self, update: int) -> None:
        """Note the parameters after an update, if it is sampled."""
        if update in self._sampled:
            self.updates.append((self._before, self._copied()))

    def tensors(self) -> Params:
        """Return all snapshots of the task, by a name that says which."""
        kept = [self.task_start, *(params for update in self.updates for params in update)]
        return {
            f"{number}/{name}": value
            for number, params in enumerate(kept)
            for name, value in params.items()
        }

    def _restore(self, tensors: Mapping[str, Tensor]) -> None:
        kept: list[Params] = []
        for key, value in tensors.items():
            number, _, name = key.partition("/")
            kept += [{} for _ in range(int(number) + 1 - len(kept))]
            kept[int(number)][name] = value.to(self._population.device)
        self.task_start = kept[0] if kept else {}
        self.updates = list(zip(kept[1::2], kept[2::2], strict=True))

    def _copied(self) -> Params:
        return _copy(self._population.state.params)


def _copy(params: Params) -> Params:
    """Copies, because an update may work in place."""
    return {name: value.clone() for name, value in params.items()}
