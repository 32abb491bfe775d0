"""`plot`: measurements from task to task, or scores over the settings of a search."""

import argparse
from pathlib import Path

from plasticity_bench.cli.common import COMPLETE, say
from plasticity_bench.errors import BadInputError

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
        "--figure", type=Path, metavar="FILE", help="default: RESULTS/curves.png, FILE.png"
    )


def execute(options: argparse.Namespace) -> int:
    """Draw the curves of stored results, or how scores depend on hyperparameters."""
    if options.results.is_file():
        return _sensitivity(options)
    from plasticity_bench import curves, figures
    from plasticity_bench.results import Results

    path = options.figure or options.results / "curves.png"
    figures.check_path(path)
    lines = curves.curves(
        Results(options.results), options.measurement, options.stream, options.learner
    )
    curves.draw(lines, path)
    say(f"Figure: {path}")
    return COMPLETE


def _sensitivity(options: argparse.Namespace) -> int:
    from plasticity_bench import figures
    from plasticity_bench.tuning import record, sensitivity

    if options.measurement or options.stream:
        raise BadInputError("A search is drawn whole: it has no --measurement and no --stream.")
    path = options.figure or options.results.with_suffix(".png")
    figures.check_path(path)
    sensitivity.draw(record.read(options.results).record, path, options.learner)
    say(f"Figure: {path}")
    return COMPLETE
