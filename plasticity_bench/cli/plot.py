"""`plot`: measurements from task to task, or scores over the settings of a search."""

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from plasticity_bench.cli import options as shared
from plasticity_bench.cli.common import COMPLETE, say, say_next
from plasticity_bench.errors import BadInputError, did_you_mean
from plasticity_bench.names import given_path

if TYPE_CHECKING:
    from plasticity_bench.results import Selection
    from plasticity_bench.scoring.stored_scores import Scores

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
        choices=("curves", "scatter", "retained", "ranks", "profile", "explain", "budget"),
        default="curves",
        help="curves: measurements over tasks (default); scatter: trainability against curvature "
        "retention; retained: against retained plasticity; ranks: with intervals; profile: "
        "performance profiles; explain: what predicts trainability; budget: of a search's file, "
        "score by the number of settings",
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
            _search(options.results, options.kind, chosen, path)
        else:
            _results(options, chosen, path)
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


def _search(file: Path, kind: str, chosen: Chosen, path: Path) -> None:
    from plasticity_bench.figures import sensitivity, tuning_budget
    from plasticity_bench.tuning.record import read_record

    if chosen.measurements or chosen.streams or kind not in ("curves", "budget"):
        raise BadInputError(
            f"{file} is of a search, which is drawn whole: no --measurement, no --stream, and no "
            "--kind but budget."
        )
    figure = tuning_budget if kind == "budget" else sensitivity
    figure.draw(read_record(file).record, path, chosen.learners)


def _results(options: argparse.Namespace, chosen: Chosen, path: Path) -> None:
    from plasticity_bench.results import Results, select

    if options.kind == "budget":
        raise BadInputError("--kind budget draws a search: give the file that `tune` wrote.")
    if options.kind != "curves" and chosen.measurements:
        raise BadInputError(f"--measurement is for --kind curves, not {options.kind}.")
    selection = select(Results(options.results), options.reference)
    if chosen.learners:
        selection = selection.only(chosen.learners)
    for stream in chosen.streams:
        if stream not in selection.streams:
            hint = did_you_mean(stream, selection.streams)
            raise BadInputError(f"There is no stream {stream!r} in these results. {hint}")
    for sentence in selection.sentences:
        say(sentence)
    KINDS[options.kind](selection, chosen, path)


def _curves(selection: "Selection", chosen: Chosen, path: Path) -> None:
    from plasticity_bench.figures import learning_curves as figure
    from plasticity_bench.scoring import learning_curves

    curves = learning_curves.curves(selection, chosen.measurements, chosen.streams, chosen.learners)
    order = selection.streams  # that of the suite and of its table
    curves.sort(key=lambda curve: order.index(curve.stream))
    scored = selection.reference in selection.learners
    best = _scores(selection, chosen)[1] if scored else []
    figure.draw(curves, path, selection.reference, best)


def _scatter(selection: "Selection", chosen: Chosen, path: Path) -> None:
    from plasticity_bench.figures import score_scatter

    scores, best = _scores(selection, chosen)
    score_scatter.draw(scores, selection.reference, path, "curvature", best)


def _retained(selection: "Selection", chosen: Chosen, path: Path) -> None:
    from plasticity_bench.figures import score_scatter

    scores, best = _scores(selection, chosen)
    score_scatter.draw(scores, selection.reference, path, "retained", best)


def _ranks(selection: "Selection", chosen: Chosen, path: Path) -> None:
    from plasticity_bench.figures import rank_intervals

    scores, best = _scores(selection, chosen)
    rank_intervals.draw(scores, selection.reference, path, best)


def _profile(selection: "Selection", chosen: Chosen, path: Path) -> None:
    from plasticity_bench.figures import performance_profiles

    scores, best = _scores(selection, chosen)
    performance_profiles.draw(scores, selection.reference, path, best)


def _explain(selection: "Selection", chosen: Chosen, path: Path) -> None:
    from plasticity_bench.figures import associations as figure
    from plasticity_bench.scoring import associations

    runs = [
        pair
        for pair in selection.finished
        if not chosen.streams or pair[0].stream in chosen.streams
    ]
    table = associations.explain(associations.runs_of(runs), selection.reference)
    if not table:
        raise BadInputError(
            f"{selection.results.folder} holds nothing that was measured at a task's start."
        )
    figure.draw(table, path)


def _scores(selection: "Selection", chosen: Chosen) -> "tuple[Scores, list[str]]":
    """The scores of the streams that are drawn, and the learners from best to worst."""
    from plasticity_bench.scoring import stored_scores

    every = stored_scores.scores(selection)
    scores = {g: s for g, s in every.items() if not chosen.streams or g.stream in chosen.streams}
    return scores, stored_scores.ranked(scores, selection.learners)


KINDS = {
    "curves": _curves,
    "scatter": _scatter,
    "retained": _retained,
    "ranks": _ranks,
    "profile": _profile,
    "explain": _explain,
}
