"""One verified array of examples and targets, whatever the source."""

import hashlib
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Dataset:
    """A labelled image set.

    Attributes:
        name: what streams call it.
        images: uint8, (examples, *input_shape).
        labels: int64, (examples,), from 0 to num_classes - 1.
        num_classes: number of classes.
        source: where the data come from, and who made them.
        licence: the terms they are given under.
    """

    name: str
    images: NDArray[np.uint8]
    labels: NDArray[np.int64]
    num_classes: int
    source: str
    licence: str

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Shape of one example."""
        return tuple(self.images.shape[1:])

    @cached_property
    def inputs(self) -> NDArray[np.float32]:
        """The images as a network sees them, (examples, *input_shape).

        The one conversion rule of every data set: zero mean and unit variance over all pixels of
        all examples, computed in float64.
        """
        pixels = self.images.astype(np.float64)
        standardised: NDArray[np.float64] = (pixels - pixels.mean()) / pixels.std()
        return standardised.astype(np.float32)

    @cached_property
    def fingerprint(self) -> str:
        """sha256 of shape, images and labels: two data sets agree if and only if theirs do."""
        digest = hashlib.sha256(repr((self.images.shape, self.num_classes)).encode())
        digest.update(np.ascontiguousarray(self.images).tobytes())
        digest.update(np.ascontiguousarray(self.labels, dtype="<i8").tobytes())
        return digest.hexdigest()
