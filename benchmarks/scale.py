"""Size of each shipped suite: runs, updates, stored numbers, and hours at a given rate.

python -m benchmarks.scale                  # the table of docs/scale.md
python -m benchmarks.scale --rate 12000     # with hours at 12,000 updates per second
python -m benchmarks.scale --measure        # hours of each suite at this machine's rates
"""

import argparse
import sys
from collections.abc import Iterator

from tabulate import tabulate

from plasticity_bench.evaluation.protocol import Protocol
from plasticity_bench.running.execution import Execution, available_cores
from plasticity_bench.running.forecast import forecast
from plasticity_bench.shipped import suite_names
from plasticity_bench.streams import Stream
from plasticity_bench.suite.loading import load_suite

EVERY_TASK = 4
"""Stored numbers of each task: chance, online accuracy, accuracy, loss; and with a target one more,
the time to reach it."""
MEASURED_TASK = 2
"""Additional numbers when curvature is measured: the rank of a dead network, the curvature."""
BYTES = 9
"""Of a stored number in a pack, including its share of the metadata: benchmarks/store.md."""


def numbers(stream: Stream, protocol: Protocol) -> int:
    """Return how many numbers of one run are stored, without diagnostics and held-out data."""
    scored = stream.scored_tasks()
    measured = sum(protocol.is_measured(task, scored) for task in range(stream.num_tasks))
    every = EVERY_TASK + (stream.target is not None)
    return every * stream.num_tasks + MEASURED_TASK * measured


def sizes() -> Iterator[tuple[str, int, int, int]]:
    """Yield each suite's name, runs, updates of all runs, and stored numbers of all runs."""
    for name in suite_names():
        suite = load_suite(name, with_data=False)
        streams = [suite_stream.stream for suite_stream in suite.streams]
        replicas = len(suite.contenders) * suite.num_seeds
        updates = replicas * sum(stream.num_updates for stream in streams)
        stored = replicas * sum(numbers(stream, suite.protocol) for stream in streams)
        yield name, replicas * len(streams), updates, stored


def table(rate: float | None = None) -> str:
    """Return the table in Markdown, with hours if a rate is given."""
    headers = ["suite", "runs", "updates", "numbers", "MiB"]
    rows = [
        [f"`{name}`", f"{runs:,}", f"{updates:,}", f"{stored:,}", f"{stored * BYTES / 2**20:,.1f}"]
        + ([f"{updates / rate / 3600:,.1f}"] if rate else [])
        for name, runs, updates, stored in sizes()
    ]
    headers += [f"hours at {rate:,.0f} per second"] if rate else []
    return tabulate(rows, headers, "github", disable_numparse=True, colalign=_align(headers))


def measured() -> str:
    """Return hours of each suite on this machine, estimated from a few timed updates."""
    rows = []
    for name in suite_names():
        suite = load_suite(name, with_data=False)
        costs = list(forecast(suite, suite.num_seeds, Execution()))
        hours = sum(cost.seconds for cost in costs) / available_cores() / 3600
        updates = sum(cost.updates for cost in costs)
        rows.append([f"`{name}`", f"{updates / hours / 3600:,.0f}", f"{hours:,.1f}"])
        print(rows[-1], file=sys.stderr)
    headers = ["suite", "updates per second", "hours"]
    return tabulate(rows, headers, "github", disable_numparse=True, colalign=_align(headers))


def _align(headers: list[str]) -> list[str]:
    return ["left", *["right"] * (len(headers) - 1)]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rate", type=float, help="updates per second")
    parser.add_argument("--measure", action="store_true", help="time a few updates of every suite")
    options = parser.parse_args()
    print(measured() if options.measure else table(options.rate))
