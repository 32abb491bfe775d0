"""Peak memory of a whole run, for more and more tasks and seeds.

    python -m benchmarks.memory > benchmarks/memory.md

Each row is `plasticity-bench run` with one process, in a process of its own; memory is the highest
resident set of it. Populations have four replicas throughout, so more seeds are more populations.
"""

import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import torch
from tabulate import tabulate

TASKS = (50, 500)
SEEDS = (4, 40)
KINDS = {
    "random labels": "plasticity/RandomLabelDigits-v0",
    "permuted pixels, new examples in every task": "plasticity/PermutedPixelDigits-v0",
    "regression, inputs of its own": "plasticity/SlowlyChangingRegression-v0",
}
SUITE = """\
suite: benchmark/memory-v0
streams:
  - id: {id}
    num_tasks: {tasks}
    updates_per_task: 20
    {more}
    network: {{hidden: [64, 64], activation: relu}}
learners: [fresh]
seeds: {seeds}
measure:
  curvature: {{every: 10, examples: 256}}
"""


def run(id_: str, tasks: int, seeds: int) -> tuple[float, float]:
    """Return the mebibytes and the seconds of one run."""
    more = "new_examples: true" if "Pixel" in id_ else "transition: 5"
    with tempfile.TemporaryDirectory() as folder:
        suite = Path(folder) / "suite.yaml"
        suite.write_text(SUITE.format(id=id_, tasks=tasks, seeds=seeds, more=more))
        command = [sys.executable, "-m", "plasticity_bench.cli", "run", str(suite)]
        command += ["--jobs", "1", "--members", "4", "--results", folder]
        began = time.perf_counter()
        with subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as process:
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise RuntimeError(f"{' '.join(command)} failed")
    return usage.ru_maxrss / 1024, time.perf_counter() - began


def main() -> None:
    """Measure and print the table."""
    print("# Memory\n")
    print(
        f"torch {torch.__version__}, {platform.machine()}. Peak of a whole run's resident memory,"
    )
    print("PyTorch itself included. Made by `python -m benchmarks.memory`.\n")
    rows = []
    for kind, id_ in KINDS.items():
        for tasks in TASKS:
            for seeds in SEEDS:
                mebibytes, seconds = run(id_, tasks, seeds)
                rows.append([kind, tasks, seeds, f"{mebibytes:.0f}", f"{seconds:.0f}"])
    print(tabulate(rows, ["stream", "tasks", "seeds", "MiB", "seconds"], "github"))


if __name__ == "__main__":
    main()
