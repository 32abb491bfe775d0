"""Seed-updates per second of JAX (peers/jax_scan.py) and of compiled populations.

    python -m benchmarks.against_jax /tmp/jax/bin/python

The argument is the Python of an environment with jax. In each round and for each learner, two
processes of JAX run at the same time, each pinned to one core; then two of ours with four replicas,
then two of ours with two. A process reports the median of five samples; the table has medians over
rounds.
"""

import argparse
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from tabulate import tabulate

from benchmarks.throughput import LARGE, Variant, make
from plasticity_bench.running.execution import Execution

PEER = Path(__file__).parent / "peers" / "jax_scan.py"
SAMPLES, BATCH, CHUNK = 5, 32, 100
JAX_SIZE, SIZES = 4, (4, 2)
HEADERS = ["learner", "JAX", *(f"ours, S = {size}" for size in SIZES), "ratio of the better"]


def our_rate(learner: str, size: int, seconds: float) -> float:
    """Return seed-updates per second of a compiled population in this process."""
    samples = []
    with Execution().in_effect():
        updates = make(Variant("population", learner, LARGE, BATCH, size, compiled=True))
        updates(CHUNK)
        for _ in range(SAMPLES):
            done, began = 0, time.perf_counter()
            while time.perf_counter() - began < seconds:
                done += updates(CHUNK)
            samples.append(done / (time.perf_counter() - began))
    return statistics.median(samples)


def together(command: Sequence[str]) -> float:
    """Run a command in two processes at the same time, and return the sum of their rates."""
    environment = {**os.environ, "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false"}
    running = [
        subprocess.Popen(
            ["taskset", "-c", str(core), *command],
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
        )
        for core in (0, 1)
    ]
    printed = [process.communicate()[0] for process in running]
    return sum(float(text.rpartition(":")[2].replace(",", "")) for text in printed)


def main() -> None:
    """Measure alternately and print the table; with `--ours`, print one rate."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("python", nargs="?", help="interpreter of an environment with jax")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=0.6, help="length of each sample")
    parser.add_argument("--learners", nargs="*", default=["sgd", "adam", "l2_init", "wasserstein"])
    parser.add_argument("--ours", type=int, metavar="S", help="print only our rate with S replicas")
    options = parser.parse_args()
    if options.ours:
        (learner,) = options.learners
        print(f"{learner}: {our_rate(learner, options.ours, options.seconds):,.0f}")
        return
    if not options.python:
        parser.error("the interpreter of an environment with jax is required")
    table = []
    for learner in options.learners:
        common = ["--learners", learner, "--seconds", str(options.seconds)]
        commands = [
            [options.python, str(PEER), "--size", str(JAX_SIZE), *common],
            *(
                [sys.executable, "-m", "benchmarks.against_jax", "--ours", str(size), *common]
                for size in SIZES
            ),
        ]
        rounds = [[together(command) for command in commands] for _ in range(options.rounds)]
        medians = [statistics.median(column) for column in zip(*rounds, strict=True)]
        ratio = max(medians[1:]) / medians[0]
        table.append([learner, *(f"{value:,.0f}" for value in medians), f"{ratio:.2f}"])
    print(tabulate(table, HEADERS, "github", disable_numparse=True))


if __name__ == "__main__":
    main()
