"""`explain`: which measurements predict how well tasks are learnt."""

import argparse
from pathlib import Path

from plasticity_bench.cli.common import COMPLETE, say, warn_of_few_seeds
from plasticity_bench.errors import BadInputError

HELP = "tell which measurements predict trainability"
EXAMPLE = "plasticity-bench explain results/explanations-v0@1a2b3c4d --figure explanations.pdf"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the verb."""
    parser.add_argument("results", metavar="RESULTS", type=Path, help="a suite's results folder")
    parser.add_argument("--layers", action="store_true", help="tell of single layers too")
    parser.add_argument(
        "--reference",
        default="fresh",
        metavar="LEARNER",
        help="the learner that is left out within runs, having no history (default: fresh)",
    )
    parser.add_argument(
        "--learner",
        metavar="LABEL",
        action="append",
        default=[],
        help="compare this learner's runs only; may be repeated",
    )
    parser.add_argument("--format", choices=("table", "markdown", "csv"), default="table")
    parser.add_argument(
        "--figure", type=Path, metavar="FILE", help="default: RESULTS/explanations.png"
    )


def execute(options: argparse.Namespace) -> int:
    """Print the table of associations and draw its figure."""
    from plasticity_bench.figures import explanations_figure, figures
    from plasticity_bench.results import Results
    from plasticity_bench.scoring import explanations, explanations_table

    figure = options.figure or options.results / "explanations.png"
    figures.check_path(figure)
    runs = explanations.load_runs(Results(options.results))
    runs = explanations.of_learners(runs, options.learner)
    table = explanations.explain(runs, options.reference, layers=options.layers)
    if not table:
        raise BadInputError(f"{options.results} holds nothing that was measured at a task's start.")
    print(explanations_table.render(table, options.format))
    warn_of_few_seeds(len({run.seed for run in runs}))
    with figures.style():
        explanations_figure.draw(table, figure)
    say(f"Figure: {figure}")
    return COMPLETE
