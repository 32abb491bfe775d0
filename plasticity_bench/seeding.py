"""Random number generators: a tree of independent generators for each seed.

A seed names a *replica*. Everything random about it (which examples it sees, its tasks, the order
of its batches, its initial parameters, its learner's noise) is drawn from a branch of the tree, so
that one part's use of random numbers does not shift another's.
"""

from enum import IntEnum

import numpy as np

TUNING = 1000
"""The first seed that settings are chosen on. Scored seeds are below it, so no seed is both."""


class Branch(IntEnum):
    """The independent uses of one seed. Published values never change: results depend on them."""

    EXAMPLES = 0
    TASK = 1
    BATCHES = 2
    PARAMETERS = 3
    NOISE = 4
    CLASSES = 5
    TRANSITION = 6
    TEACHER = 7
    CHANGES = 8


def generator(seed: int, branch: Branch, index: int = 0) -> np.random.Generator:
    """Return numpy's PCG64 generator of one branch of a seed, at one index, such as a task's."""
    return np.random.Generator(np.random.PCG64(_sequence(seed, branch, index)))


def integer(seed: int, branch: Branch, index: int = 0) -> int:
    """Return a 63-bit non-negative integer to seed another library's generator with."""
    return int(_sequence(seed, branch, index).generate_state(1, np.uint64)[0] >> np.uint64(1))


def _sequence(seed: int, branch: Branch, index: int) -> np.random.SeedSequence:
    return np.random.SeedSequence(entropy=seed, spawn_key=(int(branch), index))
