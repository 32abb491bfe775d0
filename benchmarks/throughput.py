"""Seed-updates per second: a population against a hand-written PyTorch loop for each seed.

    python -m benchmarks.throughput > benchmarks/throughput.md

One process, one thread, variants in turn within each repeat; the table shows medians and the
smallest and largest of the repeats. A seed-update is one update of one member. The hand-written
loop is what a careful researcher writes: tensors indexed directly, no DataLoader, no `.item()`; and
it shares the process's allocator, which keeps freed memory.
"""

import argparse
import platform
import statistics
import time
from collections.abc import Callable

import torch
from tabulate import tabulate
from torch import nn

import plasticity_bench as pb
from plasticity_bench.allocator import keep_freed_memory
from plasticity_bench.lookup import find_learner

BATCH, EXAMPLES = 32, 512
NETWORKS = {
    "64-64-64-10 (the quick suite's)": pb.NetworkSpec(
        hidden=(64, 64), input_shape=(64,), num_outputs=10
    ),
    "784-128-128-10": pb.NetworkSpec(hidden=(128, 128), input_shape=(784,), num_outputs=10),
}
LEARNERS = ("adam", "wasserstein")
SIZES = (1, 4, 8, 16)


def hand_written(learner: str, spec: pb.NetworkSpec) -> Callable[[int], int]:
    """One seed in plain PyTorch; returns a function that does updates and counts them."""
    torch.manual_seed(0)
    module = pb.build_network(spec)
    optimizer = torch.optim.Adam(module.parameters(), lr=1e-3)
    inputs, targets = torch.randn(EXAMPLES, *spec.input_shape), torch.randint(10, (EXAMPLES,))
    start = [p.detach().flatten().sort().values for p in module.parameters()]
    loss_of = nn.CrossEntropyLoss()

    def updates(count: int) -> int:
        for _ in range(count):
            rows = torch.randint(EXAMPLES, (BATCH,))
            loss = loss_of(module(inputs[rows]), targets[rows])
            if learner == "wasserstein":
                pairs = zip(module.parameters(), start, strict=True)
                loss = loss + 1e-3 * sum(
                    (p.flatten().sort().values - s).square().sum() for p, s in pairs
                )
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
        return count

    return updates


def population(
    learner: str, spec: pb.NetworkSpec, size: int, *, compiled: bool
) -> Callable[[int], int]:
    """S members at once; returns a function that does updates and counts seed-updates."""
    made = [pb.Member(seed, find_learner(learner)()) for seed in range(size)]
    members = pb.Population(made, spec, compile_updates=compiled)
    inputs = torch.randn(EXAMPLES, *spec.input_shape)
    targets = torch.randint(10, (size, EXAMPLES))

    def updates(count: int) -> int:
        for _ in range(count):
            rows = torch.randint(EXAMPLES, (size, BATCH))
            members.update(inputs[rows], targets.gather(1, rows))
        return count * size

    return updates


def rate(updates: Callable[[int], int], seconds: float) -> float:
    """Seed-updates per second over at least the given time."""
    done, began = 0, time.perf_counter()
    while time.perf_counter() - began < seconds:
        done += updates(10)
    return done / (time.perf_counter() - began)


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1.0, help="of each measurement")
    options = parser.parse_args()
    torch.set_num_threads(1)
    keep_freed_memory()
    rows = []
    for name, spec in NETWORKS.items():
        for learner in LEARNERS:
            variants = {"hand-written": hand_written(learner, spec)}
            for compiled in (False, True):
                how = ", compiled" if compiled else ""
                for size in SIZES:
                    made = population(learner, spec, size, compiled=compiled)
                    variants[f"S = {size}{how}"] = made
            for updates in variants.values():
                updates(5)  # tracing, compiling, caches
            rates: dict[str, list[float]] = {variant: [] for variant in variants}
            for _ in range(options.repeats):
                for variant, updates in variants.items():
                    rates[variant].append(rate(updates, options.seconds))
            base = statistics.median(rates["hand-written"])
            for variant, found in rates.items():
                median = statistics.median(found)
                spread = f"{min(found):,.0f} to {max(found):,.0f}"
                rows.append([name, learner, variant, f"{median:,.0f}", spread, median / base])
    headers = ["network", "learner", "variant", "seed-updates/s", "spread", "ratio"]
    print(f"torch {torch.__version__}, {platform.machine()}, one thread, batch {BATCH}, medians of")
    print(f"{options.repeats} repeats of {options.seconds} s. Ratio: to the hand-written loop.\n")
    print(tabulate(rows, headers, "github", floatfmt=".2f", disable_numparse=[3, 4]))


if __name__ == "__main__":
    main()
