"""What the verbs share: exit codes, and how they speak."""

import argparse
import sys
from collections.abc import Sequence
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


def settings(given: Sequence[str]) -> dict[str, Any]:
    """Read hyperparameters, each given as key=value."""
    from plasticity_bench.yaml_source import scalar

    read = {}
    for text in given:
        name, separator, value = text.partition("=")
        if not (name and separator and value):
            raise BadInputError(f"-H {text}: a hyperparameter is set as -H key=value.")
        read[name] = scalar(value)
    return read
