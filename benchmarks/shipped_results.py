"""Make the results of a suite that come with the package, from a folder where it has been run.

    plasticity-bench run quick
    python -m benchmarks.shipped_results results/quick-v1@*

They are the runs of the suite's own learners, and of their own fresh copies, in one pack:
suites/results/quick-v1/SHA256.parquet. `run` takes them over by their keys. `--also LABEL` adds
another learner that a page of the documentation is about.
"""

import argparse
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from plasticity_bench.results import Results, packs, run_folder, select
from plasticity_bench.results.reuse import take_over
from plasticity_bench.suite.loading import suite_named
from plasticity_bench.suite.suite import Suite

ROOT = Path(__file__).parents[1] / "suites" / "results"


def ship(folder: Path, suite: Suite, target: Path, also: Sequence[str] = ()) -> Path:
    """Write one pack of a suite's own learners, in place of the last one; return its path.

    Args:
        folder: results of the suite.
        suite: whose learners are shipped, with the suite's number of seeds.
        target: the folder of the pack.
        also: labels of other learners to ship.
    """
    labels = [*(contender.label for contender in suite.contenders), *also]
    selection = select(Results(folder)).only(labels)
    runs = [run for run in selection.all_runs if run.seed < suite.num_seeds]
    with tempfile.TemporaryDirectory() as scratch:
        copies = Results(Path(scratch) / folder.name)
        # From its own folder alone: what is shipped was computed, not taken from what was shipped.
        taken = take_over(copies, [(run, {}) for run in runs], [folder])
        if taken.total() < len(runs):
            raise SystemExit(
                f"{folder} has {taken.total()} of the {len(runs)} runs of {suite.name}."
            )
        stored = [run_folder.read(copies.path(run)) for run in runs]
        shutil.rmtree(target, ignore_errors=True)
        packs.write(target, [run for run in stored if run])
    (pack,) = packs.packs_in(target)
    return pack


def main() -> None:
    """Ship the results of the folders that are given."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("results", metavar="RESULTS", type=Path, nargs="+")
    parser.add_argument("--also", metavar="LABEL", action="append", default=[])
    options = parser.parse_args()
    for folder in options.results:
        name = folder.name.partition("@")[0]
        pack = ship(folder, suite_named(name), ROOT / name, options.also)
        print(f"{pack}: {pack.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
