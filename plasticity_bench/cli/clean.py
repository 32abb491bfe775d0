"""`clean`: remove what no run needs any more from a results folder."""

import argparse

from plasticity_bench.cli.common import COMPLETE, say
from plasticity_bench.names import given_path

HELP = "remove checkpoints that no requested run can use, such as those of changed code"
EXAMPLE = "plasticity-bench clean results/quick-v1@aaa38efb --dry-run"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the verb."""
    parser.add_argument("results", metavar="RESULTS", type=given_path, help="a results folder")
    parser.add_argument("--dry-run", action="store_true", help="only print what would be removed")


def execute(options: argparse.Namespace) -> int:
    """Remove unused checkpoints of `run` and of `tune`; say how many, and how large they were."""
    from plasticity_bench.errors import BadInputError
    from plasticity_bench.results import Results
    from plasticity_bench.results.reuse import TUNING
    from plasticity_bench.running.unused import unused_checkpoints
    from plasticity_bench.safe_files import remove_file

    if not options.results.is_dir():
        raise BadInputError(f"There is no results folder {options.results}.")
    for folder in (options.results, options.results / TUNING):
        files = unused_checkpoints(Results(folder))
        size = sum(file.stat().st_size for file in files if file.exists())
        for file in [] if options.dry_run else files:
            remove_file(file)
        done = "would be removed" if options.dry_run else "removed"
        what = "checkpoint" if len(files) == 1 else "checkpoints"
        if files or folder == options.results:
            say(f"{folder}: {len(files)} {what} {done}, {size / 2**20:.1f} MiB.")
    return COMPLETE
