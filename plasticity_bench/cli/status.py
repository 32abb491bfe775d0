"""`status`: how far a suite's results are."""

import argparse
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
    parser.add_argument(
        "suite", metavar="RESULTS|SUITE", help="a suite's results folder, or a suite as for run"
    )
    shared.add_runs(parser)


def execute(options: argparse.Namespace) -> int:
    """Print the table of what there is; return 0 only if nothing is missing."""
    from plasticity_bench.running import status
    from plasticity_bench.running.engines import slurm

    suite_status, results = (
        _of_folder(options) if Path(options.suite).is_dir() else _of_suite(options)
    )
    print(status.render(suite_status))
    submission = slurm.latest(results.folder)
    if submission is not None and slurm.is_available() and submission.states():
        say(f"Slurm job {submission.job}: {slurm.summary(submission.states())}.")
    for sentence in status.summary(suite_status):
        say(sentence)
    if suite_status.is_complete:
        say_next("report", results.folder)
    return COMPLETE if suite_status.is_complete else SOME_FAILED


def _of_folder(options: argparse.Namespace) -> "tuple[Status, Results]":
    from plasticity_bench.results import Results
    from plasticity_bench.running import status

    requests.check_no_runs(options)
    results = Results(Path(options.suite))
    return status.of_folder(results), results


def _of_suite(options: argparse.Namespace) -> "tuple[Status, Results]":
    from plasticity_bench.cli.requested_runs import requested_runs
    from plasticity_bench.running import status
    from plasticity_bench.suite.document import read_document

    request = requests.run_request(options)
    requested = requested_runs(request, read_document(request.suite))
    command = requests.command_of(options, "run")
    return status.of_runs(requested.results, requested.runs, command), requested.results
