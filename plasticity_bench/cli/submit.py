"""`submit`: make an entry of the leaderboard from results."""

import argparse
from pathlib import Path

from plasticity_bench.cli import options as shared
from plasticity_bench.cli.common import COMPLETE, say, say_next
from plasticity_bench.errors import BadInputError
from plasticity_bench.names import given_path

HELP = "make an entry of the leaderboard from results"
EXAMPLE = """\
plasticity-bench submit results/quick-v1@aaa38efb --name pull --authors "A. Author"
"""
ENTRIES = Path("leaderboard") / "entries"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the verb."""
    shared.add_results(parser)
    parser.add_argument("--name", required=True, help="of the entry: letters, digits, _ . + -")
    parser.add_argument("--authors", required=True, metavar='"A, B"', help="separated by commas")
    parser.add_argument("--licence", default="MIT", help="of code and results (default: MIT)")
    parser.add_argument("--paper", metavar="URL", help="where the learner is described")
    parser.add_argument(
        "--learner", metavar="LABEL", help="as the table has it (default: the one of your own)"
    )
    parser.add_argument(
        "--seeds", type=shared.count, metavar="N", help="submit seeds 0 to N-1 only (default: all)"
    )
    shared.add_suite_file(parser)
    parser.add_argument(
        "--tuned", type=given_path, metavar="FILE", help="the record of the search, if it was moved"
    )
    parser.add_argument(
        "--output", type=given_path, default=ENTRIES, metavar="DIR", help=f"default: {ENTRIES}"
    )
    parser.add_argument(
        "--pull-request",
        action="store_true",
        help="commit the entry to a branch of its own in the clone that it lies in, and print the "
        "text of a pull request",
    )


def execute(options: argparse.Namespace) -> int:
    """Write the entry, and print its folder."""
    from plasticity_bench.leaderboard import pull_request, submission_runs, writing
    from plasticity_bench.results import Results, run_info, select
    from plasticity_bench.suite.loading import suite_of_results

    selection = select(Results(options.results))
    suite = suite_of_results(options.results, options.suite)
    label = selection.checked(options.learner or submission_runs.own_learner(selection, suite))
    authors = [author.strip() for author in options.authors.split(",") if author.strip()]
    if not authors:
        raise BadInputError('--authors: give at least one name, as --authors "A, B".')
    signature = writing.Signature(options.name, authors, options.licence, options.paper)
    most = options.seeds or run_info.MAX_SEED
    request = None
    if options.pull_request:
        request = pull_request.prepare(options.output, suite, options.name)
    folder = writing.write_entry(
        selection, suite, label, signature, options.output, options.tuned, most
    )
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    say(f"{label} on {suite.name}: {size / 1000:,.0f} kB.")
    if request:
        print(request.commit(folder, say))
        say(f"Branch: {request.branch}. To publish it: {request.push_command()}")
    else:
        print(folder)
    say_next("validate", folder, *(("--suite", options.suite) if options.suite else ()))
    return COMPLETE
