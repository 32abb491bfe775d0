"""`run`: run a suite and print its table."""

import argparse
import shlex

from plasticity_bench.cli import options as shared
from plasticity_bench.cli import requests
from plasticity_bench.cli.common import COMPLETE, SOME_FAILED, say, say_next

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
    from plasticity_bench.cli.execution import check_writable, engine_of, execute_groups
    from plasticity_bench.cli.printed_table import print_table
    from plasticity_bench.cli.requested_runs import requested_runs
    from plasticity_bench.results import select
    from plasticity_bench.running import status
    from plasticity_bench.suite.planning import not_in_keys, without_boundaries

    requested = requested_runs(request)
    name, groups, results = requested.suite.name, requested.groups, requested.results
    if options.dry_run:
        runs, missing = requested.runs, len(results.snapshot().missing(requested.runs))
        print(status.render(status.of_runs(results, runs, request.command)))
        say(f"{len(runs)} runs, {len(runs) - missing} finished, {missing} to do. Nothing was run.")
        say_next(*(word for word in shlex.split(request.command)[1:] if word != "--dry-run"))
        return COMPLETE
    engine = engine_of(execution)
    check_writable(results)
    if execution.chunk is None:
        requested.store(request.command)
    for sentence in (*requested.remarks, *without_boundaries(groups), *not_in_keys(groups)):
        say(sentence)
    failed = execute_groups(name, groups, results, execution, engine)
    results.pack()
    print_table(select(results).only(requested.labels), options.format, options.columns)
    say(f"Results: {results.folder}")
    say_next(*(("status",) if failed else ("report",)), results.folder)
    return SOME_FAILED if failed else COMPLETE
