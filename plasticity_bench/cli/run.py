"""`run`: run a suite and print its table."""

import argparse
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from plasticity_bench.cli.common import (
    BAD_INPUT,
    COMPLETE,
    SOME_FAILED,
    count,
    say,
    say_error,
    settings,
    warn_of_few_seeds,
)
from plasticity_bench.cli.executing import (
    add_execution_options,
    check_writable,
    execute_groups,
    executions,
)
from plasticity_bench.errors import BadInputError

if TYPE_CHECKING:
    from plasticity_bench.planning import Group
    from plasticity_bench.tuning.record import Tuned


HELP = "run a suite and print its table"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the verb."""
    parser.add_argument(
        "suite", metavar="SUITE", help="a YAML file, or the name of a shipped suite"
    )
    parser.add_argument(
        "--learner",
        metavar="NAME|MODULE:CLASS",
        action="append",
        default=[],
        help="run this learner beside the suite's own; may be repeated",
    )
    parser.add_argument(
        "-H",
        dest="hyperparameters",
        metavar="KEY=VALUE",
        action="append",
        default=[],
        help="set a hyperparameter of the --learner; may be repeated",
    )
    parser.add_argument("--seeds", type=count, metavar="N", help="run seeds 0 to N-1")
    parser.add_argument(
        "--tuned", type=Path, metavar="FILE", help="use the settings that `tune` wrote there"
    )
    add_execution_options(parser)
    parser.add_argument("--format", choices=("table", "markdown", "latex", "csv"), default="table")


def execute(options: argparse.Namespace) -> int:
    """Run what is not finished, and print the table of all that is."""
    from plasticity_bench import data, suite_data

    missing = data.missing(suite_data.datasets_of(options.suite))
    for sentence in missing:  # before torch is imported
        say_error(sentence)
    if missing:
        return BAD_INPUT
    from plasticity_bench import planning, suite, table
    from plasticity_bench.results import Results, note_asked
    from plasticity_bench.tuning import record

    if options.hyperparameters and not options.learner:
        raise BadInputError("-H sets hyperparameters of the --learner, but no --learner is given.")
    how = executions(options)
    loaded = suite.load_suite(options.suite)
    added = suite.with_learners(loaded, options.learner, settings(options.hyperparameters))
    seeds = range(options.seeds or loaded.num_seeds)
    check_scored(seeds)
    # A new learner goes first: what is wrong with it shows before minutes of baselines.
    contenders = (*added, *loaded.contenders)
    tuned = record.read(options.tuned) if options.tuned else None
    if tuned:
        contenders = tuned.applied(contenders)
    groups = planning.plan(loaded, contenders, seeds)
    if tuned:
        groups = _noted(groups, tuned)
    results = Results(options.results / loaded.directory_name)
    check_writable(results)
    cells = [cell for group in groups for cell in group.cells]
    note_asked(results.folder, loaded.name, options.command, cells)
    for label in planning.unheard(groups):
        say(f"{label}: its begin_task is never called, for this suite hides task boundaries.")
    failed = execute_groups(loaded.name, groups, results, how)
    results.pack()
    print(table.render(table.entries(loaded, groups, results), options.format))
    warn_of_few_seeds(len(seeds))
    say(f"Results: {results.folder}")
    return SOME_FAILED if failed else COMPLETE


def check_scored(seeds: range) -> None:
    """Refuse to score seeds that settings are chosen on."""
    from plasticity_bench import seeding

    if len(seeds) > seeding.TUNING:
        raise BadInputError(
            f"--seeds {len(seeds)}: settings are chosen on seeds from {seeding.TUNING} on, which "
            f"are not scored; run at most {seeding.TUNING}."
        )


def _noted(groups: "list[Group]", tuned: "Tuned") -> "list[Group]":
    """Let every result of a tuned learner say which search its settings come from."""
    untuned = [group.label for group in groups if group.label not in tuned.record.learners]
    if untuned:
        names = ", ".join(dict.fromkeys(untuned))
        say(f"{tuned.path} has nothing for {names}: run with the suite's settings.")
    return [
        group if group.label in untuned else replace(group, notes={"tuned": tuned.origin})
        for group in groups
    ]
