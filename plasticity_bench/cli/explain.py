"""`explain`: which measurements predict how well tasks are learnt."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from plasticity_bench.cli import options as shared
from plasticity_bench.cli.common import COMPLETE, say, say_next
from plasticity_bench.errors import BadInputError
from plasticity_bench.names import given_path

if TYPE_CHECKING:
    from plasticity_bench.results import Selection

HELP = "report which measurements predict trainability"
EXAMPLE = "plasticity-bench explain results/explanations-v1@1a2b3c4d --figure explanations.pdf"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the verb."""
    shared.add_results(parser)
    parser.add_argument(
        "--layers", action="store_true", help="include measurements of single layers"
    )
    parser.add_argument(
        "--ahead",
        type=shared.count,
        metavar="M",
        help="rank what is known before task k by how well it predicts trainability on tasks k+1 "
        "to k+M, beside baselines; draws no figure",
    )
    parser.add_argument(
        "--reference",
        metavar="LEARNER",
        help="the learner that is left out within runs, having no history, and with --ahead "
        "altogether: trainability is relative to it (default: the suite's reference)",
    )
    parser.add_argument(
        "--learner",
        metavar="LABEL",
        action="append",
        default=[],
        help="compare this learner's runs only; may be repeated",
    )
    parser.add_argument("--format", choices=("table", "markdown", "latex", "csv"), default="table")
    parser.add_argument(
        "--figure", type=given_path, metavar="FILE", help="default: RESULTS/explanations.png"
    )


def execute(options: argparse.Namespace) -> int:
    """Print the table of associations and draw its figure, or print the ranking of predictors."""
    from plasticity_bench.results import Results, select

    if options.ahead and options.figure:
        raise BadInputError("--figure draws correlations with the same task: leave out --ahead.")
    path = None if options.ahead else _figure_path(options)
    selection = select(Results(options.results), options.reference)
    wanted = [selection.checked(label) for label in options.learner] or selection.learners
    if path is None:
        _rank_predictors(options, selection, wanted)
    else:
        _associate(options, selection, wanted, path)
    say_next("report", options.results)
    return COMPLETE


def _figure_path(options: argparse.Namespace) -> Path:
    from plasticity_bench.figures import paper_figure

    path: Path = options.figure or options.results / "explanations.png"
    paper_figure.check_path(path)
    return path


def _associate(
    options: argparse.Namespace, selection: "Selection", wanted: list[str], path: Path
) -> None:
    from plasticity_bench.figures import associations as figure
    from plasticity_bench.figures import paper_figure
    from plasticity_bench.scoring import association_table, associations
    from plasticity_bench.statistics import few_seeds_notice

    runs = associations.runs_of(pair for pair in selection.finished if pair[0].learner in wanted)
    table = associations.explain(runs, selection.reference, layers=options.layers)
    if not table:
        raise BadInputError(f"{options.results} holds nothing that was measured at a task's start.")
    print(association_table.render(table, options.format))
    few = few_seeds_notice(len({run.seed for run in runs}))
    for sentence in [*selection.sentences, *few]:
        say(sentence)
    with paper_figure.style():
        figure.draw(table, path)
    say(f"Figure: {path}")


def _rank_predictors(
    options: argparse.Namespace, selection: "Selection", wanted: list[str]
) -> None:
    from plasticity_bench.scoring import predictor_table, predictors, task_histories
    from plasticity_bench.statistics import few_seeds_notice

    histories = task_histories.histories(selection, wanted, options.ahead)
    ranking = predictors.rank_predictors(histories, layers=options.layers)
    print(predictor_table.render(ranking, histories, options.format))
    few = few_seeds_notice(len(histories.seeds))
    for sentence in [*selection.sentences, *predictor_table.sentences(histories), *few]:
        say(sentence)
