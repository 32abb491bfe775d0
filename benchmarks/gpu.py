"""Seed-updates per second on a GPU by population size, and the time of one published protocol.

    python -m benchmarks.gpu > benchmarks/gpu.md

Needs a CUDA device. The protocol is random labels of Kumar et al. (2023), arXiv:2308.11958: 50
tasks of 30,000 updates of 16 examples, 10 seeds, a multilayer perceptron on inputs of 28 x 28. The
inputs here are random; their values do not affect the time.
"""

import argparse
import sys
import time

import torch
from tabulate import tabulate

import plasticity_bench as pb
from benchmarks import loops
from plasticity_bench.errors import BadInputError
from plasticity_bench.learners.lookup import find_learner
from plasticity_bench.running.execution import Execution

SPEC = pb.NetworkSpec(hidden=(128, 128), input_shape=(784,), num_outputs=10)
PROTOCOL = pb.NetworkSpec(hidden=(100, 100), input_shape=(784,), num_outputs=10)
SIZES = (1, 4, 16, 64, 256, 1024)
LEARNERS = ("sgd", "adam", "l2_init", "wasserstein")


def rate(learner: str, spec: pb.NetworkSpec, size: int, batch: int, seconds: float) -> float:
    """Return the seed-updates per second of one population."""
    replicas = [pb.Replica(seed, find_learner(learner)()) for seed in range(size)]
    population = pb.Population(replicas, spec, compile_updates=True, device="cuda")
    inputs, _ = (tensor.cuda() for tensor in loops.data(spec))
    targets = torch.randint(spec.num_outputs, (size, loops.EXAMPLES), device="cuda")

    def updates(count: int) -> None:
        for _ in range(count):
            rows = torch.randint(loops.EXAMPLES, (size, batch), device="cuda")
            chosen = inputs.index_select(0, rows.flatten()).unflatten(0, rows.shape)
            population.update(chosen, targets.gather(1, rows))
        torch.cuda.synchronize()

    updates(50)
    done, began = 0, time.perf_counter()
    while time.perf_counter() - began < seconds:
        updates(100)
        done += 100 * size
    return done / (time.perf_counter() - began)


def main() -> int:
    """Measure and print the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=2.0, help="length of each measurement")
    options = parser.parse_args()
    try:
        execution = Execution(device="cuda")
    except BadInputError as error:
        print(error, file=sys.stderr)
        return 2
    with execution.in_effect():
        print(f"# GPU\n\n{torch.cuda.get_device_name()}, torch {torch.__version__}; float32, no")
        print("TF32. 784-128-128-10, batch 32. Made by `python -m benchmarks.gpu`.\n")
        rows = [
            [learner, *(f"{rate(learner, SPEC, size, 32, options.seconds):,.0f}" for size in SIZES)]
            for learner in LEARNERS
        ]
        print(tabulate(rows, ["learner", *(f"S = {size}" for size in SIZES)], "github"))
        seconds = 50 * 30_000 * 10 / rate("adam", PROTOCOL, 10, 16, options.seconds)
        print("\nRandom labels as in Kumar et al. (2023), 50 x 30,000 updates of 16, 10 seeds,")
        print(f"Adam: {seconds:,.0f} s of updates, extrapolated from {options.seconds} s.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
