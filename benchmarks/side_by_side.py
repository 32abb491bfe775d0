"""Time variants alternately, each in several processes at the same time.

Every process makes all variants and keeps them. A sample runs one variant in all processes for the
same time. Samples of all variants alternate, so that a change of the machine's speed affects all of
them.
"""

import os
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Any

Updates = Callable[[int], int]


@dataclass(frozen=True)
class Timing:
    """Seed-updates per second of one variant, all processes together.

    Attributes:
        median: over the samples.
        lowest: over the samples.
        highest: over the samples.
        disturbed: share of wall time in which a process was not running on a CPU.
    """

    median: float
    lowest: float
    highest: float
    disturbed: float


def timed(
    make: Callable[[Any], Updates],
    variants: Mapping[str, Any],
    *,
    processes: int,
    repeats: int,
    seconds: float,
    environment: Mapping[str, str] | None = None,
) -> dict[str, Timing]:
    """Time every variant.

    Args:
        make: returns the updates of a variant, given its value; called in each process.
        variants: values by name.
        processes: number of processes that run each variant at the same time.
        repeats: number of samples of each variant.
        seconds: length of each sample.
        environment: variables to set in the processes.
    """
    context = get_context("spawn")
    before = {name: os.environ.get(name) for name in environment or {}}
    os.environ.update(environment or {})
    pipes, workers = [], []
    for _ in range(processes):
        ours, theirs = context.Pipe()
        worker = context.Process(target=_serve, args=(make, dict(variants), theirs), daemon=True)
        worker.start()
        pipes.append(ours)
        workers.append(worker)
    for name, value in before.items():
        os.environ.pop(name) if value is None else os.environ.update({name: value})
    samples: dict[str, list[tuple[float, float]]] = {name: [] for name in variants}
    for name in variants:
        _all(pipes, name, 0.0)  # recording, compiling, caches
    for _ in range(repeats):
        for name in variants:
            by_process = _all(pipes, name, seconds)
            rate = sum(rate for rate, _ in by_process)
            samples[name].append((rate, statistics.mean(idle for _, idle in by_process)))
    for pipe, worker in zip(pipes, workers, strict=True):
        pipe.send(None)
        worker.join()
    return {name: _summary(of_variant) for name, of_variant in samples.items()}


def _all(pipes: list[Any], name: str, seconds: float) -> list[tuple[float, float]]:
    for pipe in pipes:
        pipe.send((name, seconds))
    return [pipe.recv() for pipe in pipes]


def _summary(samples: list[tuple[float, float]]) -> Timing:
    rates = [rate for rate, _ in samples]
    disturbed = statistics.mean(idle for _, idle in samples)
    return Timing(statistics.median(rates), min(rates), max(rates), disturbed)


def _serve(make: Callable[[Any], Updates], variants: dict[str, Any], pipe: Any) -> None:
    import torch

    from plasticity_bench.running.execution import Execution

    with Execution().in_effect():
        torch.manual_seed(0)
        made: dict[str, Updates] = {}
        while (order := pipe.recv()) is not None:
            name, seconds = order
            if name not in made:
                made[name] = make(variants[name])
                made[name](20)
            pipe.send(_sample(made[name], seconds))


def _sample(updates: Updates, seconds: float) -> tuple[float, float]:
    """Return the rate, and the share of wall time in which this process was not running."""
    done, began, used = 0, time.perf_counter(), time.process_time()
    while done == 0 or time.perf_counter() - began < seconds:
        done += updates(10)
    wall = time.perf_counter() - began
    return done / wall, max(0.0, 1 - (time.process_time() - used) / wall)
