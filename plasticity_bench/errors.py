"""Exceptions that a user can meet, and the hints that end their sentences."""

import difflib
from collections.abc import Iterable, Sequence
from pathlib import Path

from plasticity_bench.text import printable

LONGEST = 2000
"""Characters of a message, which may quote a value of any size."""


class PlasticityBenchError(Exception):
    """Base class of every exception that this package raises on purpose.

    The message is one line, of at most `LONGEST` characters. It may quote what strangers wrote: in
    place of what a terminal would obey, it has escapes.
    """

    def __init__(self, message: str) -> None:
        super().__init__(printable(" ".join(message[: LONGEST + 1].splitlines()))[:LONGEST])


class BadInputError(PlasticityBenchError):
    """An input is wrong; nothing was run.

    Attributes:
        key: name of the parameter that is wrong, if it is one: a suite's file may have its line.
    """

    def __init__(self, message: str, key: str | None = None) -> None:
        super().__init__(message)
        self.key = key


class MissingDataError(BadInputError):
    """Data sets are not on this machine.

    Attributes:
        sentences: one for each, with what brings it.
    """

    def __init__(self, sentences: Sequence[str]) -> None:
        super().__init__(" ".join(sentences))
        self.sentences = tuple(sentences)


class LearnerError(PlasticityBenchError):
    """A learner's code raised an exception, or cannot be run for all replicas at once."""


class UnrecordableError(PlasticityBenchError):
    """A function is no list of permitted operations on tensors; the message says why."""


class StreamError(PlasticityBenchError):
    """A stream breaks a rule that results rest on."""


class MeasurementError(PlasticityBenchError):
    """A measurement breaks a rule that results rest on."""


class DamagedError(PlasticityBenchError):
    """A stored file cannot be used: truncated, changed, of absurd size, or of another program.

    Attributes:
        path: of the file or folder.
        what: is wrong with it; the message is the path followed by this.
    """

    def __init__(self, path: Path, what: str) -> None:
        super().__init__(f"{path} {what}")
        self.path = path
        self.what = what


def did_you_mean(name: str, choices: Iterable[str]) -> str:
    """Return the hint that ends an error's sentence: the nearest choice, or else all of them.

    >>> did_you_mean("adma", ["adam", "sgd"])
    "Did you mean 'adam'?"
    >>> did_you_mean("zzz", ["adam", "sgd"])
    'Known: adam, sgd.'
    """
    known = sorted(choices)
    lowered = {choice.lower(): choice for choice in known}
    nearest = difflib.get_close_matches(name.lower(), lowered, n=1, cutoff=0.6)
    if nearest:
        return f"Did you mean {lowered[nearest[0]]!r}?"
    return f"Known: {', '.join(known)}." if known else "There are none."
