"""Permuted pixels, with the true labels."""

import math
from dataclasses import dataclass

from plasticity_bench.streams.changing_stream import ChangingStream
from plasticity_bench.streams.task import Integers, Task


@dataclass(frozen=True, kw_only=True)
class PermutedPixels(ChangingStream):
    """Every task reads the pixels of all images in a new random order; labels stay true.

    Goodfellow et al. (2013), arXiv:1312.6211; as a test of plasticity, Dohare et al. (2021),
    arXiv:2108.06325.
    """

    @property
    def num_assigned(self) -> int:
        """How many pixels an example has."""
        return math.prod(self.input_shape)

    def new_assignment(self, seed: int, index: int) -> Integers:
        """Return a new order of the pixels."""
        return self.rng(seed, index).permutation(self.num_assigned)

    def task(self, seed: int, index: int) -> Task:
        """Return task `index`: the seed's examples, true labels, a new order of pixels."""
        examples = self.examples(seed, index)
        order = self.assignment(seed, index)
        return Task(examples, self.data.labels[examples], order, test=self.held_out(order))
