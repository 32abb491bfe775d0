"""Permuted class ids."""

from dataclasses import dataclass, replace

from plasticity_bench.streams.changing_stream import ChangingStream
from plasticity_bench.streams.task import Integers, Task


@dataclass(frozen=True, kw_only=True)
class PermutedClasses(ChangingStream):
    """Every task permutes the class ids: examples of one class keep a common label.

    What was learnt about the inputs stays useful; only the outputs must be learnt again. The
    label-permuted streams of Elsayed and Mahmood (2024), arXiv:2404.00781.
    """

    @property
    def num_assigned(self) -> int:
        """How many classes there are."""
        return self.num_outputs

    def new_assignment(self, seed: int, index: int) -> Integers:
        """Return a new name for each class."""
        return self.rng(seed, index).permutation(self.num_outputs)

    def task(self, seed: int, index: int) -> Task:
        """Return task `index`: the seed's examples with their classes renamed."""
        examples = self.examples(seed, index)
        names = self.assignment(seed, index)
        test = self.held_out()
        return Task(
            examples,
            names[self.data.labels[examples]],
            test=test and replace(test, targets=names[test.targets]),
        )
