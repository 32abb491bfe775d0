"""What a suite will cost on this machine, before anything of it is run.

Times come from a few updates of each learner on random inputs of the right shape, recorded but not
compiled: what is compiled runs faster, and measuring takes time besides.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import torch

from plasticity_bench.networks import build_network
from plasticity_bench.running.execution import Execution
from plasticity_bench.running.population_size import by_rule, seed_updates_per_second
from plasticity_bench.suite.suite import StreamRun, Suite

FLOAT_BYTES = 4
STATE_COPIES = 4
"""Parameters, their gradients and two moments."""


@dataclass(frozen=True)
class Forecast:
    """What one learner on one stream will cost.

    Attributes:
        stream: the stream's label.
        learner: the learner's label.
        cells: how many there are, one for each seed.
        updates: of all its cells together.
        seconds: of one process, for the updates; not a number where they were not timed.
        memory_bytes: of one process: inputs of a task's examples, and the members' state.
    """

    stream: str
    learner: str
    cells: int
    updates: int
    seconds: float
    memory_bytes: int


def forecast(
    suite: Suite,
    num_seeds: int,
    execution: Execution,
    timed: bool = True,
    notify: Callable[[str], None] = lambda _: None,
) -> Iterator[Forecast]:
    """Yield what each learner on each stream will cost; no data set need be on this machine.

    Args:
        suite: to be run.
        num_seeds: how many seeds of it.
        execution: how they would be run.
        timed: whether to time updates; else only what follows from sizes is told.
        notify: told, in a sentence, what is timed.
    """
    rates: dict[object, float] = {}
    eager = replace(execution, compile_mode="off")
    for run in suite.streams:
        members = min(execution.members or by_rule(run.network, execution), num_seeds)
        updates = run.stream.num_updates * num_seeds
        memory_bytes = _memory_bytes(run, members)
        for contender in suite.contenders:
            # Settings do not change what an update costs; learner, network and batch do.
            key = (type(contender.learner), run.network, run.stream.batch_size, members)
            if timed and key not in rates:
                notify(f"timing {contender.label} on {run.label}")
                rates[key] = seed_updates_per_second(
                    run.stream, run.network, contender.on(run.label).learner, eager, members
                )
            rate = rates.get(key, math.nan)
            seconds = updates / rate if rate else math.nan
            yield Forecast(run.label, contender.label, num_seeds, updates, seconds, memory_bytes)


def num_parameters(run: StreamRun) -> int:
    """Return how many parameters a stream's network has, as its specification says."""
    with torch.device("meta"):
        return sum(value.numel() for value in build_network(run.network).parameters())


def _memory_bytes(run: StreamRun, members: int) -> int:
    largest = max(map(run.stream.size, range(run.stream.num_tasks)))
    inputs = members * largest * math.prod(run.stream.input_shape)
    return FLOAT_BYTES * (inputs + STATE_COPIES * members * num_parameters(run))
