"""How large each shipped suite is: runs, updates, stored numbers, and hours at a rate you give.

python -m benchmarks.scale                  # the table of docs/scale.md
python -m benchmarks.scale --rate 12000     # and hours, at so many updates of runs a second
python -m benchmarks.scale --measure        # hours of each suite on this machine, by its own rates
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
from plasticity_bench.suite.suite import load_suite

EVERY_TASK = 4
"""Numbers of each task: chance, online accuracy, accuracy, loss."""
MEASURED_TASK = 2
"""Numbers of each task in which curvature is measured: the dead network's rank, the curvature."""
BYTES = 9
"""Of a stored number in a pack, its share of everything else included: benchmarks/store.md"""


def numbers(stream: Stream, protocol: Protocol) -> int:
    """Return how many numbers of one run are stored, without explanations and held-out parts."""
    scored = stream.scored_tasks()
    measured = sum(protocol.is_measured(task, scored) for task in range(stream.num_tasks))
    return EVERY_TASK * stream.num_tasks + MEASURED_TASK * measured


def sizes() -> Iterator[tuple[str, int, int, int]]:
    """Yield each suite's name, runs, updates of all runs, and stored numbers of all runs."""
    for name in suite_names():
        suite = load_suite(name, with_data=False)
        streams = [run.stream for run in suite.streams]
        replicas = len(suite.contenders) * suite.num_seeds
        updates = replicas * sum(stream.num_updates for stream in streams)
        stored = replicas * sum(numbers(stream, suite.protocol) for stream in streams)
        yield name, replicas * len(streams), updates, stored


def table(rate: float | None = None) -> str:
    """Return the table in Markdown, with hours if a rate is given."""
    headers = ["suite", "cells", "updates of cells", "numbers", "MiB"]
    rows = [
        [f"`{name}`", f"{runs:,}", f"{updates:,}", f"{stored:,}", f"{stored * BYTES / 2**20:,.1f}"]
        + ([f"{updates / rate / 3600:,.1f}"] if rate else [])
        for name, runs, updates, stored in sizes()
    ]
    headers += [f"hours at {rate:,.0f} a second"] if rate else []
    return tabulate(rows, headers, "github", disable_numparse=True, colalign=_align(headers))


def measured() -> str:
    """Return hours of each suite on this machine, from the time that some updates of each take."""
    rows = []
    for name in suite_names():
        suite = load_suite(name, with_data=False)
        costs = list(forecast(suite, suite.num_seeds, Execution()))
        hours = sum(cost.seconds for cost in costs) / available_cores() / 3600
        updates = sum(cost.updates for cost in costs)
        rows.append([f"`{name}`", f"{updates / hours / 3600:,.0f}", f"{hours:,.1f}"])
        print(rows[-1], file=sys.stderr)
    headers = ["suite", "updates of runs a second", "hours"]
    return tabulate(rows, headers, "github", disable_numparse=True, colalign=_align(headers))


def _align(headers: list[str]) -> list[str]:
    return ["left", *["right"] * (len(headers) - 1)]


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--rate", type=float, help="updates of runs in a second")
    parser.add_argument("--measure", action="store_true", help="time updates of every suite")
    options = parser.parse_args()
    print(measured() if options.measure else table(options.rate))
