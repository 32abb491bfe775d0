"""Random labels, drawn again for every task."""

from dataclasses import dataclass

from plasticity_bench.streams.dataset_stream import DatasetStream
from plasticity_bench.streams.task import Task


@dataclass(frozen=True, kw_only=True)
class RandomLabels(DatasetStream):
    """Every task gives each example a new label, independent and uniform over the classes.

    Nothing carries over from task to task: this is memorisation, and measures trainability only.
    Lyle et al. (2023), arXiv:2303.01486; Kumar et al. (2023), arXiv:2308.11958.
    """

    def task(self, seed: int, index: int) -> Task:
        """Return task `index`: the seed's examples with new labels."""
        labels = self.rng(seed, index).integers(self.num_outputs, size=self.size(index))
        return Task(self.examples(seed, index), labels)
