"""`report`: one HTML file that shows everything of a suite's results."""

import argparse

from plasticity_bench.cli import options as shared
from plasticity_bench.cli.common import COMPLETE, say, say_next
from plasticity_bench.names import given_path

HELP = "write one HTML file with the tables and figures of results"
EXAMPLE = "plasticity-bench report results/quick-v1@aaa38efb --output report.html"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the verb."""
    shared.add_results(parser)
    parser.add_argument(
        "--output", type=given_path, metavar="FILE", help="default: RESULTS/report.html"
    )
    parser.add_argument("--layers", action="store_true", help="show single layers too")
    shared.add_reference(parser)
    parser.add_argument(
        "--tuned",
        type=given_path,
        metavar="FILE",
        action="append",
        default=[],
        help="show the search in this file that `tune` wrote, beside those that results name",
    )


def execute(options: argparse.Namespace) -> int:
    """Write the report's page."""
    from plasticity_bench import report
    from plasticity_bench.results import Results, select
    from plasticity_bench.tuning.record import read_record

    path = options.output or options.results / "report.html"
    selection = select(Results(options.results), options.reference)
    model = report.collect(
        selection,
        layers=options.layers,
        tuned=[read_record(file) for file in options.tuned],
    )
    report.write(model, path)
    for sentence in selection.sentences:
        say(sentence)
    say(f"Report: {path}")
    say_next("plot", options.results)
    return COMPLETE
