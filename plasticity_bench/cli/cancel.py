"""`cancel`: end the tasks of a cluster whose results are to be in a folder."""

import argparse

from plasticity_bench.cli.common import COMPLETE, say, say_next
from plasticity_bench.names import given_path

HELP = "end the Slurm tasks of a results folder; finished runs are kept"
EXAMPLE = "plasticity-bench cancel results/paper-v1@8c31efc3"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the verb."""
    parser.add_argument("results", metavar="RESULTS", type=given_path, help="a results folder")


def execute(options: argparse.Namespace) -> int:
    """Cancel what is queued or runs, of `run` and of `tune`; say how many tasks that were."""
    from plasticity_bench.errors import BadInputError
    from plasticity_bench.results.reuse import TUNING
    from plasticity_bench.running.engines import slurm

    if not options.results.is_dir():
        raise BadInputError(f"There is no results folder {options.results}.")
    slurm.check_available()
    found = 0
    for folder in (options.results, options.results / TUNING):
        for submission in slurm.all_of(folder):
            if states := submission.states():
                submission.cancel()
                found += 1
                say(f"{submission.label} is cancelled: {slurm.summary(states)}.")
    if not found:
        say(f"No task of {options.results} is queued or running.")
    say_next("status", options.results)
    return COMPLETE
