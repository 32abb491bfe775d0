"""What the verbs share: exit codes, and how they speak."""

import argparse
import sys
from typing import Any

from plasticity_bench.errors import BadInputError

COMPLETE, SOME_FAILED, BAD_INPUT = 0, 1, 2
SIGNALLED = 128
"""Plus the number of the signal that ended the command, as shells count."""


class Interrupted(Exception):  # noqa: N818
    """The command was asked to stop, and has said what it kept.

    Attributes:
        signal: by which it was asked.
    """

    def __init__(self, signal: int) -> None:
        super().__init__(signal)
        self.signal = signal


class Done(Exception):  # noqa: N818
    """The command has done its part of the work, and others do theirs.

    Attributes:
        failed: how many groups of cells failed.
    """

    def __init__(self, failed: int) -> None:
        super().__init__(failed)
        self.failed = failed


def say(message: str) -> None:
    """Tell the person at the terminal something that is not data."""
    print(message, file=sys.stderr, flush=True)


def say_error(error: object) -> None:
    """Tell what is wrong, in one line."""
    say(f"plasticity-bench: {' '.join(str(error).split())}")


def warn_of_few_seeds(num_seeds: int) -> None:
    """Say that intervals cannot be trusted, where there are too few seeds."""
    from plasticity_bench.statistics import RELIABLE_SEEDS

    if num_seeds < RELIABLE_SEEDS:
        say(f"Intervals from {num_seeds} seeds are unreliable: use at least {RELIABLE_SEEDS}.")


def count(text: str) -> int:
    """Read a whole number of at least 1."""
    try:
        value = int(text)
    except ValueError:
        value = 0
    if value < 1:
        raise argparse.ArgumentTypeError(f"a whole number of at least 1, not {text!r}")
    return value


def add_hyperparameters(parser: argparse.ArgumentParser, help_: str) -> None:
    """Declare the option that sets hyperparameters of the `--learner`."""
    parser.add_argument(
        "-H",
        dest="hyperparameters",
        metavar="KEY=VALUE",
        action="append",
        default=[],
        help=help_,
    )


def hyperparameters(options: argparse.Namespace) -> dict[str, Any]:
    """Return what `-H` sets.

    Raises:
        BadInputError: if it is not given as key=value, or no learner is.
    """
    from plasticity_bench.suite.yaml_source import scalar

    if options.hyperparameters and not options.learner:
        raise BadInputError("-H sets hyperparameters of the --learner, but no --learner is given.")
    read = {}
    for text in options.hyperparameters:
        name, separator, value = text.partition("=")
        if not (name and separator and value):
            raise BadInputError(f"-H {text}: a hyperparameter is set as -H key=value.")
        read[name] = scalar(value)
    return read
