"""States that are reached by a sequence of small changes, each drawn with a seed."""

import functools
from typing import Any, Protocol

from numpy.typing import NDArray

Arrays = tuple[NDArray[Any], ...]


class Walker(Protocol):
    """A stream whose tasks are reached step by step."""

    def __hash__(self) -> int:
        """Return a hash, as frozen dataclasses do."""

    def first_state(self, seed: int, index: int) -> Arrays:
        """Return the state of task `index`, with which a walk begins."""

    def next_state(self, before: Arrays, seed: int, index: int) -> Arrays:
        """Return the state of task `index`, given that of the task that it changes."""


def walked(walker: Walker, seed: int, line: tuple[int, ...] | range) -> Arrays:
    """Return the state of the last task of a line, each of which changes the one before it.

    A pure function. By itself it takes as many steps as the line is long; for one line after
    another, each longer by one task, it takes log2(length) steps on average, because some
    states are kept.

    Args:
        walker: makes the first state and each next one.
        seed: of the replica.
        line: indices of the tasks, from the one that the walk begins with.
    """
    last = len(line) - 1
    if last == 0:
        return walker.first_state(seed, line[0])
    # Clearing the lowest bit: at most log2(length) calls deep, however long the line is.
    kept = last & (last - 1)
    state = _kept(walker, seed, line[: kept + 1])
    for index in line[kept + 1 :]:
        state = walker.next_state(state, seed, index)
    return state


@functools.lru_cache(maxsize=256)
def _kept(walker: Walker, seed: int, line: tuple[int, ...] | range) -> Arrays:
    state = walked(walker, seed, line)
    for array in state:
        array.flags.writeable = False
    return state
