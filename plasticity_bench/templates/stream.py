"""A stream of your own.

plasticity-bench check my_stream:my-lab/Stream-v0
plasticity-bench run my_stream.yaml --learner l2
"""

from dataclasses import dataclass

import numpy as np

import plasticity_bench as pb


@dataclass(frozen=True, kw_only=True)
class Stream(pb.DatasetStream):
    """Every task gives some pairs of classes each other's names.

    It is an example of the usual kind: tasks over the examples of a data set, scikit-learn's digits
    unless a suite names another as `dataset`. Every field that you add is a parameter, too.

    Attributes:
        num_pairs: of classes, at most half as many as there are classes.
    """

    num_pairs: int = 2

    def __post_init__(self) -> None:
        """Refuse what cannot be."""
        super().__post_init__()
        most = self.num_outputs // 2
        if not 1 <= self.num_pairs <= most:
            raise pb.BadInputError(
                f"num_pairs is {self.num_pairs}: {self.dataset} has classes for 1 to {most} pairs.",
                key="num_pairs",
            )

    def task(self, seed: int, index: int) -> pb.Task:
        """Return a task; it depends on its seed and index alone, in any order and any process."""
        rng = self.rng(seed, index)  # all random numbers come from here
        examples = self.examples(seed)
        names = np.arange(self.num_outputs)
        one, other = rng.permutation(names)[: 2 * self.num_pairs].reshape(2, -1)
        names[one], names[other] = other, one
        return pb.Task(examples, names[self.data.labels[examples]])


# A published id never changes, for results refer to it: what becomes different is a new -vN.
pb.register("my-lab/Stream-v0", Stream, num_examples=512)
