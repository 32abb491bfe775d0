"""Time of each diagnostic, and of the quick suite's diagnostics compared with its training.

    python -m benchmarks.measurements > benchmarks/measurements.md

One process, one thread. The first table times each diagnostic for ten replicas of the quick suite's
network; hidden activations and gradients are recomputed every time. The second table times training
on the quick suite's first stream, all seeds in one population, with diagnostics and without, and
takes the faster of two repeats. Times are CPU times of this process.
"""

import argparse
import platform
import statistics
import time
from dataclasses import replace

import torch
from tabulate import tabulate

import plasticity_bench as pb
from plasticity_bench.measurements import MEASUREMENTS, Probe
from plasticity_bench.programs.allocator import keep_freed_memory
from plasticity_bench.suite.loading import load_suite
from plasticity_bench.suite.suite import Suite

NUM_REPLICAS, REPEATS = 10, 7
EXAMPLES = {"neural_tangent_kernel": 16}
ELSEWHERE = (
    *("fisher", "gauss_newton", "last_layers", "hessian", "fisher_srank99"),
    *("fisher_absolute_rank", "gauss_newton_absolute_rank", "hessian_absolute_rank"),
)
"""Curvature, which benchmarks/curvature.md has."""


def probe(suite: Suite, examples: int) -> Probe:
    """Return a probe of ten untrained networks of the quick suite on random examples."""
    spec = suite.streams[0].network
    population = pb.Population(
        [pb.Replica(seed, pb.Learner()) for seed in range(NUM_REPLICAS)], spec
    )
    state, generator = population.state, torch.Generator().manual_seed(0)
    inputs = torch.rand(NUM_REPLICAS, examples, *spec.input_shape, generator=generator)
    targets = torch.randint(spec.num_outputs, (NUM_REPLICAS, examples), generator=generator)
    steps = ((state.params, state.params),) * 4
    return Probe(
        population.module,
        state.params,
        state.initial,
        state.moments,
        inputs,
        targets,
        state.params,
        steps,
    )


def each(suite: Suite) -> list[list[object]]:
    """Return the milliseconds of each diagnostic for one replica."""
    rows: list[list[object]] = []
    for name, registered in MEASUREMENTS.items():
        if name in ELSEWHERE:
            continue
        examples = EXAMPLES.get(name, 256)
        one = probe(suite, examples)
        times = []
        for _ in range(REPEATS):
            uncached = replace(one)  # a copy does not share cached activations and gradients
            began = time.process_time()
            registered.measure(uncached)
            times.append((time.process_time() - began) / NUM_REPLICAS * 1e3)
        spread = f"{min(times[1:]):.2f} to {max(times[1:]):.2f}"
        rows.append([name, examples, f"{statistics.median(times[1:]):.2f}", spread])
    return rows


def seconds(suite: Suite, learner: pb.Learner, protocol: pb.Protocol) -> float:
    """Return the CPU time of training and measuring on the suite's first stream."""
    suite_stream = suite.streams[0]
    replicas = [pb.Replica(seed, learner) for seed in range(suite.num_seeds)]
    began = time.process_time()
    pb.evaluate(suite_stream.stream, pb.Population(replicas, suite_stream.network), protocol)
    return time.process_time() - began


def added_to_training(suite: Suite) -> list[list[object]]:
    """Return the seconds without and with the suite's diagnostics, by learner."""
    without = replace(suite.protocol, diagnostics=())
    rows: list[list[object]] = []
    total = [0.0, 0.0]
    for contender in suite.contenders:
        repeats = [
            [seconds(suite, contender.learner, p) for p in (without, suite.protocol)]
            for _ in range(2)
        ]
        fastest = [min(times) for times in zip(*repeats, strict=True)]
        total = [one + other for one, other in zip(total, fastest, strict=True)]
        rows.append([contender.label, *_compared(*fastest)])
    return [*rows, ["all", *_compared(*total)]]


def _compared(without: float, with_all: float) -> list[str]:
    return [f"{without:.2f}", f"{with_all:.2f}", f"{100 * (with_all / without - 1):+.1f} %"]


def main() -> None:
    """Measure and print the tables."""
    argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    ).parse_args()
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    keep_freed_memory()
    suite = load_suite("suites/quick.yaml")
    spec = suite.streams[0].network
    # The first training fills caches, and is not counted.
    seconds(suite, suite.contenders[0].learner, replace(suite.protocol, diagnostics=()))
    print(
        f"torch {torch.__version__}, {platform.machine()}, one thread, {NUM_REPLICAS} replicas of"
    )
    print(
        f"{spec.input_shape}-{spec.hidden}-{spec.num_outputs}, medians of {REPEATS - 1} repeats.\n"
    )
    headers = ["measurement", "examples", "ms for a replica", "spread"]
    print(tabulate(each(suite), headers, "github", disable_numparse=True))
    names = ", ".join(e.name for e in suite.protocol.diagnostics)
    every = suite.protocol.diagnostics[0].every
    print(f"\nThe quick suite takes {names} in every {every}th task and the last tenth:\n")
    headers = ["learner", "CPU seconds without", "with", "added"]
    print(tabulate(added_to_training(suite), headers, "github", disable_numparse=True))


if __name__ == "__main__":
    main()
