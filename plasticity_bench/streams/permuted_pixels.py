"""Permuted pixels, with the true labels."""

import math
from dataclasses import dataclass

from plasticity_bench.streams.dataset_stream import DatasetStream
from plasticity_bench.streams.task import Task


@dataclass(frozen=True, kw_only=True)
class PermutedPixels(DatasetStream):
    """Every task reads the pixels of all images in a new random order; labels stay true.

    Goodfellow et al. (2013), arXiv:1312.6211; as a test of plasticity, Dohare et al. (2021),
    arXiv:2108.06325.
    """

    def task(self, seed: int, index: int) -> Task:
        """Return task `index`: the seed's examples, true labels, a new order of pixels."""
        examples = self.examples(seed, index)
        order = self.rng(seed, index).permutation(math.prod(self.input_shape))
        return Task(examples, self.data.labels[examples], order, test=self.held_out(order))
