"""`status`: how far a suite's results are."""

import argparse
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from plasticity_bench.cli.asking import add_learner_options, question
from plasticity_bench.cli.common import COMPLETE, SOME_FAILED, say
from plasticity_bench.errors import BadInputError

if TYPE_CHECKING:
    from plasticity_bench.results import Results
    from plasticity_bench.running.status import Status

HELP = "tell what is complete, failed, damaged or missing"
EXAMPLE = """\
plasticity-bench status results/quick-v0@885f6d2c
plasticity-bench status quick --learner my_module:Learner"""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the verb."""
    parser.add_argument(
        "suite", metavar="RESULTS|SUITE", help="a suite's results folder, or a suite as for run"
    )
    add_learner_options(parser)
    parser.add_argument("--results", type=Path, default=Path("results"), metavar="DIR")


def execute(options: argparse.Namespace) -> int:
    """Print the table of what there is; return 0 only if nothing is missing."""
    from plasticity_bench.results import Results
    from plasticity_bench.running import status
    from plasticity_bench.running.engines import slurm

    if Path(options.suite).is_dir():
        if options.learner or options.hyperparameters or options.seeds or options.tuned:
            raise BadInputError(
                f"{options.suite} is a results folder: --learner, -H, --seeds and --tuned are for "
                "a suite."
            )
        results = Results(Path(options.suite))
        found = status.of_folder(results)
    else:
        found, results = _of_suite(options)
    print(status.render(found))
    submission = slurm.latest(results.folder)
    if submission is not None and slurm.is_available() and submission.states():
        say(f"Slurm job {submission.job}: {slurm.summary(submission.states())}.")
    for sentence in status.summary(found):
        say(sentence)
    return COMPLETE if found.is_complete else SOME_FAILED


def _of_suite(options: argparse.Namespace) -> "tuple[Status, Results]":
    from plasticity_bench.running import status

    asked = question(options)
    cells = [cell for group in asked.groups for cell in group.cells]
    command = ["plasticity-bench", "run", *shlex.split(options.command)[2:]]
    return status.of_cells(asked.results, cells, shlex.join(command)), asked.results
