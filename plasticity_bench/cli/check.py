"""`check`: does a learner or a stream keep the rules?"""

import argparse

from plasticity_bench.cli.common import COMPLETE, settings
from plasticity_bench.errors import BadInputError

HELP = "check that a learner or a stream keeps the rules"
EXAMPLE = """\
plasticity-bench check my_module:Learner -H strength=1e-3
plasticity-bench check my_streams:my-lab/SwappedPairs-v0"""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the verb."""
    parser.add_argument(
        "name",
        metavar="NAME|MODULE:CLASS|[MODULE:]ID",
        help="of a learner, or the id of a stream, which has a slash",
    )
    parser.add_argument(
        "-H",
        dest="hyperparameters",
        metavar="KEY=VALUE",
        action="append",
        default=[],
        help="set a hyperparameter of the learner; may be repeated",
    )


def execute(options: argparse.Namespace) -> int:
    """Check a learner or a stream; what is wrong is raised."""
    if "/" in options.name:
        if options.hyperparameters:
            raise BadInputError(f"-H sets hyperparameters, and {options.name} is a stream.")
        from plasticity_bench import check_stream

        check_stream(options.name)
    else:
        from plasticity_bench import check_learner

        check_learner(options.name, **settings(options.hyperparameters))
    print(f"{options.name} keeps the rules.")
    return COMPLETE
