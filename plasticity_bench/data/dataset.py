"""A data set: one verified array of examples and one of targets."""

import hashlib
import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from plasticity_bench.errors import BadInputError

CHUNK_BYTES = 2**24
"""How much of a large array is held in memory when all of it is gone through."""


@dataclass(frozen=True)
class Recorded:
    """Statistics of all pixels, computed when a data set was written to the cache.

    Attributes:
        fingerprint: as `Dataset.fingerprint`.
        mean: of all pixels of the training examples.
        std: of all pixels of the training examples.
    """

    fingerprint: str
    mean: float
    std: float


@dataclass(frozen=True)
class Dataset:
    """A labelled image set: the training examples first, then the test examples.

    Attributes:
        name: what streams call it.
        images: uint8, (num_train + num_test, *input_shape). Grey images are (height, width), colour
            is channels first, (3, height, width). A memory map if it comes from the cache.
        labels: int64, (num_train + num_test,), from 0 to num_classes - 1.
        num_classes: number of classes.
        num_train: how many of the first examples are for training; all, if there is no test part.
        source: where the data come from, and who made them.
        licence: the terms they are given under.
        recorded: statistics from the cache; None to compute them.
    """

    name: str
    images: NDArray[np.uint8]
    labels: NDArray[np.int64]
    num_classes: int
    num_train: int
    source: str
    licence: str
    recorded: Recorded | None = None

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Shape of one example."""
        return tuple(self.images.shape[1:])

    def inputs(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the images of some rows as a network sees them, (len(rows), *input_shape).

        The one conversion rule of every data set, grey or colour: zero mean and unit variance over
        all pixels of all training examples. Only the requested rows are converted.
        """
        converted: NDArray[np.float32] = self._table[self.images[rows]]
        return converted

    @property
    def bounds(self) -> tuple[float, float]:
        """The values of the darkest and the brightest pixel."""
        return float(self._table[0]), float(self._table[255])

    @cached_property
    def rows_by_class(self) -> list[NDArray[np.int64]]:
        """The training examples of each class, in order."""
        labels = self.labels[: self.num_train]
        order = np.argsort(labels, kind="stable")
        return np.split(order, np.searchsorted(labels[order], np.arange(1, self.num_classes)))

    @cached_property
    def fingerprint(self) -> str:
        """sha256 of shape, images and labels: two data sets agree if and only if theirs do."""
        if self.recorded:
            return self.recorded.fingerprint
        digest = fingerprint_of(self.images.shape, self.num_classes, self.num_train)
        for chunk in _chunks(self.images):
            digest.update(np.ascontiguousarray(chunk).data)
        digest.update(np.ascontiguousarray(self.labels, dtype="<i8").data)
        return digest.hexdigest()

    @cached_property
    def _table(self) -> NDArray[np.float32]:
        """The value of each of the 256 grey levels, (256,)."""
        if self.recorded:
            mean, std = self.recorded.mean, self.recorded.std
        else:
            counts = sum(map(histogram, _chunks(self.images[: self.num_train])))
            mean, std = mean_and_std(np.asarray(counts))
        if not std > 0:
            raise BadInputError(f"All pixels of {self.name} are equal: there is nothing to learn.")
        return ((np.arange(256) - mean) / std).astype(np.float32)


def fingerprint_of(
    shape: tuple[int, ...], num_classes: int, num_train: int
) -> "hashlib._Hash":  # the images' bytes and the labels' follow
    """Return the beginning of a fingerprint, to which the bytes of images and labels are added."""
    # A set without test part keeps the digest that it had before there were test parts.
    facts = (shape, num_classes) if num_train == shape[0] else (shape, num_classes, num_train)
    return hashlib.sha256(repr(facts).encode())


def histogram(images: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Return how often each grey level occurs, (256,)."""
    return np.bincount(images.ravel(), minlength=256)


def mean_and_std(counts: NDArray[np.int64]) -> tuple[float, float]:
    """Return mean and standard deviation of pixels from how often each level occurs, (256,).

    The sums are exact integers, so that every machine computes the same two numbers.
    """
    levels = range(len(counts))
    occurs = counts.tolist()
    total = sum(occurs)
    first = sum(level * count for level, count in zip(levels, occurs, strict=True))
    second = sum(level**2 * count for level, count in zip(levels, occurs, strict=True))
    return first / total, math.sqrt((total * second - first**2) / total**2)


def _chunks(images: NDArray[np.uint8]) -> Iterator[NDArray[np.uint8]]:
    step = max(1, CHUNK_BYTES // max(1, images[:1].nbytes))
    for start in range(0, len(images), step):
        yield images[start : start + step]
