"""Time that the distributional regulariser adds to an update of Adam.

    python -m benchmarks.ranking > benchmarks/ranking.md

One process, one thread. Compiled updates of Adam without and with the regulariser alternate. The
table shows median times for one replica, and the added time as a multiple of Adam's update.
"""

import argparse
import statistics
import time

import torch
from tabulate import tabulate

import plasticity_bench as pb
from benchmarks.throughput import LARGE, SMALL, Variant, make
from plasticity_bench.running.execution import Execution


def times(spec: pb.NetworkSpec, size: int, repeats: int, updates: int) -> list[float]:
    """Return the microseconds for one replica of Adam's update, and of the regularised update."""
    training = [
        make(Variant("population", learner, spec, 32, size, compiled=True))
        for learner in ("adam", "wasserstein")
    ]
    for train in training:
        train(updates)
    samples: list[list[float]] = [[] for _ in training]
    for _ in range(repeats):
        for train, seconds in zip(training, samples, strict=True):
            start = time.perf_counter()
            done = train(updates)
            seconds.append((time.perf_counter() - start) / done)
    return [1e6 * statistics.median(seconds) for seconds in samples]


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repeats", type=int, default=21)
    parser.add_argument("--updates", type=int, default=100, help="in each measurement")
    options = parser.parse_args()
    rows = []
    with Execution().in_effect():
        for title, spec in (("784-128-128-10", LARGE), ("64-64-64-10", SMALL)):
            for size in (1, 2, 4):
                adam, whole = times(spec, size, options.repeats, options.updates)
                added = (whole - adam) / adam
                rows.append([title, size, f"{adam:.1f}", f"{whole:.1f}", f"{added:.2f}"])
    headers = ["network", "S", "Adam, us", "regularised, us", "added / Adam"]
    print("# Ranking\n")
    print(f"torch {torch.__version__}, batch 32. Made by `python -m benchmarks.ranking`.\n")
    print(tabulate(rows, headers, "github", disable_numparse=True))


if __name__ == "__main__":
    main()
