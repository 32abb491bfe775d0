"""The true labels, dealt out to the wrong examples."""

from dataclasses import dataclass

from plasticity_bench.streams.stream import Stream, Task


@dataclass(frozen=True, kw_only=True)
class PermutedLabels(Stream):
    """Every task permutes the vector of true labels across the examples.

    Unlike i.i.d. random labels, each class keeps its number of examples. This is what the public
    code of Kumar et al. (2023), arXiv:2308.11958, runs under the name of random labels.
    """

    def task(self, seed: int, index: int) -> Task:
        """Return task `index`: the seed's examples with their labels shuffled among them."""
        examples = self.examples(seed)
        return Task(examples, self.rng(seed, index).permutation(self.data.labels[examples]))
