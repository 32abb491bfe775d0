"""`check`: test that learners, streams and networks follow the rules that results rest on."""

import argparse
from typing import Any

from plasticity_bench.cli.common import COMPLETE, say, say_next
from plasticity_bench.cli.options import add_hyperparameters
from plasticity_bench.cli.requests import hyperparameters
from plasticity_bench.errors import BadInputError

HELP = "check that a learner, a stream or a suite follows the rules that results rest on"
EXAMPLE = """\
plasticity-bench check my_module:Learner -H strength=1e-3
plasticity-bench check my_streams:my-lab/SwappedPairs-v0
plasticity-bench check my_module:Learner --suite my_suite.yaml"""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the verb."""
    parser.add_argument(
        "learner",
        nargs="?",
        metavar="NAME|MODULE:CLASS|[MODULE:]ID",
        help="of a learner, or the id of a stream, which has a slash",
    )
    parser.add_argument(
        "--network",
        metavar="FAMILY",
        help="of the learner's small network: mlp, which is the default, cnn or vit",
    )
    parser.add_argument(
        "--suite",
        metavar="FILE|NAME",
        help="check this suite's streams and networks, and the learner on them (default: Adam)",
    )
    add_hyperparameters(parser, "set a hyperparameter of the learner; may be repeated")


def execute(options: argparse.Namespace) -> int:
    """Check a learner, a stream or a suite; a broken rule is raised."""
    settings = hyperparameters(options)
    if options.suite:
        if options.network or "/" in (options.learner or ""):
            raise BadInputError("--suite brings its own streams and networks: name a learner only.")
        return check_suite(options.suite, options.learner, settings)
    if options.learner is None:
        raise BadInputError("Give a learner, a stream's id, or --suite FILE.")
    return check(options.learner, settings, options.network)


def check(name: str, settings: dict[str, Any], network: str | None = None) -> int:
    """Check a learner, or a stream if the name has a slash, and return the exit code."""
    from plasticity_bench import check_learner, check_stream

    if "/" not in name:
        for remark in check_learner(name, network=network or "mlp", **settings):
            say(remark)
    elif network:
        raise BadInputError(f"--network is of learners, and {name} is a stream.")
    elif settings:
        raise BadInputError(f"-H sets hyperparameters, and {name} is a stream.")
    else:
        check_stream(name)
    print(f"{name} passed.")
    if "/" not in name:
        say_next("run", "quick", "--learner", name, *set_again(settings))
    else:
        say_next("schema")  # of the suite to write with it
    return COMPLETE


def check_suite(suite: str, learner: str | None, settings: dict[str, Any]) -> int:
    """Check what a suite names, print what passed, and return the exit code."""
    from plasticity_bench import checks

    for what, remarks in checks.check_suite(suite, learner, **settings):
        print(f"{what} passed.", flush=True)
        for remark in remarks:
            say(remark)
    say_next("run", suite, *(("--learner", learner) if learner else ()), *set_again(settings))
    return COMPLETE


def set_again(settings: dict[str, Any]) -> list[str]:
    """Return the words that set hyperparameters."""
    return [word for key, value in settings.items() for word in ("-H", f"{key}={value}")]
