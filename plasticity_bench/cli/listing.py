"""`list`: what there is, by name."""

import argparse

from plasticity_bench.cli.common import COMPLETE

HELP = "list suites, streams and learners"
EXAMPLE = "plasticity-bench list"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the verb."""
    del parser  # it has none


def execute(_: argparse.Namespace) -> int:
    """Print the names of suites, streams and learners."""
    from plasticity_bench import registered_streams
    from plasticity_bench.shipped import baseline_names, suite_names

    for title, names in (
        ("suites", suite_names()),
        ("streams", registered_streams()),
        ("learners", baseline_names()),
    ):
        print(f"{title}:")
        print("".join(f"  {name}\n" for name in names), end="")
    return COMPLETE
