"""`run`: run a suite and print its table."""

import argparse

from plasticity_bench.cli.asking import FORMATS, add_learner_options, question
from plasticity_bench.cli.common import (
    BAD_INPUT,
    COMPLETE,
    SOME_FAILED,
    say,
    say_error,
    warn_of_few_seeds,
)
from plasticity_bench.cli.executing import add_execution_options, check_writable, execute_groups

HELP = "run a suite and print its table"
EXAMPLE = "plasticity-bench run quick --learner my_module:Learner -H strength=1e-3"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the verb."""
    parser.add_argument(
        "suite", metavar="SUITE", help="a YAML file, or the name of a shipped suite"
    )
    add_learner_options(parser)
    add_execution_options(parser)
    parser.add_argument("--format", choices=FORMATS, default="table")


def execute(options: argparse.Namespace) -> int:
    """Run what is not finished, and print the table of all that is."""
    from plasticity_bench import data
    from plasticity_bench.suite import suite_data

    missing = data.missing(suite_data.datasets_of(options.suite))
    for sentence in missing:  # before torch is imported
        say_error(sentence)
    if missing:
        return BAD_INPUT
    from plasticity_bench.results import note_asked
    from plasticity_bench.running import planning

    asked = question(options)
    check_writable(asked.results)
    if options.chunk is None:
        cells = [cell for group in asked.groups for cell in group.cells]
        note_asked(asked.results.folder, asked.suite.name, options.command, cells)
    for label in planning.unheard(asked.groups):
        say(f"{label}: its begin_task is never called, for this suite hides task boundaries.")
    failed = execute_groups(asked.suite.name, asked.groups, asked.results, options)
    asked.results.pack()
    print(asked.table(options.format))
    warn_of_few_seeds(asked.num_seeds)
    say(f"Results: {asked.results.folder}")
    return SOME_FAILED if failed else COMPLETE
