"""Sources of data sets: what is known of them before they are on this machine."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from plasticity_bench.errors import BadInputError, did_you_mean
from plasticity_bench.names import check_name

Block = tuple[NDArray[np.uint8], NDArray[np.int64]]
"""Some images, uint8 (k, *input_shape), and their labels, int64 (k,)."""


@dataclass(frozen=True)
class Source:
    """A data set that can be prepared: its metadata, and how it is read and downloaded.

    Attributes:
        name: what streams call it: lower-case letters, digits and underscores.
        title: what it is, and who made it.
        licence: the terms it is given under.
        homepage: where to read more.
        input_shape: of one example: (height, width), or (3, height, width) in colour.
        num_classes: number of classes.
        num_train: how many training examples there are.
        num_test: how many test examples there are; 0 if it has no test part.
        files: which files go where below a data folder, as the end of a sentence.
        find: returns whether a data folder has any of its files.
        read: yields the examples of a data folder in blocks, the training examples first. Raises
            BadInputError, which says what, where and what to do, for files that are not the
            published ones.
        download: puts its files into a data folder; None if they cannot be downloaded. Raises
            OSError or RuntimeError if that fails.
        download_bytes: how much is downloaded; None if that is not known.
        per_class: how many training and test examples each class has; None where classes differ.
        embedded: whether it comes with an installed package and needs no preparation.
        fingerprint: of the published examples, as `Dataset.fingerprint`; None where it is not
            known, or where decoding the files may give other pixels.
    """

    name: str
    title: str
    licence: str
    homepage: str
    input_shape: tuple[int, ...]
    num_classes: int
    num_train: int
    num_test: int
    files: str
    find: Callable[[Path], bool]
    read: Callable[[Path], Iterator[Block]]
    download: Callable[[Path], None] | None = None
    download_bytes: int | None = None
    per_class: tuple[int | None, int | None] = (None, None)
    embedded: bool = False
    fingerprint: str | None = None

    @property
    def num_examples(self) -> int:
        """Training and test examples together."""
        return self.num_train + self.num_test

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of all images, (num_train + num_test, *input_shape)."""
        return (self.num_examples, *self.input_shape)

    @property
    def cache_bytes(self) -> int:
        """Size of the prepared data set on the disk: a byte for each pixel and 8 for each label."""
        return int(np.prod(self.shape)) + 8 * self.num_examples

    def description(self) -> str:
        """Return what a person should know before it is prepared, in a few lines."""
        test = f" and {self.num_test:,} test" if self.num_test else ""
        shape = " x ".join(map(str, self.input_shape))
        lines = [
            f"{self.name}: {self.title}",
            f"  {self.num_train:,} training{test} examples of {shape}, {self.num_classes} classes",
            f"  licence: {'; '.join(filter(None, (self.licence, self.homepage)))}",
        ]
        if not self.embedded:
            known = self.download_bytes is not None
            download = _megabytes(self.download_bytes or 0) if known else "of unknown size"
            lines.append(f"  download: {download}; in the cache: {_megabytes(self.cache_bytes)}")
        return "\n".join(lines)


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.1f} MB"


SOURCES: dict[str, Source] = {}


def register_source(source: Source) -> None:
    """Register a data set under its name, so that streams can use it.

    Raises:
        BadInputError: if the name is malformed, or is registered already for another data set.
    """
    check_name(source.name, "The data set")
    if not re.fullmatch(r"[a-z0-9_]+", source.name):
        raise BadInputError(
            f"A data set's name has lower-case letters, digits and underscores: {source.name!r}."
        )
    earlier = SOURCES.get(source.name, source)
    # A notebook's cell that is run again defines the same functions again.
    places = {(s.read.__module__, s.read.__qualname__) for s in (earlier, source)}
    redefined = len(places) == 1 and source.read.__module__ == "__main__"
    if earlier != source and not redefined:
        raise BadInputError(
            f"Data set {source.name} is registered already: give yours another name."
        )
    SOURCES[source.name] = source


def source(name: str) -> Source:
    """Return the source of a data set.

    Raises:
        BadInputError: if there is none of that name.
    """
    check_name(name, "The data set", "dataset")
    if name not in SOURCES:
        raise BadInputError(f"Unknown data set {name!r}. {did_you_mean(name, SOURCES)}", "dataset")
    return SOURCES[name]
