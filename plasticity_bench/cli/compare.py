"""`compare`: how two learners differ, and whether by chance."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from plasticity_bench.cli.common import COMPLETE
from plasticity_bench.errors import BadInputError

if TYPE_CHECKING:
    from plasticity_bench.leaderboard.comparing import Scores

HELP = "tell how two learners differ, and whether by chance"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the verb."""
    parser.add_argument("results", metavar="RESULTS", type=Path, help="a suite's results folder")
    parser.add_argument(
        "others",
        metavar="A B | RESULTS",
        nargs="+",
        help="two learners' labels, or the folder of another run and --learner",
    )
    parser.add_argument("--learner", metavar="LABEL", help="the learner that both runs have")
    parser.add_argument("--score", choices=("trainability", "retention"), default="trainability")
    parser.add_argument("--suite", metavar="FILE", help="where it does not come with the package")
    parser.add_argument("--format", choices=("table", "markdown"), default="table")


def execute(options: argparse.Namespace) -> int:
    """Print the differences, and what they mean in plain words."""
    from plasticity_bench.leaderboard import comparing

    what = "curvature retention" if options.score == "retention" else options.score
    (ours, x), (theirs, y) = _pair(options)
    lines = comparing.compare(x, y)
    print(comparing.render(lines, options.format))
    print(f"\n{comparing.sentence(lines, ours, theirs, what)}")
    return COMPLETE


def _pair(options: argparse.Namespace) -> "list[tuple[str, Scores]]":
    from plasticity_bench.leaderboard import comparing, gathering
    from plasticity_bench.results import Results

    if len(options.others) == 2 and not options.learner:
        places = [(options.results, label) for label in options.others]
        names = options.others
    elif len(options.others) == 1 and options.learner:
        folders = [options.results, Path(options.others[0])]
        places = [(folder, options.learner) for folder in folders]
        names = [f"{options.learner} of {folder}" for folder in folders]
    else:
        raise BadInputError(
            "Give `compare RESULTS A B`, or `compare RESULTS RESULTS --learner LABEL`."
        )
    found = []
    for name, (folder, label) in zip(names, places, strict=True):
        suite = gathering.suite_of(folder, options.suite)
        scores = comparing.learner_scores(Results(folder), suite, label, options.score)
        found.append((name, scores))
    return found
