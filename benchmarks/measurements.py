"""What the measurements cost: each on its own, and the quick suite's set beside its training.

    python -m benchmarks.measurements > benchmarks/measurements.md

One process, one thread. The first table takes each measurement of ten replicas of the quick suite's
network, hidden activations and gradients computed anew each time. The second runs the quick suite's
learners on its first stream, its ten seeds as one population, with its measurements and without, in
turn, the quicker of two repeats. Times are the process's CPU time: in one thread its wall time,
less what other processes take.
"""

import platform
import statistics
import time
from dataclasses import replace

import torch
from tabulate import tabulate

import plasticity_bench as pb
from plasticity_bench.measurements import MEASUREMENTS, Probe
from plasticity_bench.programs.allocator import keep_freed_memory
from plasticity_bench.suite.suite import Suite, load_suite

MEMBERS, REPEATS = 10, 7
EXAMPLES = {"neural_tangent_kernel": 16}
ELSEWHERE = ("fisher", "gauss_newton", "last_layers", "hessian")  # in benchmarks/curvature.md


def probe(suite: Suite, examples: int) -> Probe:
    """Ten untrained networks of the quick suite, on the first examples of a task."""
    spec = suite.streams[0].network
    run = pb.Population([pb.Replica(seed, pb.Learner()) for seed in range(MEMBERS)], spec)
    state, generator = run.state, torch.Generator().manual_seed(0)
    inputs = torch.rand(MEMBERS, examples, *spec.input_shape, generator=generator)
    targets = torch.randint(spec.num_outputs, (MEMBERS, examples), generator=generator)
    steps = ((state.params, state.params),) * 4
    return Probe(
        run.module,
        state.params,
        state.initial,
        state.moments,
        inputs,
        targets,
        state.params,
        steps,
    )


def each(suite: Suite) -> list[list[object]]:
    """Milliseconds of each measurement for one replica."""
    rows: list[list[object]] = []
    for name, registered in MEASUREMENTS.items():
        if name in ELSEWHERE:
            continue
        examples = EXAMPLES.get(name, 256)
        one = probe(suite, examples)
        times = []
        for _ in range(REPEATS):
            anew = replace(one)  # without what was kept
            began = time.process_time()
            registered.measure(anew)
            times.append((time.process_time() - began) / MEMBERS * 1e3)
        spread = f"{min(times[1:]):.2f} to {max(times[1:]):.2f}"
        rows.append([name, examples, f"{statistics.median(times[1:]):.2f}", spread])
    return rows


def seconds(suite: Suite, learner: pb.Learner, protocol: pb.Protocol) -> float:
    """CPU time of training and measuring on the suite's first stream."""
    run = suite.streams[0]
    replicas = [pb.Replica(seed, learner) for seed in range(suite.num_seeds)]
    began = time.process_time()
    pb.evaluate(run.stream, pb.Population(replicas, run.network), protocol)
    return time.process_time() - began


def beside_training(suite: Suite) -> list[list[object]]:
    """Seconds with and without the suite's measurements, by learner."""
    without = replace(suite.protocol, diagnostics=())
    rows: list[list[object]] = []
    total = [0.0, 0.0]
    for contender in suite.contenders:
        repeats = [
            [seconds(suite, contender.learner, p) for p in (without, suite.protocol)]
            for _ in range(2)
        ]
        found = [min(times) for times in zip(*repeats, strict=True)]
        total = [one + other for one, other in zip(total, found, strict=True)]
        rows.append([contender.label, *_compared(*found)])
    return [*rows, ["all", *_compared(*total)]]


def _compared(without: float, with_all: float) -> list[str]:
    return [f"{without:.2f}", f"{with_all:.2f}", f"{100 * (with_all / without - 1):+.1f} %"]


def main() -> None:
    """Measure and print the tables."""
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    keep_freed_memory()
    suite = load_suite("suites/quick.yaml")
    spec = suite.streams[0].network
    seconds(suite, suite.contenders[0].learner, replace(suite.protocol, diagnostics=()))  # caches
    print(f"torch {torch.__version__}, {platform.machine()}, one thread, {MEMBERS} replicas of")
    print(
        f"{spec.input_shape}-{spec.hidden}-{spec.num_outputs}, medians of {REPEATS - 1} repeats.\n"
    )
    headers = ["measurement", "examples", "ms for a member", "spread"]
    print(tabulate(each(suite), headers, "github", disable_numparse=True))
    names = ", ".join(e.name for e in suite.protocol.diagnostics)
    every = suite.protocol.diagnostics[0].every
    print(f"\nThe quick suite takes {names} in every {every}th task and the last tenth:\n")
    headers = ["learner", "CPU seconds without", "with", "added"]
    print(tabulate(beside_training(suite), headers, "github", disable_numparse=True))


if __name__ == "__main__":
    main()
