"""`check`: does a learner or a stream keep the rules?"""

import argparse

from plasticity_bench.cli.common import COMPLETE, add_hyperparameters, hyperparameters
from plasticity_bench.errors import BadInputError

HELP = "check that a learner or a stream keeps the rules"
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
    add_hyperparameters(parser, "set a hyperparameter of the learner; may be repeated")


def execute(options: argparse.Namespace) -> int:
    """Check a learner or a stream; what is wrong is raised."""
    name = options.learner
    if "/" in name:
        if options.hyperparameters:
            raise BadInputError(f"-H sets hyperparameters, and {name} is a stream.")
        from plasticity_bench import check_stream

        check_stream(name)
    else:
        from plasticity_bench import check_learner

        check_learner(name, **hyperparameters(options))
    print(f"{name} keeps the rules.")
    return COMPLETE
