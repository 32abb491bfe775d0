"""`table`: the table of stored results."""

import argparse

from plasticity_bench.cli import options as shared
from plasticity_bench.cli.common import COMPLETE, say_next

HELP = "print the table of stored results, and run nothing"
EXAMPLE = "plasticity-bench table results/quick-v1@aaa38efb --format latex"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the verb."""
    shared.add_results(parser)
    parser.add_argument(
        "--learner",
        metavar="LABEL",
        action="append",
        default=[],
        help="print this learner only, with the reference; may be repeated",
    )
    shared.add_reference(parser)
    shared.add_table(parser)


def execute(options: argparse.Namespace) -> int:
    """Print the table of what is finished."""
    from plasticity_bench.cli.printed_table import print_table
    from plasticity_bench.results import Results, select

    selection = select(Results(options.results), options.reference)
    chosen = selection.only(options.learner) if options.learner else selection
    print_table(chosen, options.format, options.columns)
    say_next("report", options.results)
    return COMPLETE
