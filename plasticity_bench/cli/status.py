"""`status`: how far a suite's results are."""

import argparse
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from plasticity_bench.cli import options as shared
from plasticity_bench.cli import requests
from plasticity_bench.cli.common import COMPLETE, SOME_FAILED, say, say_next

if TYPE_CHECKING:
    from plasticity_bench.results import Results
    from plasticity_bench.running.status import Status

HELP = "report what is complete, failed, damaged or missing"
EXAMPLE = """\
plasticity-bench status results/quick-v1@aaa38efb
plasticity-bench status quick --learner my_module:Learner"""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the verb."""
    shared.add_results_or_suite(parser)
    shared.add_runs(parser)
    parser.add_argument(
        "--watch",
        nargs="?",
        type=shared.count,
        const=10,
        metavar="SECONDS",
        help="print it again and again until all is complete (default: every 10 seconds)",
    )


def execute(options: argparse.Namespace) -> int:
    """Print the table of what there is; return 0 only if nothing is missing."""
    while True:
        is_complete = _print(options)
        if is_complete or options.watch is None:
            return COMPLETE if is_complete else SOME_FAILED
        time.sleep(options.watch)
        if sys.stdout.isatty():
            print("\x1b[H\x1b[2J", end="")


def _print(options: argparse.Namespace) -> bool:
    """Print the table and the sentences below it; return whether nothing is missing."""
    from plasticity_bench.results.reuse import TUNING
    from plasticity_bench.running import status

    suite_status, results = (
        _of_folder(options) if Path(options.suite).is_dir() else _of_suite(options)
    )
    if suite_status.rows:
        print(status.render(suite_status))
    _say_tasks(results)
    if suite_status.rows:
        for sentence in status.summary(suite_status):
            say(sentence)
    if (results.folder / TUNING / "runs").is_dir():
        search = type(results)(results.folder / TUNING)
        for sentence in status.of_search(search):
            say(sentence)
        _say_tasks(search)
    if suite_status.is_complete:
        say_next("report", results.folder)
    return suite_status.is_complete


def _say_tasks(results: "Results") -> None:
    """Say how many tasks on a cluster are left, and quote the logs of those that left nothing."""
    from plasticity_bench.results import read_requests
    from plasticity_bench.running.cluster_rounds import quoted_logs
    from plasticity_bench.running.engines import slurm

    submissions = slurm.all_of(results.folder)
    if not submissions:
        return
    last = submissions[-1]
    if slurm.is_available() and (states := last.states()):
        say(f"{last.label}: {slurm.summary(states)}.")
        return
    missing = results.snapshot().missing(read_requests(results.folder).runs)
    if missing and last.is_cancelled:
        say(f"{last.label} was cancelled.")
    elif missing:
        for sentence in quoted_logs(last.folder, [run.key for run in missing]):
            say(sentence)


def _of_folder(options: argparse.Namespace) -> "tuple[Status, Results]":
    from plasticity_bench.results import Results
    from plasticity_bench.running import status

    requests.check_no_runs(options)
    results = Results(Path(options.suite))
    return status.of_folder(results), results


def _of_suite(options: argparse.Namespace) -> "tuple[Status, Results]":
    from plasticity_bench.cli.requested_runs import requested_runs
    from plasticity_bench.running import status

    requested = requested_runs(requests.run_request(options))
    for sentence in requested.remarks:
        say(sentence)
    command = requests.command_of(options, "run")
    return status.of_runs(requested.results, requested.runs, command), requested.results
