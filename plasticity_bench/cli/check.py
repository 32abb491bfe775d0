"""`check`: test that a learner or a stream follows the rules that results rest on."""

import argparse
from typing import Any

from plasticity_bench.cli.common import COMPLETE, say
from plasticity_bench.cli.options import add_hyperparameters
from plasticity_bench.cli.requests import hyperparameters
from plasticity_bench.errors import BadInputError

HELP = "check that a learner or a stream follows the rules that results rest on"
EXAMPLE = """\
plasticity-bench check my_module:Learner -H strength=1e-3
plasticity-bench check my_streams:my-lab/SwappedPairs-v0"""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the verb."""
    parser.add_argument(
        "learner",
        metavar="NAME|MODULE:CLASS|[MODULE:]ID",
        help="of a learner, or the id of a stream, which has a slash",
    )
    parser.add_argument(
        "--network",
        metavar="FAMILY",
        help="of the learner's small network: mlp, which is the default, cnn or vit",
    )
    add_hyperparameters(parser, "set a hyperparameter of the learner; may be repeated")


def execute(options: argparse.Namespace) -> int:
    """Check a learner or a stream; a broken rule is raised."""
    return check(options.learner, hyperparameters(options), options.network)


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
    return COMPLETE
