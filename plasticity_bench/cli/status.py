"""`status`: how far a suite's results are."""

import argparse
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from plasticity_bench.cli.common import COMPLETE, SOME_FAILED, count, say
from plasticity_bench.errors import BadInputError

if TYPE_CHECKING:
    from plasticity_bench.status import Status

HELP = "tell what is complete, failed, damaged or missing"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the verb."""
    parser.add_argument(
        "wanted", metavar="RESULTS|SUITE", help="a suite's results folder, or a suite as for run"
    )
    parser.add_argument(
        "--learner",
        metavar="NAME|MODULE:CLASS",
        action="append",
        default=[],
        help="of a suite: as for run",
    )
    parser.add_argument(
        "-H",
        dest="hyperparameters",
        metavar="KEY=VALUE",
        action="append",
        default=[],
        help="of a suite: as for run",
    )
    parser.add_argument("--seeds", type=count, metavar="N", help="of a suite: seeds 0 to N-1")
    parser.add_argument("--results", type=Path, default=Path("results"), metavar="DIR")


def execute(options: argparse.Namespace) -> int:
    """Print the table of what there is; return 0 only if nothing is missing."""
    from plasticity_bench import status
    from plasticity_bench.results import Results

    if Path(options.wanted).is_dir():
        if options.learner or options.hyperparameters or options.seeds:
            raise BadInputError(
                f"{options.wanted} is a results folder: --learner, -H and --seeds are for a suite."
            )
        found = status.of_folder(Results(Path(options.wanted)))
    else:
        found = _of_suite(options)
    print(status.render(found))
    for sentence in status.summary(found):
        say(sentence)
    return COMPLETE if found.is_complete else SOME_FAILED


def _of_suite(options: argparse.Namespace) -> "Status":
    from plasticity_bench import planning, status, suite
    from plasticity_bench.cli.common import settings
    from plasticity_bench.results import Results

    loaded = suite.load_suite(options.wanted)
    added = suite.with_learners(loaded, options.learner, settings(options.hyperparameters))
    seeds = range(options.seeds or loaded.num_seeds)
    groups = planning.plan(loaded, (*added, *loaded.contenders), seeds)
    cells = [cell for group in groups for cell in group.cells]
    command = ["plasticity-bench", "run", *shlex.split(options.command)[2:]]
    results = Results(options.results / loaded.directory_name)
    return status.of_cells(results, cells, shlex.join(command))
