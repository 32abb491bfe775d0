"""Time and disk space for storing, listing and tabulating 100,000 runs.

    python -m benchmarks.store > benchmarks/store.md
    python -m benchmarks.store --packed             # write packs directly, which is much faster
    python -m benchmarks.store --runs 1000000       # a million runs, without extrapolation

Synthetic runs of a suite with 10 streams and 10 learners are saved one by one and packed as often
as `plasticity-bench run` packs them. New processes then time four ways to read them: `list` lists
the finished runs, `remaining` finds the runs that are still to do, `table` makes the table of
scores, and `status` counts the complete runs.
"""

import argparse
import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
from tabulate import tabulate

from plasticity_bench.provenance import environment
from plasticity_bench.results import (
    MANY_IN_ALL,
    Results,
    Row,
    packs,
    parquet,
    select,
    store_request,
)
from plasticity_bench.results.run import file_name
from plasticity_bench.results.run_folder import StoredRun
from plasticity_bench.running.pending import pending
from plasticity_bench.suite import planning
from plasticity_bench.suite.loading import load_suite
from plasticity_bench.suite.suite import Suite

LISTING_SECONDS, TABLE_SECONDS = 2.0, 10.0
"""Targets for 100,000 runs."""

STREAM = """\
  - id: plasticity/RandomLabelDigits-v0
    label: stream-{index}
    num_tasks: 40
    network: {{hidden: [64, 64], activation: relu}}
"""
SUITE = """\
suite: benchmark/store-v0
streams:
{streams}
learners:
{learners}
measure:
  curvature: {{every: 5, examples: 256}}
"""
NUMBERS = {
    "start": ("chance", "dead_rank", "fisher_srank99_n256", "weight_norm"),
    "end": ("accuracy", "loss", "online_accuracy"),
}
TASKS = 40
ROW_KEYS = [(t, when, name) for t in range(TASKS) for when in NUMBERS for name in NUMBERS[when]]


def suite(folder: Path) -> Suite:
    """Return a suite of 10 streams and 10 learners."""
    streams = "".join(STREAM.format(index=index) for index in range(10))
    learners = ["  - fresh"] + [
        f"  - {{name: l2, label: l2-{index}, strength: 0.{index}}}" for index in range(1, 10)
    ]
    path = folder / "suite.yaml"
    path.write_text(SUITE.format(streams=streams, learners="\n".join(learners)))
    return load_suite(str(path))


def write(num_runs: int, folder: Path) -> None:
    """Save runs one by one, and pack them as `plasticity-bench run` does."""
    loaded = suite(folder)
    results = Results(folder / loaded.directory_name)
    groups = planning.plan(loaded, loaded.contenders, range(num_runs // 100))
    runs = [run for group in groups for run in group.runs]
    store_request(results.folder, loaded.name, "plasticity-bench run suite.yaml", runs)
    draws = np.random.default_rng(0)
    for number, run in enumerate(runs, 1):
        values = draws.random(len(ROW_KEYS))
        rows = [
            Row(*row_key, float(value)) for row_key, value in zip(ROW_KEYS, values, strict=True)
        ]
        results.save(run, rows, _info())
        if number % MANY_IN_ALL == 0:
            results.pack()
    results.pack()


def write_packed(num_runs: int, folder: Path) -> None:
    """Write the same packs directly, without a folder for each run."""
    loaded = suite(folder)
    results = Results(folder / loaded.directory_name)
    groups = planning.plan(loaded, loaded.contenders, range(num_runs // 100))
    runs = [run for group in groups for run in group.runs]
    store_request(results.folder, loaded.name, "plasticity-bench run suite.yaml", runs)
    draws = np.random.default_rng(0)
    for group in groups:
        rows = [Row(*row_key, 0.0) for row_key in ROW_KEYS]
        table = parquet.measurements_table(parquet.measurements_bytes(rows), folder)
        value_column = table.schema.get_field_index("value")
        stored_runs = [
            StoredRun(
                run,
                {"key": run.key, "stream": run.stream, "learner": run.learner}
                | {"seed": run.seed, **_info(), "identity": run.identity},
                table.set_column(value_column, "value", pa.array(draws.random(len(ROW_KEYS)))),
                folder,
            )
            for run in group.runs
        ]
        pack_folder = (
            results.folder / "packs" / file_name(group.suite_stream.label) / file_name(group.label)
        )
        packs.write(pack_folder, stored_runs)


def _info() -> dict[str, object]:
    return {
        "status": "complete",
        "diverged_at": None,
        "seconds": {"prepare": 0.1, "train": 2.0, "measure": 0.5},
        "execution": {"device": "cpu", "vectorized": True, "compiled": False, "members": 8},
        "environment": environment(),
    }


def read(what: str, num_runs: int, folder: Path) -> None:
    """Print the seconds that one way to read takes."""
    from plasticity_bench.scoring import score_table

    loaded = suite(folder)
    results = Results(folder / loaded.directory_name)
    groups = planning.plan(loaded, loaded.contenders, range(num_runs // 100))
    began = time.perf_counter()
    if what == "list":
        assert len(results.snapshot().finished) == num_runs
    elif what == "table":
        entries = score_table.entries(select(results))
        assert all(entry.num_seeds == num_runs // 100 for entry in entries)
        score_table.render(entries, "table")
    elif what == "remaining":
        assert pending(groups, results) == []
    else:
        from plasticity_bench.running import status

        assert all(row.complete == row.requested for row in status.of_folder(results).rows)
    print(time.perf_counter() - began)


def in_new_process(*arguments: str) -> str:
    """Run a part of this benchmark in a new process, and return its output."""
    command = [sys.executable, "-m", "benchmarks.store", *arguments]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def bytes_on_disk(folder: Path) -> int:
    """Return the disk space of a folder's files, in whole blocks."""
    return sum(path.lstat().st_blocks * 512 for path in folder.rglob("*"))


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=100_000, help="a multiple of 100")
    parser.add_argument("--packed", action="store_true", help="write packs directly")
    parser.add_argument("--part", nargs=2, metavar=("WHAT", "FOLDER"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.runs < 100 or options.runs % 100:
        parser.error("--runs: must be a multiple of 100")
    if options.part:
        what, folder = options.part[0], Path(options.part[1])
        if what in ("write", "pack"):
            (write if what == "write" else write_packed)(options.runs, folder)
        else:
            read(what, options.runs, folder)
        return
    report(options.runs, options.packed)


def report(num_runs: int, packed: bool) -> None:
    """Measure writing and reading, and print the page."""
    with tempfile.TemporaryDirectory() as name:
        part = ["--runs", str(num_runs), "--part"]
        began = time.perf_counter()
        in_new_process(*part, "pack" if packed else "write", name)
        writing = "write packs" if packed else "save and pack"
        seconds = {writing: time.perf_counter() - began}
        for what in ("list", "remaining", "table", "status"):
            seconds[what] = float(in_new_process(*part, what, name))
        size = bytes_on_disk(Path(name)) / num_runs
    print("# Very many results\n")
    print(f"{num_runs:,} synthetic runs of {TASKS * 7} numbers each, in 10 streams x 10 learners.")
    command = "python -m benchmarks.store" + " --packed" * packed
    print(f"{platform.machine()}, {os.cpu_count()} cores. Made by `{command}`.\n")
    scale = 10**6 / num_runs
    rows = [[key, f"{s:.1f}", f"{s * scale:.0f}"] for key, s in seconds.items()]
    note = "measured" if scale == 1 else "extrapolated"
    print(tabulate(rows, ["what", "seconds", f"a million runs, {note}"], "github"))
    print(f"\nDisk: {size:,.0f} bytes a run; {size * 1e6 / 2**30:.1f} GiB a million ({note}).")
    if num_runs == 100_000:
        print()
        _verdict("listing", seconds["list"], LISTING_SECONDS)
        _verdict("the table", seconds["table"], TABLE_SECONDS)


def _verdict(what: str, seconds: float, target: float) -> None:
    verdict = "Met" if seconds < target else "NOT MET"
    print(f"Target for {what}: {target:.0f} s. {verdict}: {seconds:.1f} s.")


if __name__ == "__main__":
    main()
