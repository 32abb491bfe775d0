"""`table`: the table of stored results."""

import argparse
from typing import Any

from plasticity_bench.cli import options as shared
from plasticity_bench.cli.common import COMPLETE, say_next
from plasticity_bench.errors import BadInputError

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
    latex = parser.add_argument_group("LaTeX", "for --format latex")
    latex.add_argument(
        "--names",
        metavar="LABEL=NAME",
        action="append",
        default=[],
        help="what a learner or a stream is called, in LaTeX; may be repeated",
    )
    latex.add_argument(
        "--bold",
        choices=("best", "tie", "none"),
        help="the best of each column (default), or all that cannot be told from it",
    )
    latex.add_argument("--caption", metavar="TEXT", help="makes it a table with this caption")


def execute(options: argparse.Namespace) -> int:
    """Print the table of what is finished."""
    from plasticity_bench.cli.printed_table import print_table
    from plasticity_bench.results import Results, select

    selection = select(Results(options.results), options.reference)
    chosen = selection.only(options.learner) if options.learner else selection
    print_table(chosen, options.format, options.columns, _latex(options))
    say_next("report", options.results)
    return COMPLETE


def _latex(options: argparse.Namespace) -> dict[str, Any]:
    """Return what the options of LaTeX set; the rest is as `latex_table.Style` has it."""
    pairs = [text.partition("=") for text in options.names]
    for label, sign, _ in pairs:
        if not sign:
            raise BadInputError(f"--names {label}: give LABEL=NAME, as l2_init='L2 Init'.")
    given = {
        "names": {label: name for label, _, name in pairs} or None,
        "bold": options.bold,
        "caption": options.caption,
    }
    given = {name: value for name, value in given.items() if value is not None}
    if given and options.format != "latex":
        raise BadInputError(f"--{next(iter(given))} is for --format latex.")
    return given
