"""`collect`: the table of what is finished, while the rest is computed elsewhere."""

import argparse

from plasticity_bench.cli import options as shared
from plasticity_bench.cli import requests
from plasticity_bench.cli.common import COMPLETE, SOME_FAILED, say

HELP = "print the table of what is finished, and run nothing"
EXAMPLE = "plasticity-bench collect quick --learner my_module:Learner --format markdown"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the verb."""
    shared.add_suite(parser)
    shared.add_selection(parser)
    parser.add_argument("--format", choices=shared.FORMATS, default="table")


def execute(options: argparse.Namespace) -> int:
    """Print the table; return 0 only if nothing is missing."""
    from plasticity_bench.cli.selection import select
    from plasticity_bench.suite.document import read_document

    request = requests.selection_request(options)
    selection = select(request, read_document(request.suite))
    selection.results.pack()
    missing = selection.results.snapshot().missing(selection.runs)
    selection.print_table(options.format)
    if missing:
        say(f"{len(missing)} of {len(selection.runs)} runs are not finished.")
    return SOME_FAILED if missing else COMPLETE
