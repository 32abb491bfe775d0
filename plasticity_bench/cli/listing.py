"""`list`: what there is, by name."""

import argparse

from plasticity_bench.cli.common import COMPLETE

HELP = "list suites, streams and learners"
EXAMPLE = "plasticity-bench list learners"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the verb."""
    parser.add_argument(
        "what",
        nargs="?",
        choices=("suites", "streams", "learners"),
        help="only these; learners with the paper of each, and what it was compared with",
    )


def execute(options: argparse.Namespace) -> int:
    """Print the names of suites, streams and learners."""
    from plasticity_bench import registered_streams
    from plasticity_bench.shipped import baseline_names, suite_names

    if options.what == "learners":
        print(_learners(baseline_names()))
        return COMPLETE
    for title, names in (
        ("suites", suite_names()),
        ("streams", registered_streams()),
        ("learners", baseline_names()),
    ):
        if options.what in (None, title):
            print(f"{title}:")
            print("".join(f"  {name}\n" for name in names), end="")
    return COMPLETE


def _learners(names: list[str]) -> str:
    from plasticity_bench import tables
    from plasticity_bench.learners.lookup import find_learner

    methods = {name: find_learner(name).method for name in names}
    rows = [
        (name, method.citation, method.paper, method.compared_with)
        for name, method in methods.items()
    ]
    headers = ("learner", "source", "paper", "verified by")
    return tables.render(headers, rows, left=headers)
