"""What the verbs share: exit codes, and messages."""

import shlex
import sys

from plasticity_bench.text import printable

COMPLETE, SOME_FAILED, BAD_INPUT = 0, 1, 2
SIGNALLED = 128
"""Plus the number of the signal that ended the command, as shells count."""


class Interrupted(Exception):  # noqa: N818
    """The command was asked to stop, and has reported what it stored.

    Attributes:
        signal: by which it was asked.
    """

    def __init__(self, signal: int) -> None:
        super().__init__(signal)
        self.signal = signal


class Done(Exception):  # noqa: N818
    """The command has done its part of the work, and other processes do the rest.

    Attributes:
        failed: how many groups of runs failed.
    """

    def __init__(self, failed: int) -> None:
        super().__init__(failed)
        self.failed = failed


def say(message: str) -> None:
    """Print a message that is not data to standard error, in one line.

    It may name what strangers wrote: a terminal must not obey it, nor a CI system take a second
    line for a command.
    """
    print(printable(message), file=sys.stderr, flush=True)


def say_next(*words: object) -> None:
    """Print the command that usually follows, ready to paste."""
    say(f"Next: {shlex.join(['plasticity-bench', *map(str, words)])}")


def say_error(error: object) -> None:
    """Print an error in one line."""
    say(f"plasticity-bench: {' '.join(str(error).split())}")
