"""`compare`: how two learners differ, and whether by chance."""

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path

from plasticity_bench.cli import options as shared
from plasticity_bench.cli.common import COMPLETE, say, say_next
from plasticity_bench.errors import BadInputError
from plasticity_bench.names import given_path

HELP = "compare two learners, with intervals and p values"
EXAMPLE = "plasticity-bench compare results/quick-v1@aaa38efb l2_init adam"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the verb."""
    shared.add_results(parser)
    parser.add_argument(
        "others",
        metavar="A B | RESULTS",
        nargs="+",
        help="two learners' labels, or the folder of another run and --learner",
    )
    parser.add_argument("--learner", metavar="LABEL", help="the learner that both runs have")
    parser.add_argument("--score", choices=shared.SCORE_NAMES, default="trainability")
    parser.add_argument("--suite", help=argparse.SUPPRESS)  # needed by earlier versions
    parser.add_argument("--format", choices=("table", "markdown", "latex"), default="table")


def execute(options: argparse.Namespace) -> int:
    """Print the differences, and what they mean in plain words."""
    if len(options.others) == 2 and not options.learner:
        sides = [(label, options.results, label) for label in options.others]
    elif len(options.others) == 1 and options.learner:
        folders = [options.results, given_path(options.others[0])]
        label = options.learner
        sides = [(f"{label} of {folder}", folder, label) for folder in folders]
    else:
        raise BadInputError(
            "Give `compare RESULTS A B`, or `compare RESULTS RESULTS --learner LABEL`."
        )
    return compare(sides, options.score, options.format)


def compare(sides: Sequence[tuple[str, Path, str]], score: str, format_name: str) -> int:
    """Print how two learners differ.

    Args:
        sides: of each, what it is called, its results folder and its label.
        score: one of `options.SCORE_NAMES`.
        format_name: "table", "markdown" or "latex".
    """
    from plasticity_bench.results import Results, select
    from plasticity_bench.scoring import comparison
    from plasticity_bench.scoring.scores import WORDS

    selections = {folder: select(Results(folder)) for _, folder, _ in sides}
    _check_streams([selection.requests.streams for selection in selections.values()])
    scores = [
        comparison.learner_scores(selections[folder], label, score) for _, folder, label in sides
    ]
    (ours, *_), (theirs, *_) = sides
    what = WORDS[score]
    lines = comparison.compare(*scores)
    print(comparison.render(lines, format_name))
    print(f"\n{comparison.sentence(lines, ours, theirs, what)}")
    for sentence in dict.fromkeys(
        s for _, folder, _ in sides for s in selections[folder].sentences
    ):
        say(sentence)
    drawn = [word for _, _, label in sides for word in ("--learner", label)]
    say_next("plot", sides[0][1], *drawn[: 4 if len(selections) == 1 else 2])
    return COMPLETE


def _check_streams(by_folder: Sequence[Mapping[str, str]]) -> None:
    """Refuse labels that stand for other streams or networks in another folder."""
    first, *others = by_folder
    for other in others:
        for label in first.keys() & other.keys():
            if first[label] != other[label]:
                raise BadInputError(
                    f"{label} is another stream, network or version in the one folder than in the "
                    "other: their runs cannot be compared."
                )
