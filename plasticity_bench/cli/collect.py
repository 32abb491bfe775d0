"""`collect`: the table of what is finished, while the rest goes on elsewhere."""

import argparse
from pathlib import Path

from plasticity_bench.cli.asking import FORMATS, add_learner_options, question
from plasticity_bench.cli.common import COMPLETE, SOME_FAILED, say, warn_of_few_seeds

HELP = "print the table of what is finished, and run nothing"
EXAMPLE = "plasticity-bench collect quick --learner my_module:Learner --format markdown"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the verb."""
    parser.add_argument("suite", metavar="SUITE", help="as for run")
    add_learner_options(parser)
    parser.add_argument("--results", type=Path, default=Path("results"), metavar="DIR")
    parser.add_argument("--format", choices=FORMATS, default="table")


def execute(options: argparse.Namespace) -> int:
    """Print the table; return 0 only if nothing is missing."""
    asked = question(options)
    asked.results.pack()
    finished = asked.results.snapshot().finished
    cells = [cell for group in asked.groups for cell in group.cells]
    left = sum(cell.address not in finished for cell in cells)
    print(asked.table(options.format))
    warn_of_few_seeds(asked.num_seeds)
    if left:
        say(f"{left} of {len(cells)} cells are not finished.")
    return SOME_FAILED if left else COMPLETE
