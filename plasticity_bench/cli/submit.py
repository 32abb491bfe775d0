"""`submit`: make an entry of the leaderboard from results."""

import argparse
import shlex
from pathlib import Path

from plasticity_bench.cli.common import COMPLETE, say
from plasticity_bench.errors import BadInputError

HELP = "make an entry of the leaderboard from results"
ENTRIES = Path("leaderboard") / "entries"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the verb."""
    parser.add_argument("results", metavar="RESULTS", type=Path, help="a suite's results folder")
    parser.add_argument("--name", required=True, help="of the entry: letters, digits, _ . + -")
    parser.add_argument("--authors", required=True, metavar='"A, B"', help="separated by commas")
    parser.add_argument("--licence", default="MIT", help="of code and results (default: MIT)")
    parser.add_argument("--paper", metavar="URL", help="where the learner is described")
    parser.add_argument(
        "--learner", metavar="LABEL", help="as the table has it (default: the one of your own)"
    )
    parser.add_argument("--suite", metavar="FILE", help="where it does not come with the package")
    parser.add_argument(
        "--tuned", type=Path, metavar="FILE", help="the record of the search, if it was moved"
    )
    parser.add_argument(
        "--output", type=Path, default=ENTRIES, metavar="DIR", help=f"default: {ENTRIES}"
    )


def execute(options: argparse.Namespace) -> int:
    """Write the entry, and print its folder."""
    from plasticity_bench.leaderboard import gathering, writing
    from plasticity_bench.results import Results

    results = Results(options.results)
    suite = gathering.suite_of(options.results, options.suite)
    label = options.learner or gathering.own_learner(results, suite)
    authors = [author.strip() for author in options.authors.split(",") if author.strip()]
    if not authors:
        raise BadInputError('--authors: give at least one name, as --authors "A, B".')
    signature = writing.Signature(options.name, authors, options.licence, options.paper)
    folder = writing.write_entry(results, suite, label, signature, options.output, options.tuned)
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    print(folder)
    say(f"{label} on {suite.name}: {size / 1000:,.0f} kB.")
    suffix = f" --suite {shlex.quote(options.suite)}" if options.suite else ""
    say(f"Check it with: plasticity-bench validate {shlex.quote(str(folder))}{suffix}")
    return COMPLETE
