"""`leaderboard`: the table of all entries."""

import argparse
from pathlib import Path

from plasticity_bench.cli.common import COMPLETE, say, say_next
from plasticity_bench.errors import BadInputError
from plasticity_bench.names import given_path

HELP = "print the table of all entries, or write it as a site"
EXAMPLE = """\
plasticity-bench leaderboard --suite quick --format markdown
plasticity-bench leaderboard --site site
"""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the verb."""
    parser.add_argument(
        "--suite",
        metavar="NAME|FILE",
        help="of this suite only (default: all that have entries; tables: their latest versions)",
    )
    parser.add_argument(
        "--entries", type=given_path, default=Path("leaderboard") / "entries", metavar="DIR"
    )
    output = parser.add_mutually_exclusive_group()
    output.add_argument(
        "--format",
        choices=("table", "markdown", "latex", "html", "csv", "json"),
        default="table",
        help="csv and json have every number, and all suites in one",
    )
    output.add_argument(
        "--site",
        type=given_path,
        metavar="FOLDER",
        help="write a site of static pages for any web host, in place of an earlier one",
    )


def execute(options: argparse.Namespace) -> int:
    """Print the tables, or write the site."""
    from plasticity_bench.leaderboard import frame, page, site
    from plasticity_bench.safe_files import folders_in
    from plasticity_bench.suite.loading import load_suite

    if options.suite:
        suites = [load_suite(options.suite, with_data=False)]
    else:
        suites = page.suites_in(options.entries)
    if options.site:
        if not folders_in(options.entries):
            raise BadInputError(
                f"There are no entries in {options.entries}: give --entries the folder that has "
                "those of all suites."
            )
        count = site.write(options.entries, suites, options.site, say)
        say(f"{count} entries of {len(suites)} suites.")
        print(options.site / "index.html")
        return COMPLETE
    tables = page.tables_of(options.entries, page.latest(suites), say)
    if options.format in ("csv", "json"):
        print(frame.to_csv(tables) if options.format == "csv" else frame.to_json(tables))
    else:
        print(page.page(tables, options.format))
    say_next("submit", "--help")
    return COMPLETE
