"""The number of replicas in a population.

One replica at a time leaves the processor waiting for Python; too many do not fit into its cache.
The best number depends on learner, network and machine. Long runs therefore time a few numbers, for
a second each, and store the result; short runs follow a rule.
"""

import contextlib
import hashlib
import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import torch

from plasticity_bench.folders import cache_folder
from plasticity_bench.learners.losses import random_targets
from plasticity_bench.learners.submitted import AnyLearner, SubmittedLearner
from plasticity_bench.networks import NetworkSpec, num_parameters
from plasticity_bench.programs.compiling import AUTO_UPDATES
from plasticity_bench.programs.population import Population, Replica
from plasticity_bench.provenance import environment
from plasticity_bench.running.execution import Execution
from plasticity_bench.safe_files import write_atomic
from plasticity_bench.source_code.source import source_of
from plasticity_bench.streams.stream import Stream

SIZES = (1, 2, 4, 8, 16)
"""Numbers that are timed on a CPU core; larger ones gain nothing (benchmarks/throughput.md)."""

GPU_SIZES = (1, 8, 64, 256, 1024)

CACHE_BYTES = 8 * 2**20
"""The memory that a population's parameters, gradients and moments may take by the rule: a core's
share of the cache. Beyond it, each update waits for memory."""

GPU_SHARE = 0.25
"""The share of a GPU's memory that they may take by the rule; activations need the rest."""

SECONDS = 0.5
"""How long each number is timed, after the update is prepared."""


def by_rule(network: NetworkSpec, execution: Execution) -> int:
    """Return how many replicas of a network suit a device, from the size of the network.

    >>> small = NetworkSpec(hidden=(64, 64), input_shape=(8, 8), num_outputs=10)
    >>> by_rule(small, Execution())
    16
    >>> large = NetworkSpec(hidden=(128, 128), input_shape=(784,), num_outputs=10)
    >>> by_rule(large, Execution())
    4
    """
    if network.convolves and not execution.on_gpu:
        return 2  # measurements have less to do for each; activations of more leave the cache
    state_bytes = 4 * 4 * num_parameters(network)  # float32: parameters, gradients and two moments
    if execution.on_gpu:
        memory = torch.cuda.get_device_properties(execution.device).total_memory
        return max(1, min(GPU_SIZES[-1], int(GPU_SHARE * memory) // state_bytes))
    return max(1, min(SIZES[-1], CACHE_BYTES // state_bytes))


def chosen(
    stream: Stream,
    network: NetworkSpec,
    learner: AnyLearner,
    execution: Execution,
    most: int,
    notify: Callable[[str], None] = lambda _: None,
) -> int:
    """Return how many replicas a population should have: as requested, as timed, or by the rule.

    Args:
        stream: what the population will run on.
        network: what its learner is asked to build.
        learner: the learner.
        execution: the device, and whether updates are compiled.
        most: the largest number; there are no more to run.
        notify: called with a sentence about what is timed.
    """
    if execution.replicas is not None:
        return min(execution.replicas, most)
    num_updates = stream.num_updates
    if most == 1 or num_updates < AUTO_UPDATES or not learner.vectorized:
        return min(by_rule(network, execution), most)
    file = _cache_file(stream, network, learner, execution)
    tried = GPU_SIZES if execution.on_gpu else SIZES
    sizes = [size for size in tried if size <= most]

    def measured(size: int) -> float:
        seeds = "1 seed" if size == 1 else f"{size} seeds"
        notify(f"timing {seeds} at a time (stored for later runs).")
        return seed_updates_per_second(stream, network, learner, execution, size)

    return best(sizes, measured, file)


def best(sizes: list[int], measure: Callable[[int], float], file: Path) -> int:
    """Return the size with the highest rate; rates are read from a file, and missing ones added.

    Sizes are tried in ascending order until one is slower than its predecessor by a fifth.
    """
    rates = _read(file)
    for position, size in enumerate(sizes):
        if size not in rates:
            rates[size] = measure(size)
            _write(file, rates)
        if position > 0 and rates[size] < 0.8 * rates[sizes[position - 1]]:
            break
    return max((size for size in sizes if size in rates), key=lambda size: rates[size])


def seed_updates_per_second(
    stream: Stream, network: NetworkSpec, learner: AnyLearner, execution: Execution, size: int
) -> float:
    """Time a population on random inputs; 0 if it does not fit into the device's memory."""
    replicas = [Replica(seed, learner) for seed in range(size)]
    shape = (size, stream.batch_size)
    inputs = torch.randn(*shape, *network.input_shape, device=execution.device)
    targets = random_targets(shape, network.num_outputs, stream.regression).to(execution.device)
    compiles = execution.compiles(stream.num_updates)
    try:
        with execution.in_effect():
            population = Population(
                replicas, network, compile_updates=compiles, device=execution.device
            )
            population.update(inputs, targets)
            done, began, burst = 0, time.perf_counter(), 1
            while time.perf_counter() - began < SECONDS:
                for _ in range(burst):
                    loss, _ = population.update(inputs, targets)
                loss.cpu()  # a GPU is waited for
                done += burst * size
                burst = min(2 * burst, 16)  # an update may take seconds
            return done / (time.perf_counter() - began)
    except torch.OutOfMemoryError:
        return 0.0


def _cache_file(
    stream: Stream, network: NetworkSpec, learner: AnyLearner, execution: Execution
) -> Path:
    known = environment()
    if isinstance(learner, SubmittedLearner):
        named = (learner.name, learner.source)
    else:
        named = (type(learner).__name__, source_of(type(learner)).hash)
    key = {
        "network": network.identity(),
        "batch_size": stream.batch_size,
        "learner": named,
        "compiles": execution.compiles(stream.num_updates),
        "device": execution.record(),
        "processor": (known["processor"], known["cores"]),
        "packages": known["packages"],
    }
    text = json.dumps(key, sort_keys=True, default=str)
    return cache_folder() / "replicas" / f"{hashlib.sha256(text.encode()).hexdigest()[:24]}.json"


def _read(file: Path) -> dict[int, float]:
    try:
        return {int(size): float(rate) for size, rate in json.loads(file.read_text()).items()}
    except (OSError, ValueError, AttributeError):
        return {}  # missing or damaged: timed again


def _write(file: Path, rates: Mapping[int, float]) -> None:
    with contextlib.suppress(OSError):  # without the file it is timed again in the next run
        write_atomic(file, json.dumps(rates).encode())
