"""A stream of your own.

plasticity-bench check my_stream:my-lab/Stream-v0
plasticity-bench run my_stream.yaml --learner l2
"""

from dataclasses import dataclass

import numpy as np

import plasticity_bench as pb


@dataclass(frozen=True, kw_only=True)
class Stream(pb.DatasetStream):
    """Each task swaps the labels of some pairs of classes.

    It is an example of the most common kind: tasks on the examples of a data set, by default
    scikit-learn's digits; a suite can set another with `dataset`. Each field that you add is a
    parameter of the stream.

    Attributes:
        num_pairs: number of pairs of classes; at most half the number of classes.
    """

    num_pairs: int = 2

    def __post_init__(self) -> None:
        """Raise an error for invalid parameters."""
        super().__post_init__()
        most = self.num_outputs // 2
        if not 1 <= self.num_pairs <= most:
            raise pb.BadInputError(
                f"num_pairs is {self.num_pairs}: {self.dataset} has classes for 1 to {most} pairs.",
                key="num_pairs",
            )

    def task(self, seed: int, index: int) -> pb.Task:
        """Return task `index` of a seed. It must depend on nothing else."""
        rng = self.rng(seed, index)  # draw all random numbers from here
        examples = self.examples(seed)
        names = np.arange(self.num_outputs)
        one, other = rng.permutation(names)[: 2 * self.num_pairs].reshape(2, -1)
        names[one], names[other] = other, one
        return pb.Task(examples, names[self.data.labels[examples]])


# A published id never changes, because results refer to it. A changed stream is a new -vN.
pb.register("my-lab/Stream-v0", Stream, num_examples=512)
