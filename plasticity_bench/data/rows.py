"""Encoded images with labels, and the names of a set's parts."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

from plasticity_bench.errors import BadInputError

PARTS = {"train": ("train", "training"), "test": ("validation", "valid", "val", "test")}
"""Names of the two parts, the preferred first: ImageNet's test part has no labels."""


@dataclass(frozen=True)
class Row:
    """An encoded image with its label.

    Attributes:
        content: returns the bytes of its file.
        label: from 0.
        location: where it is, for messages.
    """

    content: Callable[[], bytes]
    label: int
    location: str


def part_name(part: str, present: Collection[str], folder: Path) -> str:
    """Return what a folder calls its part "train" or "test".

    Raises:
        BadInputError: if it has none.
    """
    for name in PARTS[part]:
        if name in present:
            return name
    wanted = " or ".join(PARTS[part])
    names = ", ".join(sorted(present)) or "none"
    raise BadInputError(
        f"{folder} has no part called {wanted} (found: {names}); put it there.", "dataset"
    )
