"""Forecast of what a suite will cost on this machine, before it is run.

Times are those of a few updates of each learner on random inputs of the right shape, recorded but
not compiled: compiled updates are faster, and measuring takes additional time.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from plasticity_bench.networks import num_parameters
from plasticity_bench.running.execution import Execution
from plasticity_bench.running.population_size import by_rule, seed_updates_per_second
from plasticity_bench.suite.own_fresh import restarts_itself
from plasticity_bench.suite.suite import Suite, SuiteStream

FLOAT_BYTES = 4
STATE_COPIES = 4
"""Parameters, their gradients and two moments."""


@dataclass(frozen=True)
class Forecast:
    """What one learner on one stream will cost.

    Attributes:
        stream: the stream's label.
        learner: the learner's label.
        runs: how many there are: one for each seed, and one for its own fresh copy.
        updates: of all its runs together.
        seconds: of one process, for the updates; NaN if they were not timed.
        memory_bytes: of one process: inputs of a task's examples, and the replicas' state.
    """

    stream: str
    learner: str
    runs: int
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
    """Yield the cost of each learner on each stream; no data set need be on this machine.

    Args:
        suite: to be run.
        num_seeds: how many seeds of it.
        execution: how they would be run.
        timed: whether to time updates; otherwise only what follows from sizes is known.
        notify: called with a sentence about what is timed.
    """
    rates: dict[object, float] = {}
    eager = replace(execution, compile_mode="off")
    for suite_stream in suite.streams:
        replicas = min(execution.replicas or by_rule(suite_stream.network, execution), num_seeds)
        stream = suite_stream.stream
        copy_updates = sum(map(stream.updates, stream.scored_tasks()))
        memory_bytes = _memory_bytes(suite_stream, replicas)
        for contender in suite.contenders:
            # Settings do not change what an update costs; learner, network and batch do.
            key = (
                type(contender.learner),
                suite_stream.network,
                suite_stream.stream.batch_size,
                replicas,
            )
            if timed and key not in rates:
                notify(f"timing {contender.label} on {suite_stream.label}")
                rates[key] = seed_updates_per_second(
                    suite_stream.stream,
                    suite_stream.network,
                    contender.on(suite_stream.label).learner,
                    eager,
                    replicas,
                )
            rate = rates.get(key, math.nan)
            own_copy = restarts_itself(suite, contender)
            runs = num_seeds if own_copy else 2 * num_seeds
            updates = num_seeds * (stream.num_updates + (0 if own_copy else copy_updates))
            seconds = updates / rate if rate else math.nan
            yield Forecast(
                suite_stream.label, contender.label, runs, updates, seconds, memory_bytes
            )


def _memory_bytes(suite_stream: SuiteStream, replicas: int) -> int:
    largest = max(map(suite_stream.stream.size, range(suite_stream.stream.num_tasks)))
    inputs = replicas * largest * math.prod(suite_stream.stream.input_shape)
    return FLOAT_BYTES * (inputs + STATE_COPIES * replicas * num_parameters(suite_stream.network))
