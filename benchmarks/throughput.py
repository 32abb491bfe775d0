"""Seed-updates per second of this package, compared with plain PyTorch.

    python -m benchmarks.throughput > benchmarks/throughput.md

A seed-update is one update of one replica. Every variant runs in all processes at the same time,
one thread each. Variants alternate, so that a change of the machine's speed affects all of them.
The table shows the sum over processes: the median, lowest and highest of the repeats, and the ratio
to the researcher's loop. "Disturbed" is the share of wall time in which a process was not running.
"""

import argparse
import platform
from dataclasses import dataclass
from typing import Any

import torch
from tabulate import tabulate

import plasticity_bench as pb
from benchmarks import floor, loops
from benchmarks.side_by_side import Timing, timed
from plasticity_bench.learners.lookup import find_learner
from plasticity_bench.programs.kernels import building
from plasticity_bench.running.execution import Execution

SMALL = pb.NetworkSpec(hidden=(64, 64), input_shape=(64,), num_outputs=10)
LARGE = pb.NetworkSpec(hidden=(128, 128), input_shape=(784,), num_outputs=10)
CNN = pb.NetworkSpec(
    name="cnn", channels=(16, 16), hidden=(100,), input_shape=(28, 28), num_outputs=10
)
LEARNERS = ("sgd", "adam", "l2_init", "wasserstein")
SIZES = (1, 2, 4, 8)


@dataclass(frozen=True)
class Variant:
    """One way to train a learner.

    Attributes:
        how: "researcher", "careful" or "population".
        size: replicas of the population.
        compiled: whether the population's update is compiled.
    """

    how: str
    learner: str
    spec: pb.NetworkSpec
    batch: int
    size: int = 1
    compiled: bool = False


def make(variant: Variant) -> loops.Updates:
    """Return the function that does the updates of a variant."""
    if variant.how == "researcher":
        return loops.researcher(variant.learner, variant.spec, variant.batch)
    if variant.how == "careful":
        return loops.careful(variant.learner, variant.spec, variant.batch)
    learner = find_learner(variant.learner)()
    population = pb.Population(
        [pb.Replica(seed, learner) for seed in range(variant.size)],
        variant.spec,
        compile_updates=variant.compiled,
    )
    inputs, _ = loops.data(variant.spec)
    targets = torch.randint(variant.spec.num_outputs, (variant.size, loops.EXAMPLES))

    def updates(count: int) -> int:
        # The evaluator, too, draws all mini-batches of a task before the task starts.
        drawn = torch.randint(loops.EXAMPLES, (count, variant.size, variant.batch))
        for rows in drawn.unbind():
            batch = inputs.index_select(0, rows.flatten()).unflatten(0, rows.shape)
            population.update(batch, targets.gather(1, rows))
        return count * variant.size

    return updates


def variants(
    spec: pb.NetworkSpec, learner: str, batch: int, sizes: tuple[int, ...]
) -> dict[str, Variant]:
    """Return the variants of one comparison, the researcher's loop first."""
    made = {
        "researcher's loop": Variant("researcher", learner, spec, batch),
        "careful loop": Variant("careful", learner, spec, batch),
        f"recorded, S = {sizes[-1]}": Variant("population", learner, spec, batch, sizes[-1]),
    }
    for size in sizes:
        name = f"compiled, S = {size}"
        made[name] = Variant("population", learner, spec, batch, size, compiled=True)
    return made


def rows_of(
    title: list[str], timings: dict[str, Timing], base: Timing, extra: dict[str, str] | None = None
) -> list[list[Any]]:
    """Return one row of a table for each variant."""
    return [
        [
            *title,
            name,
            f"{timing.median:,.0f}",
            f"{timing.lowest:,.0f} to {timing.highest:,.0f}",
            f"{timing.median / base.median:.2f}",
            f"{timing.disturbed:.0%}",
            *([extra.get(name, "")] if extra else []),
        ]
        for name, timing in timings.items()
    ]


def compare(
    spec: pb.NetworkSpec, learner: str, batch: int, sizes: tuple[int, ...], options: Any
) -> dict[str, Timing]:
    """Time the variants of one comparison, and the best size again without the C++ kernels."""
    shared = {
        "processes": options.processes,
        "repeats": options.repeats,
        "seconds": options.seconds,
    }
    timings = timed(make, variants(spec, learner, batch, sizes), **shared)
    if spec.convolves:
        return timings
    best = max(sizes, key=lambda size: timings[f"compiled, S = {size}"].median)
    plain = {
        "researcher's loop": Variant("researcher", learner, spec, batch),
        f"compiled without C++ kernels, S = {best}": Variant(
            "population", learner, spec, batch, best, compiled=True
        ),
    }
    again = timed(make, plain, **shared, environment={building.SWITCH: "off"})
    # Rates of the second run, scaled by the loop that ran in both.
    factor = timings["researcher's loop"].median / again.pop("researcher's loop").median
    for name, t in again.items():
        timings[name] = Timing(
            t.median * factor, t.lowest * factor, t.highest * factor, t.disturbed
        )
    return timings


def main() -> None:
    """Measure and print the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=0.6, help="length of each measurement")
    options = parser.parse_args()
    with Execution().in_effect():
        peak, bandwidth = floor.matrix_rate(), floor.copy_rate()
    headers = ["learner", "variant", "seed-updates/s", "spread", "ratio", "disturbed"]
    print("# Throughput\n")
    print(f"torch {torch.__version__}, {platform.machine()}; {options.processes} processes of one")
    print(f"thread; medians of {options.repeats} repeats of {options.seconds} s. Ratio: to the")
    print("researcher's loop. Made by `python -m benchmarks.throughput`.\n")
    print("A program of S replicas is interpreted (recorded), or its elementwise operations are")
    print("built into machine code (compiled); both give the same bits.\n")
    print("The floor is the larger of an update's operations over this core's matrix rate")
    print(f"({peak / 1e9:.0f} GFLOP/s) and its bytes over its copying rate ", end="")
    print(f"({bandwidth / 1e9:.0f} GB/s); the share of it is what was reached.\n")
    for title, spec in (("784-128-128-10", LARGE), ("64-64-64-10, the quick suite's", SMALL)):
        print(f"## {title}, batch 32\n")
        table = []
        for learner in LEARNERS:
            timings = compare(spec, learner, 32, SIZES, options)
            seconds = max(
                floor.operations(spec, 32) / peak, floor.bytes_moved(spec, learner) / bandwidth
            )
            limit = options.processes / seconds
            share = {name: f"{timing.median / limit:.0%}" for name, timing in timings.items()}
            table += rows_of([learner], timings, timings["researcher's loop"], share)
        show(table, [*headers, "share of the floor"])
    for batch in (16, 64):
        print(f"## 784-128-128-10, batch {batch}\n")
        table = []
        for learner in LEARNERS:
            timings = compare(LARGE, learner, batch, (1, 4), options)
            table += rows_of([learner], timings, timings["researcher's loop"])
        show(table, headers)
    print("## Convolutions: 5x5x16, 5x5x16, 100, on 28 x 28, batch 32\n")
    timings = compare(CNN, "adam", 32, (1, 2, 4), options)
    show(rows_of(["adam"], timings, timings["researcher's loop"]), headers)


def show(table: list[list[Any]], headers: list[str]) -> None:
    """Print one table."""
    print(tabulate(table, headers, "github", disable_numparse=True), end="\n\n", flush=True)


if __name__ == "__main__":
    main()
