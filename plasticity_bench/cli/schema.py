"""`schema`: the JSON Schema of a suite's file."""

import argparse
import json

from plasticity_bench.cli.common import COMPLETE, say_next

HELP = "print the JSON Schema of a suite's file"
EXAMPLE = "plasticity-bench schema"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the verb."""
    del parser  # it has none


def execute(_: argparse.Namespace) -> int:
    """Print the schema."""
    from plasticity_bench.suite.suite_file import SuiteFile

    print(json.dumps(SuiteFile.model_json_schema(), indent=2))
    say_next("show", "quick")
    return COMPLETE
