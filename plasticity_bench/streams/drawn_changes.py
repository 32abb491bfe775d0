"""Changes whose kinds and times are drawn by a nonce: a held-out stream."""

import functools
import math
from dataclasses import dataclass
from hashlib import sha256

import numpy as np

from plasticity_bench.errors import BadInputError
from plasticity_bench.seeding import Branch, generator
from plasticity_bench.streams.changing_stream import cycled
from plasticity_bench.streams.dataset_stream import DatasetStream
from plasticity_bench.streams.task import Integers, Task
from plasticity_bench.streams.walk import Arrays, walked

KINDS = ("labels", "classes", "pixels")


@dataclass(frozen=True)
class Change:
    """What happens at the start of a task, the same for every seed.

    Attributes:
        kind: what changes: "labels" of examples, names of "classes" or the order of "pixels".
        share: of the labels, names or pixels that change, in (0, 1].
        updates: of the task that begins.
        transition: number of its first updates that still see examples of the task before.
        returns_to: the earlier task that comes again, instead of a change; None if none does.
    """

    kind: str
    share: float
    updates: int
    transition: int
    returns_to: int | None


@dataclass(frozen=True, kw_only=True)
class DrawnChanges(DatasetStream):
    """Each change is of a kind, an extent and at a time that a nonce draws, for all seeds alike.

    A method that is tuned to one kind of change, or to a fixed time between changes, cannot be
    tuned to these before the nonce is known. Task 0 has the true labels. Each other task returns
    to an earlier one with probability 1/5, and otherwise changes the one before it: the labels of
    examples, the names of classes, or the order of pixels, each with probability 1/3; as a whole
    or, with probability 1/2, a share of 0.2 to 0.6 of it; abruptly or, with probability 1/2, with a
    transition of a quarter to three quarters of the task. Tasks have between a half and one and a
    half times `updates_per_task` updates, uniformly. What new labels, names and orders are depends
    on the seed, as everywhere.

    Attributes:
        nonce: a number or text that the changes are drawn from; 1 and "1" draw the same.
    """

    nonce: int | str = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        if isinstance(self.nonce, bool) or not isinstance(self.nonce, int | str):
            raise BadInputError(
                f"nonce must be a whole number or text, not {self.nonce!r}.", key="nonce"
            )
        for name in ("transition", "new_examples"):
            if getattr(self, name):
                raise BadInputError(f"{name} has no effect: the nonce draws changes.", key=name)

    def change(self, index: int) -> Change:
        """Return what happens at the start of task `index`; the first has only its updates."""
        return _change(str(self.nonce), self.updates_per_task, index)

    def updates(self, index: int) -> int:
        """Return how many updates task `index` is trained for."""
        return self.change(index).updates

    def transition_of(self, index: int) -> int:
        """Return how many updates of task `index` still see examples of the task before."""
        return self.change(index).transition

    def task(self, seed: int, index: int) -> Task:
        """Return task `index`: the seed's examples with its labels and its order of pixels."""
        labels, order = walked(self, seed, self._line(index))
        # Copies: states are shared between tasks, and must not change.
        return Task(self.examples(seed), labels.copy(), order.copy())

    def first_state(self, seed: int, index: int) -> Arrays:
        """Return the true labels, (size,), and the pixels in order, (pixels,)."""
        labels = self.data.labels[self.examples(seed)]
        return labels, np.arange(math.prod(self.input_shape))

    def next_state(self, before: Arrays, seed: int, index: int) -> Arrays:
        """Return labels and order of task `index`, given those of the task that it changes."""
        change, rng = self.change(index), self.rng(seed, index)
        labels, order = before
        if change.kind == "labels":
            chosen = rng.permutation(len(labels))[: math.ceil(change.share * len(labels))]
            labels = labels.copy()
            labels[chosen] = rng.integers(self.num_outputs, size=len(chosen))
        elif change.kind == "classes":
            labels = _changed(np.arange(self.num_outputs), change.share, rng)[labels]
        else:
            order = _changed(order, change.share, rng)
        return labels, order

    def _line(self, index: int) -> tuple[int, ...]:
        """The tasks, from the first, whose changes make task `index`: none that it undoes."""
        line: list[int] = []
        while True:
            returns_to = self.change(index).returns_to
            if returns_to is not None:
                index = returns_to
                continue
            line.append(index)
            if index == 0:
                return tuple(reversed(line))
            index -= 1


def _changed(values: Integers, share: float, rng: np.random.Generator) -> Integers:
    """Values in a random order, or with a share of them, at least two, moved along a cycle."""
    if share == 1:
        return rng.permutation(values)
    return cycled(values, max(2, round(share * len(values))), rng)


@functools.lru_cache(maxsize=4096)
def _change(nonce: str, updates_per_task: int, index: int) -> Change:
    """The change that a nonce draws for a task."""
    entropy = int.from_bytes(sha256(nonce.encode()).digest(), "big")  # no seed is as large
    rng = generator(entropy, Branch.CHANGES, index)
    fewest = -(-updates_per_task // 2)
    updates = int(rng.integers(fewest, 2 * updates_per_task - fewest + 1))
    kind = KINDS[rng.integers(len(KINDS))]
    share = float(rng.uniform(0.2, 0.6)) if rng.random() < 0.5 else 1.0
    transition = int(rng.uniform(0.25, 0.75) * updates) if rng.random() < 0.5 else 0
    returns = index > 1 and rng.random() < 0.2
    return Change(
        kind,
        share,
        updates,
        transition if index else 0,
        int(rng.integers(index - 1)) if returns else None,
    )
