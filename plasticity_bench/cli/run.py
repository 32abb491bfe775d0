"""`run`: run a suite and print its table."""

import argparse
import shlex
from typing import TYPE_CHECKING

from plasticity_bench.cli import options as shared
from plasticity_bench.cli import requests
from plasticity_bench.cli.common import (
    BAD_INPUT,
    COMPLETE,
    SOME_FAILED,
    say,
    say_error,
    say_next,
)
from plasticity_bench.cli.requests import ExecutionRequest

if TYPE_CHECKING:  # which loads torch
    from plasticity_bench.cli.requested_runs import RequestedRuns

HELP = "run a suite and print its table"
EXAMPLE = "plasticity-bench run quick --learner my_module:Learner -H strength=1e-3"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the verb."""
    shared.add_suite(parser)
    shared.add_runs(parser)
    shared.add_execution(parser)
    shared.add_table(parser)


def execute(options: argparse.Namespace) -> int:
    """Run what is not finished, and print the table of all that is."""
    request, execution = requests.run_request(options), requests.execution_request(options)
    from plasticity_bench import data
    from plasticity_bench.suite.document import datasets_of, read_document

    document = read_document(request.suite)
    missing = data.missing(datasets_of(document))
    for sentence in missing:  # before torch is imported
        say_error(sentence)
    if missing:
        return BAD_INPUT
    from plasticity_bench.cli.requested_runs import requested_runs
    from plasticity_bench.scoring.score_table import chosen_columns

    chosen_columns(options.columns)  # a slip shows now, not after the last run
    requested = requested_runs(request, document)
    if options.dry_run:
        return dry_run(requested, request.command)
    return run(requested, request.command, execution, options.format, options.columns)


def dry_run(requested: "RequestedRuns", command: str) -> int:
    """Print what is finished and what would be run, and return the exit code."""
    from plasticity_bench.running import status

    suite_status = status.of_runs(requested.results, requested.runs, command)
    print(status.render(suite_status))
    missing = len(requested.results.snapshot().missing(requested.runs))
    finished = len(requested.runs) - missing
    say(f"{len(requested.runs)} runs, {finished} finished, {missing} to do. Nothing was run.")
    say_next(*(word for word in shlex.split(command)[1:] if word != "--dry-run"))
    return COMPLETE


def run(
    requested: "RequestedRuns",
    command: str,
    execution: ExecutionRequest,
    format_name: str,
    columns: str | None = None,
) -> int:
    """Run what is not finished, print the table, and return the exit code."""
    from plasticity_bench.cli.execution import check_writable, engine_of, execute_groups
    from plasticity_bench.cli.printed_table import print_table
    from plasticity_bench.results import select
    from plasticity_bench.suite.planning import not_in_keys, without_boundaries

    name, groups, results = requested.suite.name, requested.groups, requested.results
    engine = engine_of(execution)
    check_writable(results)
    if execution.chunk is None:
        requested.store(command)
    for label in without_boundaries(groups):
        say(f"{label}: its begin_task is never called, because this suite hides task boundaries.")
    for sentence in not_in_keys(groups):
        say(sentence)
    failed = execute_groups(name, groups, results, execution, engine)
    results.pack()
    print_table(select(results).only(requested.labels), format_name, columns)
    say(f"Results: {results.folder}")
    say_next(*(("status",) if failed else ("report",)), results.folder)
    return SOME_FAILED if failed else COMPLETE
