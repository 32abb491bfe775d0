"""True labels, permuted across the examples."""

from dataclasses import dataclass

from plasticity_bench.streams.changing_stream import ChangingStream
from plasticity_bench.streams.task import Integers, Task


@dataclass(frozen=True, kw_only=True)
class PermutedLabels(ChangingStream):
    """Every task permutes the vector of true labels across the examples.

    Unlike i.i.d. random labels, each class keeps its number of examples. This is what the public
    code of Kumar et al. (2023), arXiv:2308.11958, runs under the name of random labels. On few
    enough examples every such task is linearly separable: the counter-example of Lewandowski et
    al. (2023), arXiv:2312.00246, in which a linear network could learn every task.
    """

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check_partial_labels()

    @property
    def num_assigned(self) -> int:
        """How many examples a task has."""
        return self.size(0)

    def new_assignment(self, seed: int, index: int) -> Integers:
        """Return the true labels in a new order."""
        return self.rng(seed, index).permutation(self.data.labels[self.examples(seed, index)])

    def task(self, seed: int, index: int) -> Task:
        """Return task `index`: the seed's examples with their labels shuffled among them."""
        return Task(self.examples(seed, index), self.assignment(seed, index))
