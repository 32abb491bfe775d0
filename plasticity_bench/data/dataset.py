"""A data set: one verified array of examples and one of targets."""

import hashlib
import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

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


@dataclass(frozen=True, repr=False)
class Dataset:
    """A labelled set of images or of numbers: the training examples first, then the test examples.

    Attributes:
        name: what streams call it.
        images: uint8, (num_train + num_test, *input_shape). Grey images are (height, width), colour
            is channels first, (3, height, width). A memory map if it comes from the cache. Of
            numbers, float32, such as (num_train + num_test, columns).
        labels: int64, (num_train + num_test,), from 0 to num_classes - 1.
        num_classes: number of classes.
        num_train: how many of the first examples are for training; all, if there is no test part.
        source: where the data come from, and who made them.
        licence: the terms they are given under.
        recorded: statistics from the cache; None to compute them.
        classes: their names, in the order of labels; none where they have none.
    """

    name: str
    images: NDArray[np.uint8] | NDArray[np.float32]
    labels: NDArray[np.int64]
    num_classes: int
    num_train: int
    source: str
    licence: str
    recorded: Recorded | None = None
    classes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        """Return what it is: the arrays would be long."""
        num_test = len(self.labels) - self.num_train
        test = f" and {num_test:,} test" if num_test else ""
        shape = " x ".join(map(str, self.input_shape))
        return (
            f"Dataset({self.name!r}: {self.num_train:,} training{test} examples of {shape}, "
            f"{self.num_classes} classes)"
        )

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Shape of one example."""
        return tuple(self.images.shape[1:])

    def inputs(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the images of some rows as a network sees them, (len(rows), *input_shape).

        The one conversion rule of every data set, grey or colour: zero mean and unit variance over
        all pixels of all training examples. Only the requested rows are converted. Of a table of
        numbers, each column by itself has zero mean and unit variance.
        """
        if self.images.dtype != np.uint8:
            return self._standardised(self.images[rows])
        converted: NDArray[np.float32] = self._table[self.images[rows]]
        return converted

    def _standardised(self, values: NDArray[Any]) -> NDArray[np.float32]:
        mean, std = self._mean_and_std
        return ((values - mean) / std).astype(np.float32)

    @property
    def bounds(self) -> tuple[float, float]:
        """The values of the darkest and the brightest pixel; of numbers, the extremes."""
        if self.images.dtype != np.uint8:
            parts = [self._standardised(part) for part in _chunks(self.images)]
            return float(min(p.min() for p in parts)), float(max(p.max() for p in parts))
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
        if self.images.dtype != np.uint8:
            digest.update(b"<f4")
        for chunk in _chunks(self.images):
            digest.update(np.ascontiguousarray(chunk).data)
        digest.update(np.ascontiguousarray(self.labels, dtype="<i8").data)
        return digest.hexdigest()

    @cached_property
    def _mean_and_std(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Of each column of a table of numbers; of all numbers together of other arrays.

        Sums are rounded once, so that every machine computes the same.
        """
        values = self.images[: self.num_train].astype(np.float64)
        columns = values.T if values.ndim == 2 else values.reshape(1, -1)
        means, stds = [], []
        for column in columns:
            mean = math.fsum(column) / len(column)
            means.append(mean)
            stds.append(math.sqrt(math.fsum((column - mean) ** 2) / len(column)))
        if not any(stds):
            raise BadInputError(f"All numbers of {self.name} are equal: there is nothing to learn.")
        return np.array(means), np.array([std or 1.0 for std in stds])  # 1: a constant column

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


def _chunks(images: NDArray[Any]) -> Iterator[NDArray[Any]]:
    step = max(1, CHUNK_BYTES // max(1, images[:1].nbytes))
    for start in range(0, len(images), step):
        yield images[start : start + step]
