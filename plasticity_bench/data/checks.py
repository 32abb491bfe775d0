"""Checks of every data set while it is written to the cache."""

import time
from collections.abc import Callable, Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from plasticity_bench.data.dataset import Recorded, fingerprint_of, histogram, mean_and_std
from plasticity_bench.data.source import Block, Source
from plasticity_bench.errors import BadInputError

NOTICE_SECONDS = 5.0


class Checked:
    """Examples of a source as they are read: counted, checked, hashed, summed.

    Args:
        source: that the examples must match.
        origin: where it is read from, for messages.
        notify: called with a sentence about the progress, every few seconds.

    Raises:
        BadInputError: from every method, if the examples are not those of the source.
    """

    def __init__(self, source: Source, origin: str, notify: Callable[[str], None]) -> None:
        self.origin = origin
        self._source = source
        self._notify = notify
        self._labels: list[NDArray[np.int64]] = []
        self._count = 0
        self._levels = np.zeros(256, np.int64)  # of the training pixels
        self._digest = fingerprint_of(source.shape, source.num_classes, source.num_train)

    def images_of(self, blocks: Iterable[Block]) -> Iterator[NDArray[np.uint8]]:
        """Yield the images of each block, contiguous."""
        noticed = time.monotonic()
        for images, labels in blocks:
            self._check(images, labels)
            contiguous = np.ascontiguousarray(images)
            self._digest.update(contiguous.data)
            num_train = max(0, self._source.num_train - self._count)
            self._levels += histogram(contiguous[:num_train])
            self._labels.append(labels.astype(np.int64))
            self._count += len(labels)
            if time.monotonic() - noticed > NOTICE_SECONDS:
                noticed = time.monotonic()
                self._notify(
                    f"{self._source.name}: {self._count:,} of {self._source.num_examples:,} "
                    "examples read."
                )
            yield contiguous

    def labels(self) -> NDArray[np.int64]:
        """Return all labels, (num_examples,), after all images."""
        source = self._source
        if self._count != source.num_examples:
            raise self._wrong(f"has {self._count:,} examples in place of {source.num_examples:,}")
        labels = np.concatenate(self._labels)
        parts = np.split(labels, [source.num_train])
        for what, part, wanted in zip(("training", "test"), parts, source.per_class, strict=True):
            self._check_classes(what, part, wanted)
        self._digest.update(labels.astype("<i8").data)
        return labels

    def recorded(self) -> Recorded:
        """Return the statistics of all pixels, after `labels`.

        Raises:
            BadInputError: if the fingerprint is not the published one.
        """
        mean, std = mean_and_std(self._levels)
        if not std > 0:
            raise self._wrong("has pixels that are all alike")
        found, published = self._digest.hexdigest(), self._source.fingerprint
        if published is not None and found != published:
            raise self._wrong(
                "has other examples than the published ones, or has them in another order (their "
                f"fingerprint is {found[:16]}, not {published[:16]})"
            )
        return Recorded(found, mean, std)

    def _check(self, images: NDArray[np.uint8], labels: NDArray[np.int64]) -> None:
        source = self._source
        if images.dtype != np.uint8 or images.shape != (len(labels), *source.input_shape):
            raise self._wrong(
                f"has images of shape {images.shape[1:]} and type {images.dtype} in place of "
                f"{source.input_shape} and uint8"
            )
        if len(labels) and not 0 <= labels.min() <= labels.max() < source.num_classes:
            wrong = labels.min() if labels.min() < 0 else labels.max()
            raise self._wrong(
                f"has the label {wrong}, where labels are from 0 to {source.num_classes - 1}"
            )
        if self._count + len(labels) > source.num_examples:
            raise self._wrong(f"has more than the {source.num_examples:,} examples there are")

    def _check_classes(self, what: str, labels: NDArray[np.int64], wanted: int | None) -> None:
        counts = np.bincount(labels, minlength=self._source.num_classes)
        if wanted is not None and (counts != wanted).any():
            odd = int(np.flatnonzero(counts != wanted)[0])
            raise self._wrong(
                f"has {counts[odd]:,} {what} examples of class {odd} in place of {wanted:,}"
            )
        if what == "training" and (counts == 0).any():
            raise self._wrong(f"has no {what} example of class {int(np.argmin(counts))}")

    def _wrong(self, what: str) -> BadInputError:
        return BadInputError(
            f"Data set {self._source.name}: what was read from {self.origin} {what}; get its files "
            f"anew: {self._source.files}.",
            "dataset",
        )
