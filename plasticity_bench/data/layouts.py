"""Several forms in which the files of a data set may come, and several places to get them from."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from plasticity_bench.data.source import Block


class Layout(Protocol):
    """Files of a data set below a data folder; as the attributes of `Source`."""

    def where(self) -> str:
        """Which files go where, as the end of a sentence."""

    def find(self, root: Path) -> bool:
        """Return whether a data folder has any of them."""

    def read(self, root: Path) -> Iterator[Block]:
        """Yield the examples in blocks, the training examples first."""


@dataclass(frozen=True)
class AnyOf:
    """The first of several layouts that a data folder has."""

    layouts: tuple[Layout, ...]

    def where(self) -> str:
        """All of them, as the end of a sentence."""
        return "; or ".join(layout.where() for layout in self.layouts)

    def find(self, root: Path) -> bool:
        """Return whether a data folder has any file of any of them."""
        return any(layout.find(root) for layout in self.layouts)

    def read(self, root: Path) -> Iterator[Block]:
        """Yield the examples of the first that is there."""
        return next(layout for layout in self.layouts if layout.find(root)).read(root)


def first_of(*downloads: Callable[[Path], None]) -> Callable[[Path], None]:
    """Return a download that tries some, one after the other, until one succeeds.

    It raises an OSError with every reason if none does.
    """

    def download(root: Path) -> None:
        failures = []
        for attempt in downloads:
            try:
                attempt(root)
            except (OSError, RuntimeError) as error:
                failures.append(str(error).splitlines()[0].rstrip(".") if str(error) else "")
                _empty(root)  # of what was downloaded in part
            else:
                return
        raise OSError("; ".join(filter(None, failures)))

    return download


def _empty(folder: Path) -> None:
    for path in folder.iterdir():
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink()
