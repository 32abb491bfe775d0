"""The errors a user can meet, and the sentences they are told in."""

import difflib
from collections.abc import Iterable
from pathlib import Path


class PlasticityBenchError(Exception):
    """Base of every error this package raises on purpose."""


class BadInputError(PlasticityBenchError):
    """What the user gave cannot be used; nothing was run.

    Attributes:
        key: name of the parameter that is wrong, if one is: a suite's file may tell its line.
    """

    def __init__(self, message: str, key: str | None = None) -> None:
        super().__init__(message)
        self.key = key


class LearnerError(PlasticityBenchError):
    """A learner's own code raised, or cannot be run for all replicas at once."""


class StreamError(PlasticityBenchError):
    """A stream breaks a rule that results rest on."""


class MeasurementError(PlasticityBenchError):
    """A measurement breaks a rule that results rest on."""


class DamagedError(PlasticityBenchError):
    """A stored file cannot be used: cut short, changed, of absurd size, or never ours.

    Attributes:
        path: of the file or folder.
        what: is the matter with it; the message is path and this.
    """

    def __init__(self, path: Path, what: str) -> None:
        super().__init__(f"{path} {what}")
        self.path = path
        self.what = what


def did_you_mean(name: str, choices: Iterable[str]) -> str:
    """Return a hint that ends an error's sentence: the nearest choice, else all of them.

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
