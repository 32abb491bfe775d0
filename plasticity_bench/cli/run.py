"""`run`: run a suite and print its table."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from plasticity_bench.cli.common import (
    BAD_INPUT,
    COMPLETE,
    SOME_FAILED,
    count,
    say,
    say_error,
    warn_of_few_seeds,
)
from plasticity_bench.errors import BadInputError

if TYPE_CHECKING:
    from plasticity_bench.execution import Execution
    from plasticity_bench.results import Results
    from plasticity_bench.runner import Group
    from plasticity_bench.suite import Suite


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
    parser.add_argument("--results", type=Path, default=Path("results"), metavar="DIR")
    parser.add_argument("--jobs", type=count, metavar="N", help="processes (default: all cores)")
    parser.add_argument(
        "--compile",
        choices=("auto", "on", "off"),
        default="auto",
        help="compile each learner's update (auto: where a stream is long)",
    )
    parser.add_argument(
        "--members", type=count, metavar="N", help="seeds in one computation (default: measured)"
    )
    parser.add_argument(
        "--device", default="cpu", metavar="cpu|cuda|cuda:N|auto", help="where to compute"
    )
    parser.add_argument("--tf32", action="store_true", help="let a GPU round products to TF32")
    parser.add_argument("--format", choices=("table", "markdown", "latex", "csv"), default="table")


def execute(options: argparse.Namespace) -> int:
    """Run what is not finished, and print the table of all that is."""
    from plasticity_bench import data, suite_data

    missing = data.missing(suite_data.datasets_of(options.suite))
    for sentence in missing:  # before torch is imported
        say_error(sentence)
    if missing:
        return BAD_INPUT
    from plasticity_bench import runner, suite, table
    from plasticity_bench.execution import Execution
    from plasticity_bench.results import Results, note_asked

    if options.hyperparameters and not options.learner:
        raise BadInputError("-H sets hyperparameters of the --learner, but no --learner is given.")
    execution = Execution(options.compile, options.device, options.tf32, options.members)
    loaded = suite.load_suite(options.suite)
    added = suite.with_learners(loaded, options.learner, settings(options.hyperparameters))
    seeds = range(options.seeds or loaded.num_seeds)
    # A new learner goes first: what is wrong with it shows before minutes of baselines.
    groups = runner.plan(loaded, (*added, *loaded.contenders), seeds)
    results = Results(options.results / loaded.directory_name)
    _check_writable(results)
    cells = [cell for group in groups for cell in group.cells]
    note_asked(results.folder, loaded.name, options.command, cells)
    for label in runner.unheard(groups):
        say(f"{label}: its begin_task is never called, for this suite hides task boundaries.")
    failed = _execute(loaded, groups, results, execution, options.jobs)
    results.pack()
    print(table.render(table.entries(loaded, groups, results), options.format))
    warn_of_few_seeds(len(seeds))
    say(f"Results: {results.folder}")
    return SOME_FAILED if failed else COMPLETE


def _check_writable(results: "Results") -> None:
    """Make sure, before anything is computed, that it can be stored."""
    try:
        results.folder.mkdir(parents=True, exist_ok=True)
        (results.folder / ".writable").touch()
        (results.folder / ".writable").unlink()
    except OSError as error:
        raise BadInputError(
            f"Cannot write results to {results.folder}: {error.strerror}. Choose another folder "
            "with --results."
        ) from None


def _execute(
    loaded: "Suite",
    groups: "list[Group]",
    results: "Results",
    execution: "Execution",
    jobs: int | None,
) -> int:
    """Run what is not finished; return how many groups failed."""
    from plasticity_bench import progress, runner

    left = runner.remaining(groups, results, execution, say)
    total = sum(len(group.cells) for group in groups)
    to_run = sum(len(group.cells) for group in left)
    say(f"{loaded.name}: {total} cells, {total - to_run} finished, {to_run} to run.")
    try:
        with progress.display(loaded.name, left) as display:
            return runner.run(
                left,
                results,
                jobs or (1 if execution.on_gpu else runner.available_cores()),
                display.task_done,
                display.group_done,
                execution,
            )
    except KeyboardInterrupt:
        finished = results.snapshot().finished
        saved = sum(cell.address in finished for group in groups for cell in group.cells)
        say(
            f"Interrupted: {saved} of {total} cells are saved in {results.folder}. "
            "Run the same command again to go on."
        )
        raise


def settings(given: Sequence[str]) -> dict[str, Any]:
    """Read hyperparameters given as KEY=VALUE."""
    from plasticity_bench.yaml_source import scalar

    settings = {}
    for text in given:
        name, separator, value = text.partition("=")
        if not (name and separator and value):
            raise BadInputError(f"-H {text}: a hyperparameter is set as -H key=value.")
        settings[name] = scalar(value)
    return settings
