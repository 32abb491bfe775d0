"""The true classes under new names."""

from dataclasses import dataclass

from plasticity_bench.streams.stream import Stream, Task


@dataclass(frozen=True, kw_only=True)
class PermutedClasses(Stream):
    """Every task permutes the class ids: examples alike keep labels alike.

    What was learnt about the inputs stays useful; only the output must be learnt anew. The
    label-permuted streams of Elsayed and Mahmood (2024), arXiv:2404.00781.
    """

    def task(self, seed: int, index: int) -> Task:
        """Return task `index`: the seed's examples with their classes renamed."""
        examples = self.examples(seed)
        names = self.rng(seed, index).permutation(self.data.num_classes)
        return Task(examples, names[self.data.labels[examples]])
