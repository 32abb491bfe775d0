"""What it takes to store, list and tabulate very many runs.

    python -m benchmarks.store > benchmarks/store.md
    python -m benchmarks.store --packed             # without the saving, which takes longest
    python -m benchmarks.store --cells 1000000      # measured rather than extrapolated

Synthetic runs of a suite with 10 streams and 10 learners are saved one by one, as a run saves
them, and packed where a run would pack them. Then they are read by new processes: the list of what
there is, what a run finds left to do, the table that it prints, and what `status` tells.
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
from plasticity_bench.results import MANY_IN_ALL, Results, Row, packs, parquet, store_request
from plasticity_bench.results.run import file_name
from plasticity_bench.results.run_folder import StoredRun
from plasticity_bench.running.pending import pending
from plasticity_bench.suite import planning
from plasticity_bench.suite.suite import Suite, load_suite

LISTING_SECONDS, TABLE_SECONDS = 2.0, 10.0
"""What is wanted of 100,000 runs."""

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
PLACES = [(t, when, name) for t in range(TASKS) for when in NUMBERS for name in NUMBERS[when]]


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
    """Save runs and pack them, as a run does."""
    loaded = suite(folder)
    results = Results(folder / loaded.directory_name)
    groups = planning.plan(loaded, loaded.contenders, range(num_runs // 100))
    runs = [run for group in groups for run in group.runs]
    store_request(results.folder, loaded.name, "plasticity-bench run suite.yaml", runs)
    draws = np.random.default_rng(0)
    for number, run in enumerate(runs, 1):
        values = draws.random(len(PLACES))
        rows = [Row(*place, float(value)) for place, value in zip(PLACES, values, strict=True)]
        results.save(run, rows, _info())
        if number % MANY_IN_ALL == 0:
            results.pack()
    results.pack()


def write_packed(num_runs: int, folder: Path) -> None:
    """Write the same packs without saving every run by itself before, which takes longest."""
    loaded = suite(folder)
    results = Results(folder / loaded.directory_name)
    groups = planning.plan(loaded, loaded.contenders, range(num_runs // 100))
    store_request(results.folder, loaded.name, "run", [c for group in groups for c in group.runs])
    draws = np.random.default_rng(0)
    for group in groups:
        rows = [Row(*place, 0.0) for place in PLACES]
        table = parquet.measurements_table(parquet.measurements_bytes(rows), folder)
        values = table.schema.get_field_index("value")
        own = [
            StoredRun(
                run,
                {"key": run.key, "stream": run.stream, "learner": run.learner}
                | {"seed": run.seed, **_info(), "identity": run.identity},
                table.set_column(values, "value", pa.array(draws.random(len(PLACES)))),
                folder,
            )
            for run in group.runs
        ]
        place = (
            results.folder / "packs" / file_name(group.suite_stream.label) / file_name(group.label)
        )
        packs.write(place, own)


def _info() -> dict[str, object]:
    return {
        "status": "complete",
        "diverged_at": None,
        "seconds": {"prepare": 0.1, "train": 2.0, "measure": 0.5},
        "execution": {"device": "cpu", "vectorized": True, "compiled": False, "members": 8},
        "environment": environment(),
    }


def read(what: str, num_runs: int, folder: Path) -> None:
    """Print the seconds of one way to read."""
    from plasticity_bench.scoring import score_table

    loaded = suite(folder)
    results = Results(folder / loaded.directory_name)
    groups = planning.plan(loaded, loaded.contenders, range(num_runs // 100))
    began = time.perf_counter()
    if what == "list":
        assert len(results.snapshot().finished) == num_runs
    elif what == "table":
        lines = score_table.entries(loaded, groups, results)
        assert all(entry.num_seeds == num_runs // 100 for entry in lines)
        score_table.render(lines, "table")
    elif what == "remaining":
        assert pending(groups, results) == []
    else:
        from plasticity_bench.running import status

        assert all(row.complete == row.requested for row in status.of_folder(results).rows)
    print(time.perf_counter() - began)


def in_new_process(*arguments: str) -> str:
    """Run a part of this benchmark in a process of its own; return what it prints."""
    command = [sys.executable, "-m", "benchmarks.store", *arguments]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def bytes_on_disk(folder: Path) -> int:
    """Return what a folder's files take, in whole blocks."""
    return sum(path.lstat().st_blocks * 512 for path in folder.rglob("*"))


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--cells", type=int, default=100_000)
    parser.add_argument("--packed", action="store_true", help="write packs at once")
    parser.add_argument("--part", nargs=2, metavar=("WHAT", "FOLDER"))
    options = parser.parse_args()
    if options.part:
        what, folder = options.part[0], Path(options.part[1])
        if what in ("write", "pack"):
            (write if what == "write" else write_packed)(options.runs, folder)
        else:
            read(what, options.runs, folder)
        return
    report(options.runs, options.packed)


def report(num_runs: int, packed: bool) -> None:
    """Write, read, and print."""
    with tempfile.TemporaryDirectory() as name:
        number = ["--cells", str(num_runs), "--part"]
        began = time.perf_counter()
        in_new_process(*number, "pack" if packed else "write", name)
        how = "write packs" if packed else "save and pack"
        seconds = {how: time.perf_counter() - began}
        for what in ("list", "remaining", "table", "status"):
            seconds[what] = float(in_new_process(*number, what, name))
        size = bytes_on_disk(Path(name)) / num_runs
    print("# Very many results\n")
    print(f"{num_runs:,} synthetic runs of {TASKS * 7} numbers each, in 10 streams x 10 learners.")
    print(f"{platform.machine()}, {os.cpu_count()} cores. Made by `python -m benchmarks.store`.\n")
    million = 10**6 / num_runs
    rows = [[key, f"{s:.1f}", f"{s * million:.0f}"] for key, s in seconds.items()]
    note = "measured" if million == 1 else "extrapolated"
    print(tabulate(rows, ["what", "seconds", f"a million runs, {note}"], "github"))
    print(f"\nDisk: {size:,.0f} bytes a run; {size * 1e6 / 2**30:.1f} GiB a million ({note}).\n")
    if num_runs == 100_000:
        _verdict("listing", seconds["list"], LISTING_SECONDS)
        _verdict("the table", seconds["table"], TABLE_SECONDS)


def _verdict(what: str, seconds: float, wanted: float) -> None:
    kept = "kept" if seconds < wanted else "NOT KEPT"
    print(f"Wanted: {what} within {wanted:.0f} s. {kept}: {seconds:.1f} s.")


if __name__ == "__main__":
    main()
