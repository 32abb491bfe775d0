"""`leaderboard`: the table of all entries."""

import argparse
from pathlib import Path

from plasticity_bench.cli.common import COMPLETE, say, say_next
from plasticity_bench.names import given_path

HELP = "print the table of all entries"
EXAMPLE = "plasticity-bench leaderboard --suite quick --format markdown"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the verb."""
    parser.add_argument(
        "--suite",
        metavar="NAME|FILE",
        help="of this suite only (default: the latest versions of all that have entries)",
    )
    parser.add_argument(
        "--entries", type=given_path, default=Path("leaderboard") / "entries", metavar="DIR"
    )
    parser.add_argument(
        "--format", choices=("table", "markdown", "latex", "csv", "html"), default="table"
    )


def execute(options: argparse.Namespace) -> int:
    """Print the tables."""
    from plasticity_bench.leaderboard import page
    from plasticity_bench.suite.suite import load_suite

    if options.suite:
        suites = [load_suite(options.suite, with_data=False)]
    else:
        suites = page.latest(page.suites_in(options.entries))
    print(page.page(options.entries, suites, options.format, say))
    say_next("submit", "--help")
    return COMPLETE
