"""`plot`: measurements from task to task, or scores over the settings of a search."""

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from plasticity_bench.cli import options as shared
from plasticity_bench.cli.common import COMPLETE, say, say_next
from plasticity_bench.errors import BadInputError
from plasticity_bench.names import given_path

if TYPE_CHECKING:
    from plasticity_bench.results import Selection

HELP = "draw measurements from task to task, or the scores of a search"
EXAMPLE = "plasticity-bench plot results/quick-v1@aaa38efb --learner adam --learner l2_init"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the verb."""
    parser.add_argument(
        "results",
        metavar="RESULTS|FILE",
        type=given_path,
        help="a suite's results folder, or the file that `tune` wrote",
    )
    parser.add_argument(
        "--kind",
        choices=("curves", "scatter", "profile", "explain"),
        default="curves",
        help="curves: measurements over tasks (default); scatter: trainability against curvature "
        "retention; profile: performance profiles; explain: what predicts trainability",
    )
    shared.add_reference(parser)
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
        type=given_path,
        metavar="FILE",
        help="ends in .pdf, .svg or .png; default: RESULTS/KIND.png, FILE.png",
    )


def execute(options: argparse.Namespace) -> int:
    """Draw stored results, or how scores depend on hyperparameters."""
    from plasticity_bench.figures import paper_figure

    is_search = options.results.is_file()
    default = options.results / f"{options.kind}.png"
    path = options.figure or (options.results.with_suffix(".png") if is_search else default)
    paper_figure.check_path(path)
    chosen = Chosen(tuple(options.measurement), tuple(options.stream), tuple(options.learner))
    with paper_figure.style():
        if is_search:
            if chosen.measurements or chosen.streams or options.kind != "curves":
                raise BadInputError(
                    "A search is drawn whole: no --kind, --measurement or --stream."
                )
            _sensitivity(options.results, chosen, path)
        else:
            if options.kind != "curves" and any(vars(chosen).values()):
                raise BadInputError(f"--kind {options.kind} draws all streams and learners.")
            selection = _selected(options.results, options.reference)
            KINDS[options.kind](selection, chosen, path)
    say(f"Figure: {path}")
    if not is_search:
        say_next("report", options.results)
    return COMPLETE


@dataclass(frozen=True)
class Chosen:
    """What is drawn; everything where nothing is named.

    Attributes:
        measurements: their names.
        streams: their labels.
        learners: their labels.
    """

    measurements: tuple[str, ...]
    streams: tuple[str, ...]
    learners: tuple[str, ...]


def _selected(folder: Path, reference: str | None) -> "Selection":
    from plasticity_bench.results import Results, select

    selection = select(Results(folder), reference)
    for sentence in selection.sentences:
        say(sentence)
    return selection


def _curves(selection: "Selection", chosen: Chosen, path: Path) -> None:
    from plasticity_bench.figures import learning_curves as figure
    from plasticity_bench.scoring import learning_curves

    curves = learning_curves.curves(selection, chosen.measurements, chosen.streams, chosen.learners)
    figure.draw(curves, path, selection.reference)


def _scatter(selection: "Selection", _: Chosen, path: Path) -> None:
    from plasticity_bench.figures import score_scatter
    from plasticity_bench.scoring import stored_scores

    score_scatter.draw(stored_scores.scores(selection), selection.reference, path)


def _profile(selection: "Selection", _: Chosen, path: Path) -> None:
    from plasticity_bench.figures import performance_profiles
    from plasticity_bench.scoring import stored_scores

    performance_profiles.draw(stored_scores.scores(selection), selection.reference, path)


def _explain(selection: "Selection", _: Chosen, path: Path) -> None:
    from plasticity_bench.figures import associations as figure
    from plasticity_bench.scoring import associations

    table = associations.explain(associations.runs_of(selection.finished), selection.reference)
    if not table:
        raise BadInputError(
            f"{selection.results.folder} holds nothing that was measured at a task's start."
        )
    figure.draw(table, path)


def _sensitivity(file: Path, chosen: Chosen, path: Path) -> None:
    from plasticity_bench.figures import sensitivity
    from plasticity_bench.tuning import record

    sensitivity.draw(record.read(file).record, path, chosen.learners)


KINDS = {"curves": _curves, "scatter": _scatter, "profile": _profile, "explain": _explain}
