"""Values of the states of a Markov reward process whose rewards change."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from plasticity_bench.errors import BadInputError
from plasticity_bench.seeding import Branch, generator
from plasticity_bench.streams.stream import Stream
from plasticity_bench.streams.task import Bootstrap, Floats, Task

PRECISION = 1e-12
"""Of values, relative to the largest reward."""


@dataclass(frozen=True, kw_only=True)
class ChangingRewards(Stream):
    """Learn the values of a policy's states from rewards, which each task draws again.

    The states of a seed, their features and the probabilities of the next state are the same in all
    its tasks: each state leads to `branching` others, with random probabilities. A task draws the
    reward of each state again. Features and rewards are uniform, with mean zero and variance one.
    An example is a transition: the features of a state, the reward for leaving it, and the features
    of the state that follows, drawn from its successors.

    Updates learn reward + discount * the learner's own prediction for the next state, TD(0)
    (Sutton, 1988), so that targets move with what is learnt. The task's targets, which only
    measurements see, are the true values v = (I - discount P)^-1 r.

    Attributes:
        num_examples: transitions of a task.
        num_states: of the process.
        num_features: of a state.
        branching: successors of a state.
        discount: of the value of the next state, in [0, 1).
    """

    regression: ClassVar[bool] = True

    num_examples: int = 2048
    num_states: int = 64
    num_features: int = 16
    branching: int = 3
    discount: float = 0.8

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check_counts("num_examples", "num_states", "num_features", "branching")
        discount = self.discount
        if isinstance(discount, bool) or not isinstance(discount, int | float):
            raise BadInputError(f"discount must be a number, not {discount!r}.", key="discount")
        if not 0 <= discount < 1:
            raise BadInputError(f"discount must be in [0, 1), not {discount}.", key="discount")
        if self.branching > self.num_states:
            raise BadInputError(
                f"branching is {self.branching}, but there are only {self.num_states} states.",
                key="branching",
            )
        if self.transition:
            raise BadInputError(
                "transition must be 0: targets are predictions for states of the same task.",
                key="transition",
            )

    @property
    def input_shape(self) -> tuple[int, ...]:
        """The features of a state."""
        return (self.num_features,)

    @property
    def num_outputs(self) -> int:
        """One value."""
        return 1

    def size(self, index: int) -> int:
        """Return how many transitions a task has."""
        return self.num_examples

    def task(self, seed: int, index: int) -> Task:
        """Return task `index`: transitions of the process, under rewards of its own."""
        features, successors, probabilities = self._process(seed)
        rng = self.rng(seed, index)
        rewards = _uniform(rng, self.num_states)
        values = self.values(seed, rewards)
        states = rng.integers(self.num_states, size=self.num_examples)
        drawn = rng.random((self.num_examples, 1))
        chosen = (drawn > probabilities[states].cumsum(1)[:, :-1]).sum(1)
        following = successors[states, chosen]
        bootstrap = Bootstrap(
            rewards[states, None].astype(np.float32), features[following], float(self.discount)
        )
        targets = values[states, None].astype(np.float32)
        return Task(None, targets, inputs=features[states], bootstrap=bootstrap)

    def values(self, seed: int, rewards: np.ndarray) -> np.ndarray:
        """Return the true value of each state, (states,), for rewards, (states,).

        By iteration, until what is left is below 1e-12 of the largest reward: a solver of linear
        equations rounds differently on different processors.
        """
        _, successors, probabilities = self._process(seed)
        values = rewards.copy()
        following = float(self.discount)
        while following >= PRECISION * (1 - self.discount):
            values = rewards + self.discount * (probabilities * values[successors]).sum(1)
            following *= self.discount
        return values

    def _process(self, seed: int) -> tuple[Floats, np.ndarray, np.ndarray]:
        """Features, (states, features); successors and their probabilities, (states, branching)."""
        rng = generator(seed, Branch.TEACHER)
        features = _uniform(rng, self.num_states, self.num_features).astype(np.float32)
        successors = np.stack(
            [rng.permutation(self.num_states)[: self.branching] for _ in range(self.num_states)]
        )
        weights = 1 - rng.random((self.num_states, self.branching))  # above zero
        return features, successors, weights / weights.sum(1, keepdims=True)


def _uniform(rng: np.random.Generator, *shape: int) -> np.ndarray:
    """Uniform numbers with mean zero and variance one, of a shape."""
    return 12**0.5 * (rng.random(shape) - 0.5)
