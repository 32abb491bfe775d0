"""Time and memory as functions of tasks, replicas and parameters.

    python -m benchmarks.growth > benchmarks/growth.md

Each row is measured in a separate process with one thread. Time includes updates and measurements.
Memory is the growth of the process's peak resident set during the run.
"""

import argparse
import platform
import resource
import statistics
from multiprocessing import get_context
from typing import Any

import torch
from tabulate import tabulate

import plasticity_bench as pb
from plasticity_bench.learners.lookup import find_learner
from plasticity_bench.running.execution import Execution

BASE = {"tasks": 20, "replicas": 4, "width": 64}
ROWS = {
    "tasks": (10, 20, 40, 80, 160),
    "replicas": (1, 2, 4, 8, 16),
    "width": (32, 64, 128, 256),
}


def measure(tasks: int, replicas: int, width: int) -> tuple[int, float, float]:
    """Return the number of parameters of a replica, and the seconds and mebibytes of one run."""
    stream = pb.make_stream(
        "plasticity/RandomLabelDigits-v0", num_tasks=tasks, updates_per_task=200, num_examples=512
    )
    spec = pb.NetworkSpec(
        hidden=(width, width),
        input_shape=stream.input_shape,
        num_outputs=stream.num_outputs,
    )
    with Execution().in_effect():
        learner = find_learner("adam")()
        population = pb.Population([pb.Replica(seed, learner) for seed in range(replicas)], spec)
        # The first update allocates memory that does not depend on the run: not counted.
        inputs = torch.zeros(replicas, stream.batch_size, *spec.input_shape)
        population.update(inputs, torch.zeros(replicas, stream.batch_size, dtype=torch.int64))
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        result = pb.evaluate(stream, population, pb.Protocol(curvature_every=10))
    size = sum(p.numel() for p in pb.build_network(spec).parameters())
    growth = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    seconds = result.train_seconds + population.prepare_seconds + result.measure_seconds
    return size, seconds, growth / 1024


def main() -> None:
    """Measure and print the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    print("# Growth\n")
    repeats = "one run each" if options.repeats == 1 else f"medians of {options.repeats} runs"
    print(f"torch {torch.__version__}, {platform.machine()}, one thread; {repeats}.")
    print("Random labels of 512 digits, 200 updates of 32 a task, Adam, two hidden layers;")
    print(f"{BASE['tasks']} tasks, {BASE['replicas']} replicas and width {BASE['width']}, unless")
    print("stated otherwise. Made by `python -m benchmarks.growth`.")
    for quantity, values in ROWS.items():
        rows = table(quantity, values, options.repeats)
        print("\n" + tabulate(rows, "keys", "github"), flush=True)


def table(quantity: str, values: tuple[int, ...], repeats: int) -> list[dict[str, Any]]:
    """Return one row for each value of one quantity."""
    rows = []
    context = get_context("spawn")
    for value in values:
        setting = {**BASE, quantity: value}
        runs = []
        for _ in range(repeats):
            with context.Pool(1) as pool:
                runs.append(pool.apply(measure, kwds=setting))
        size, seconds = runs[0][0], statistics.median(run[1] for run in runs)
        memory = statistics.median(run[2] for run in runs)
        updates = setting["tasks"] * 200 * setting["replicas"]
        rows.append(
            {
                quantity: value,
                "parameters": f"{size:,}",
                "seconds": f"{seconds:.2f}",
                "microseconds per seed-update": f"{1e6 * seconds / updates:.0f}",
                "MiB more": f"{memory:.0f}",
            }
        )
    return rows


if __name__ == "__main__":
    main()
