"""Peak memory of `plasticity-bench run` for 50 and 500 tasks, 4 and 40 seeds.

    python -m benchmarks.memory > benchmarks/memory.md

Each row is one `plasticity-bench run` with one worker. Memory is the peak resident set of the
process. Populations have four replicas, so more seeds mean more populations.
"""

import argparse
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
    "regression, generated inputs": "plasticity/SlowlyChangingRegression-v0",
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


def run(stream_id: str, tasks: int, seeds: int) -> tuple[float, float]:
    """Return the peak mebibytes and the seconds of one run."""
    more = "new_examples: true" if "Pixel" in stream_id else "transition: 5"
    with tempfile.TemporaryDirectory() as folder:
        suite = Path(folder) / "suite.yaml"
        suite.write_text(SUITE.format(id=stream_id, tasks=tasks, seeds=seeds, more=more))
        command = [sys.executable, "-m", "plasticity_bench.cli", "run", str(suite)]
        command += ["--jobs", "1", "--replicas", "4", "--results", folder]
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
    argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    ).parse_args()
    print("# Memory\n")
    print(
        f"torch {torch.__version__}, {platform.machine()}. Peak of a whole run's resident memory,"
    )
    print("PyTorch itself included. Made by `python -m benchmarks.memory`.\n")
    rows = []
    for kind, stream_id in KINDS.items():
        for tasks in TASKS:
            for seeds in SEEDS:
                mebibytes, seconds = run(stream_id, tasks, seeds)
                rows.append([kind, tasks, seeds, f"{mebibytes:.0f}", f"{seconds:.0f}"])
    print(tabulate(rows, ["stream", "tasks", "seeds", "MiB", "seconds"], "github"))


if __name__ == "__main__":
    main()
