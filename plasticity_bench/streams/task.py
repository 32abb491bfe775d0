"""A task: a fixed data set, usually rows of a shared one."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]
Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Bootstrap:
    """Transitions of a Markov reward process, from which values are learnt without being shown.

    An update does not learn the task's targets, which are the true values, but reward + discount *
    the learner's own prediction for the next state, before the update: temporal-difference
    learning, TD(0) (Sutton, 1988).

    Attributes:
        rewards: (n, outputs) float32, on leaving each example's state.
        next_inputs: (n, *input_shape) float32, the state that follows it.
        discount: of what follows, in [0, 1).
    """

    rewards: Floats
    next_inputs: Floats
    discount: float


@dataclass(frozen=True)
class Task:
    """One fixed data set.

    Its inputs are rows of the stream's shared data set, so that no image is copied, or arrays of
    its own if the stream makes them.

    Attributes:
        examples: (n,), rows of the data set; None if the task has its own inputs.
        targets: (n,) int64, the class that each example has in this task; or (n, outputs) float32,
            the values to be regressed. Other integers and floats are converted to these.
        input_permutation: (pixels,), the order in which an example's flattened pixels are read, or
            None to read them as they are.
        inputs: (n, *input_shape) float32, the task's own inputs; None if it has `examples`.
        test: held-out examples of the same task; None without any.
        bootstrap: what updates learn from in place of targets, which only measurements then see;
            None where updates learn the targets.
    """

    examples: Integers | None
    targets: NDArray[Any]
    input_permutation: Integers | None = None
    inputs: Floats | None = None
    test: "Task | None" = None
    bootstrap: Bootstrap | None = None

    def __post_init__(self) -> None:
        # What is checked, counted and fingerprinted is what is learnt.
        kind = self.targets.dtype.kind if isinstance(self.targets, np.ndarray) else ""
        if kind and kind in "iuf":
            with np.errstate(over="ignore"):  # what is too large is refused
                targets = self.targets.astype(np.float32 if kind == "f" else np.int64, copy=False)
            object.__setattr__(self, "targets", targets)

    @property
    def is_regression(self) -> bool:
        """Whether targets are values rather than classes."""
        return bool(np.issubdtype(self.targets.dtype, np.floating))

    @property
    def chance(self) -> float:
        """The task metric of the best constant prediction.

        For classes its accuracy, the share of the most frequent target; for values its coefficient
        of determination, which is 0 by definition.
        """
        if self.is_regression:
            return 0.0
        return float(np.bincount(self.targets).max() / len(self.targets))

    def dead_rank(self, num_outputs: int, examples: int) -> int:
        """Return the curvature rank of a network in which only the output bias is left.

        Its loss gradients are softmax - onehot(target): as many directions as there are targets,
        and no more than classes - 1, for they sum to zero. With squared losses, all outputs.

        Args:
            num_outputs: of the network.
            examples: number of the first examples that it is measured on.
        """
        if self.is_regression:
            return min(num_outputs, examples)
        return min(len(np.unique(self.targets[:examples])), num_outputs - 1)

    def arrays(self) -> list[NDArray[Any] | None]:
        """Return everything that the task is made of."""
        arrays = [self.examples, self.targets, self.input_permutation]
        inputs = [] if self.inputs is None else [self.inputs]
        if self.bootstrap is not None:
            discount = np.array(self.bootstrap.discount)
            inputs += [self.bootstrap.rewards, self.bootstrap.next_inputs, discount]
        return [*arrays, *inputs, *(self.test.arrays() if self.test else [])]
