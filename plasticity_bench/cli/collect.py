"""`collect`: the table of what is finished, while the rest is computed elsewhere."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from plasticity_bench.cli import options as shared
from plasticity_bench.cli import requests
from plasticity_bench.cli.common import COMPLETE, SOME_FAILED, say, say_next

if TYPE_CHECKING:
    from plasticity_bench.results import Run

HELP = "print the table of what is finished, and run nothing"
EXAMPLE = "plasticity-bench collect quick --learner my_module:Learner --format markdown"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the verb."""
    shared.add_results_or_suite(parser)
    shared.add_runs(parser)
    shared.add_table(parser)


def execute(options: argparse.Namespace) -> int:
    """Print the table; return 0 only if nothing is missing."""
    from plasticity_bench.cli.printed_table import print_table
    from plasticity_bench.cli.requested_runs import requested_runs
    from plasticity_bench.results import Results, select

    if Path(options.suite).is_dir():
        requests.check_no_runs(options)
        results = Results(Path(options.suite))
        selection = select(results)
        runs: Sequence[Run] = selection.all_runs
    else:
        requested = requested_runs(requests.run_request(options))
        results, runs = requested.results, requested.runs
        selection = select(results).only(requested.labels)
        for sentence in requested.remarks:
            say(sentence)
    results.pack()
    print_table(selection, options.format, options.columns)
    missing = results.snapshot().missing(runs)
    if missing:
        say(f"{len(missing)} of {len(runs)} runs are not finished.")
    say_next("report", results.folder)
    return SOME_FAILED if missing else COMPLETE
