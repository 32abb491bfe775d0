"""`prepare`: get data sets onto this machine."""

import argparse

from plasticity_bench.cli.common import BAD_INPUT, COMPLETE, say, say_error, say_next
from plasticity_bench.errors import BadInputError
from plasticity_bench.names import given_path

HELP = "get a suite's data sets onto this machine"
EXAMPLE = "plasticity-bench prepare kumar2023 --data-dir ~/data"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the verb."""
    parser.add_argument("wanted", metavar="SUITE|DATASET", help="as for run, or one data set")
    parser.add_argument(
        "--data-dir",
        type=given_path,
        metavar="DIR",
        help="folder of the data sets' files (default: PLASTICITY_BENCH_DATA, then download)",
    )
    parser.add_argument("--no-download", action="store_true", help="use files on disk only")


def execute(options: argparse.Namespace) -> int:
    """Prepare every data set, whatever becomes of the others."""
    from plasticity_bench import data
    from plasticity_bench.suite.document import datasets_named

    names = datasets_named(options.wanted)
    for name in names:
        for line in data.source(name).description().splitlines():
            say(line)
    failed = 0
    for name in names:
        try:
            data.prepare(name, options.data_dir, not options.no_download, say)
            print(f"{name}: {data.where(name)}")
        except BadInputError as error:
            say_error(error)
            failed += 1
    if not failed:
        is_suite = options.wanted not in data.SOURCES
        say_next(*(("run", options.wanted) if is_suite else ("list", "suites")))
    return BAD_INPUT if failed else COMPLETE
