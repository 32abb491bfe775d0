"""Take a suite's measurements of a population, without touching its training.

A probe is the first examples of the task, the same at its start and its end.
"""

from collections.abc import Callable, Collection, Iterator, Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from plasticity_bench.errors import MeasurementError
from plasticity_bench.evaluation.protocol import Explanation, Protocol
from plasticity_bench.learners.optimizers import Params
from plasticity_bench.measurements import MEASUREMENTS, Measured, Probe
from plasticity_bench.population.population import Population

SAMPLED_UPDATES = 4
Batch = tuple[Tensor, Tensor]


class Prober:
    """What a protocol asks to measure of one population, task after task."""

    def __init__(self, population: Population, protocol: Protocol, scored: Collection[int]) -> None:
        """Prepare for a stream.

        Args:
            population: whose state is read, and never changed.
            protocol: what to measure, and when.
            scored: the stream's scored tasks.
        """
        self._population = population
        self._protocol = protocol
        self._scored = scored
        self._sampled: set[int] = set()
        self._asked: list[Explanation] = []
        self._examples: dict[int, Batch] = {}
        self._task_start: Params = {}
        self._updates: list[tuple[Params, Params]] = []

    def begin_task(
        self,
        index: int,
        num_updates: int,
        first_examples: Callable[[int], Batch],
        watched: Mapping[str, Tensor] | None = None,
    ) -> None:
        """Turn to a task.

        Args:
            index: of the task.
            num_updates: of the task; a few of them are sampled, evenly from first to last.
            first_examples: returns so many of the task's examples.
            watched: where the task was begun before, what `watched_so_far` returned then.
        """
        self._asked = self._protocol.explanations_of(index, self._scored)
        self._sampled = set(np.linspace(0, num_updates - 1, SAMPLED_UPDATES).astype(int).tolist())
        self._examples = {
            count: first_examples(count) for count in {asked.examples for asked in self._asked}
        }
        self._task_start = self._copied_params() if self._asked else {}
        self._updates = []
        if watched is not None:
            self._recall(watched)

    def watched_so_far(self) -> Params:
        """Return the parameters of the task that were kept so far, by a name that tells which."""
        kept = [self._task_start, *(params for update in self._updates for params in update)]
        return {
            f"{place}/{name}": value
            for place, params in enumerate(kept)
            for name, value in params.items()
        }

    def _recall(self, watched: Mapping[str, Tensor]) -> None:
        kept: list[Params] = []
        for key, value in watched.items():
            place, _, name = key.partition("/")
            kept += [{} for _ in range(int(place) + 1 - len(kept))]
            kept[int(place)][name] = value.to(self._population.device)
        self._task_start = kept[0] if kept else {}
        self._updates = list(zip(kept[1::2], kept[2::2], strict=True))

    def watched(self, batches: Iterator[Batch], first: int) -> Iterator[Batch]:
        """Hand on a task's batches; keep the parameters before and after some of the updates.

        Args:
            batches: of the updates that are left.
            first: index of the first of these updates.
        """
        for step, batch in enumerate(batches, first):
            samples = bool(self._asked) and step in self._sampled
            before = self._copied_params() if samples else {}
            yield batch
            if samples:
                self._updates.append((before, self._copied_params()))

    def measure(self, when: str, undiverged: NDArray[np.bool_]) -> Measured:
        """Return this task's measurements, each (members,): not numbers for diverged members.

        Args:
            when: "start" or "end" of the task.
            undiverged: (members,), which are still to be measured.
        """
        at_start = when == "start"
        asked = [a for a in self._asked if MEASUREMENTS[a.name].at_start or not at_start]
        params = self._population.state.params
        finite = torch.stack([v.isfinite().flatten(1).all(1) for v in params.values()]).all(0)
        alive = finite & torch.from_numpy(undiverged).to(finite.device)
        probes = {count: self._probe(count, alive, at_start) for count in self._examples}
        measured: Measured = {}
        for one in asked:
            measured |= _taken(one.name, probes[one.examples])
        known = alive.cpu().numpy()
        return {
            name: np.where(known & np.isfinite(values), values, np.nan)
            for name, values in measured.items()
        }

    def _probe(self, count: int, alive: Tensor, at_start: bool) -> Probe:
        state, (inputs, targets) = self._population.state, self._examples[count]
        # Initial parameters stand in for a diverged member's, so that nothing has to deal with it.
        params = {
            name: torch.where(alive.reshape(-1, *[1] * (v.ndim - 1)), v, state.initial[name])
            for name, v in state.params.items()
        }
        return Probe(
            self._population.module,
            params,
            state.initial,
            state.moments,
            inputs,
            targets,
            None if at_start else self._task_start,
            tuple(self._updates),
        )

    def _copied_params(self) -> Params:
        # Copies: an update may work in place.
        return {name: value.clone() for name, value in self._population.state.params.items()}


def _taken(name: str, probe: Probe) -> Measured:
    try:
        return MEASUREMENTS[name].measure(probe)
    except Exception as error:
        raise MeasurementError(
            f"{name} cannot be measured on this network: {type(error).__name__}: {error} Leave it "
            "out of the suite's measure.explanations."
        ) from error
