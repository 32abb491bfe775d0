"""`list`: what there is, by name."""

import argparse
import ast
import re
from importlib import resources

from plasticity_bench import tables
from plasticity_bench.cli.common import COMPLETE, say_next
from plasticity_bench.shipped import BASELINES

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
        say_next("run", "quick", "--learner", "l2_init")
        return COMPLETE
    known = {
        "suites": {name: _of_suite(name) for name in suite_names()},
        "streams": {name: _of_stream(name) for name in registered_streams()},
        "learners": {name: _of_learner(name) for name in baseline_names()},
    }
    wanted = {options.what: known[options.what]} if options.what else known
    for title, names in wanted.items():
        print(f"{title}:")
        width = max(map(len, names))
        for name, what in names.items():
            print(tables.wrapped(f"  {name:<{width}}  {what}".rstrip(), width + 4))
    say_next("show", "quick")
    return COMPLETE


def _of_suite(name: str) -> str:
    from plasticity_bench.suite.document import read_document

    return _first_sentence(str(read_document(name).value.get("description", "")))


def _of_stream(name: str) -> str:
    from plasticity_bench.streams.registry import class_of

    return _first_sentence(class_of(name).__doc__ or "")


def _of_learner(name: str) -> str:
    """The first sentence of a baseline's class, whose module is not imported."""
    source = (resources.files(BASELINES) / f"{name}.py").read_text(encoding="utf-8")
    classes = [node for node in ast.parse(source).body if isinstance(node, ast.ClassDef)]
    return _first_sentence(ast.get_docstring(classes[-1]) or "" if classes else "")


def _first_sentence(text: str) -> str:
    return re.split(r"(?<!et al)\. ", " ".join(text.split()))[0].rstrip(".")


def _learners(names: list[str]) -> str:
    from plasticity_bench.learners.lookup import find_learner

    methods = {name: find_learner(name).method for name in names}
    rows = [
        (name, method.citation, method.paper, method.compared_with)
        for name, method in methods.items()
    ]
    headers = ("learner", "source", "paper", "verified by")
    return tables.render(headers, rows, left=headers)
