"""Regression whose inputs change slowly."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from plasticity_bench.errors import BadInputError
from plasticity_bench.seeding import Branch, generator
from plasticity_bench.streams.stream import Stream
from plasticity_bench.streams.task import Floats, Task


@dataclass(frozen=True, kw_only=True)
class SlowlyChangingRegression(Stream):
    """Learn a fixed random function of bits, most of which are constant within a task.

    Each task sets the slow bits, the same for all its examples; the other bits are random in each
    example. The target is a network of linear threshold units with weights of +1 and -1, the same
    for all tasks of a seed, and too large for a small network to represent: it must track. Every
    example is seen once. Slowly-Changing Regression, Dohare et al. (2021), arXiv:2108.06325, and
    (2024), doi:10.1038/s41586-024-07711-7.

    Attributes:
        num_bits: inputs, each 0 or 1.
        num_slow_bits: how many of them, the first, change with the task only.
        flips_one: whether a new task flips one slow bit, drawn at random, as in the text of the
            paper; otherwise it draws all of them again, as in the settings of its public code.
        num_features: threshold units of the target.
        threshold: share of a unit's inputs, the constant one among them, that must agree with its
            weights for it to be on: `beta` in the paper, in [0, 1].
    """

    regression: ClassVar[bool] = True
    target: ClassVar[float | None] = None  # every example is seen once: nothing is ever learnt

    num_tasks: int = 100
    updates_per_task: int = 10_000
    batch_size: int = 1
    num_bits: int = 20
    num_slow_bits: int = 15
    flips_one: bool = True
    num_features: int = 100
    threshold: float = 0.7

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check_counts("num_bits", "num_slow_bits", "num_features")
        if self.num_slow_bits >= self.num_bits:
            raise BadInputError(
                f"num_slow_bits must be less than the {self.num_bits} of num_bits, not "
                f"{self.num_slow_bits}.",
                key="num_slow_bits",
            )
        if not 0 <= self.threshold <= 1:
            raise BadInputError(
                f"threshold must be in [0, 1], not {self.threshold}.", key="threshold"
            )

    @property
    def input_shape(self) -> tuple[int, ...]:
        """One number for each bit."""
        return (self.num_bits,)

    @property
    def num_outputs(self) -> int:
        """One value."""
        return 1

    @property
    def input_bounds(self) -> tuple[float, float]:
        """Bits are 0 or 1."""
        return 0.0, 1.0

    def size(self, index: int) -> int:
        """Return how many examples a task has: each is seen once."""
        return self.updates_per_task * self.batch_size

    def task(self, seed: int, index: int) -> Task:
        """Return task `index`: new examples under its slow bits."""
        inputs = self.rng(seed, index).integers(2, size=(self.size(index), self.num_bits))
        inputs[:, : self.num_slow_bits] = self._slow_bits(seed, index)
        return Task(None, self._target(seed, inputs), inputs=inputs.astype(np.float32))

    def _slow_bits(self, seed: int, index: int) -> np.ndarray:
        if not self.flips_one:
            drawn = generator(seed, Branch.EXAMPLES, index)
            return drawn.integers(2, size=self.num_slow_bits)
        drawn = generator(seed, Branch.EXAMPLES)
        bits = drawn.integers(2, size=self.num_slow_bits)
        flipped = drawn.integers(self.num_slow_bits, size=index)
        return (bits + np.bincount(flipped, minlength=self.num_slow_bits)) % 2

    def _target(self, seed: int, inputs: np.ndarray) -> Floats:
        """The target network's outputs, (n, 1).

        A unit's sum over inputs and the constant one is the number of its inputs that agree with
        their weights, less the number of negative weights: agreement of a share `threshold` is the
        threshold that the paper sets.
        """
        teacher = generator(seed, Branch.TEACHER)
        weights = 2 * teacher.integers(2, size=(self.num_bits + 1, self.num_features)) - 1
        outer = 2 * teacher.integers(2, size=self.num_features) - 1
        bias = 2 * teacher.integers(2) - 1
        sums = inputs @ weights[:-1] + weights[-1]
        negative = (weights < 0).sum(0)
        on = sums > self.threshold * (self.num_bits + 1) - negative
        values: Floats = (on @ outer + bias).astype(np.float32)[:, None]
        return values
