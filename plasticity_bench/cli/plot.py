"""`plot`: measurements from task to task, or scores over the settings of a search."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from plasticity_bench.cli.common import COMPLETE, say
from plasticity_bench.errors import BadInputError

if TYPE_CHECKING:
    from plasticity_bench.scoring.scores import Score

HELP = "draw measurements from task to task, or the scores of a search"
EXAMPLE = "plasticity-bench plot results/quick-v0@885f6d2c --learner adam --learner l2_init"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the verb."""
    parser.add_argument(
        "results",
        metavar="RESULTS|FILE",
        type=Path,
        help="a suite's results folder, or the file that `tune` wrote",
    )
    parser.add_argument(
        "--kind",
        choices=("curves", "scatter", "profile", "explain"),
        default="curves",
        help="curves: measurements over tasks (default); scatter: trainability against curvature "
        "retention; profile: performance profiles; explain: what predicts trainability",
    )
    parser.add_argument(
        "--reference",
        default="fresh",
        metavar="LEARNER",
        help="the learner that scores are relative to (default: fresh)",
    )
    parser.add_argument(
        "--measurement",
        metavar="NAME",
        action="append",
        default=[],
        help="default: how well tasks were learnt, and curvature; may be repeated",
    )
    for what in ("stream", "learner"):
        parser.add_argument(
            f"--{what}",
            metavar="LABEL",
            action="append",
            default=[],
            help=f"draw this {what} only; may be repeated",
        )
    parser.add_argument(
        "--figure",
        type=Path,
        metavar="FILE",
        help="ends in .pdf, .svg or .png; default: RESULTS/KIND.png, FILE.png",
    )


def execute(options: argparse.Namespace) -> int:
    """Draw stored results, or how scores depend on hyperparameters."""
    from plasticity_bench.figures import figures

    is_search = options.results.is_file()
    default = options.results / f"{options.kind}.png"
    path = options.figure or (options.results.with_suffix(".png") if is_search else default)
    figures.check_path(path)
    if options.kind != "curves" and (options.measurement or options.stream or options.learner):
        raise BadInputError(f"--kind {options.kind} draws all streams and learners.")
    with figures.style():
        draw = _sensitivity if is_search else KINDS[options.kind]
        draw(options, path)
    say(f"Figure: {path}")
    return COMPLETE


def _curves(options: argparse.Namespace, path: Path) -> None:
    from plasticity_bench.figures import curves
    from plasticity_bench.results import Results

    lines = curves.curves(
        Results(options.results), options.measurement, options.stream, options.learner
    )
    curves.draw(lines, path, options.reference)


def _scatter(options: argparse.Namespace, path: Path) -> None:
    from plasticity_bench.figures import scatter_figure

    scatter_figure.draw(_scores(options), options.reference, path)


def _profile(options: argparse.Namespace, path: Path) -> None:
    from plasticity_bench.figures import profile_figure

    profile_figure.draw(_scores(options), options.reference, path)


def _explain(options: argparse.Namespace, path: Path) -> None:
    from plasticity_bench.figures import explanations_figure
    from plasticity_bench.results import Results
    from plasticity_bench.scoring import explanations

    table = explanations.explain(
        explanations.load_runs(Results(options.results)), options.reference
    )
    if not table:
        raise BadInputError(f"{options.results} holds nothing that was measured at a task's start.")
    explanations_figure.draw(table, path)


def _scores(options: argparse.Namespace) -> "dict[tuple[str, str], dict[int, Score]]":
    from plasticity_bench.results import Results
    from plasticity_bench.scoring import stored_scores

    results = Results(options.results)
    return stored_scores.scores(results, stored_scores.current(results), options.reference)


def _sensitivity(options: argparse.Namespace, path: Path) -> None:
    from plasticity_bench.tuning import record, sensitivity

    if options.measurement or options.stream or options.kind != "curves":
        raise BadInputError("A search is drawn whole: no --kind, --measurement or --stream.")
    sensitivity.draw(record.read(options.results).record, path, options.learner)


KINDS = {"curves": _curves, "scatter": _scatter, "profile": _profile, "explain": _explain}
