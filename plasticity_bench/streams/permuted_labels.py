"""True labels, permuted across the examples."""

from dataclasses import dataclass

from plasticity_bench.streams.dataset_stream import DatasetStream
from plasticity_bench.streams.task import Task


@dataclass(frozen=True, kw_only=True)
class PermutedLabels(DatasetStream):
    """Every task permutes the vector of true labels across the examples.

    Unlike i.i.d. random labels, each class keeps its number of examples. This is what the public
    code of Kumar et al. (2023), arXiv:2308.11958, runs under the name of random labels. On few
    enough examples every such task is linearly separable: the counter-example of Lewandowski et
    al. (2023), arXiv:2312.00246, in which a linear network could learn every task.
    """

    def task(self, seed: int, index: int) -> Task:
        """Return task `index`: the seed's examples with their labels shuffled among them."""
        examples = self.examples(seed, index)
        return Task(examples, self.rng(seed, index).permutation(self.data.labels[examples]))
