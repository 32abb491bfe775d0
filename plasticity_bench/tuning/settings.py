"""The settings that a search tries, in order."""

import itertools
from functools import lru_cache

import numpy as np

from plasticity_bench.learners.search_space import Value
from plasticity_bench.tuning.space import Space

Setting = dict[str, Value]

BLOCK = 16
"""Settings that together cover every range evenly."""

ATTEMPTS = 100
"""Draws for each setting that is wanted: a few choices may have no more combinations."""


def settings(space: Space, search: str, number: int) -> list[Setting]:
    """Return the settings that a search tries; a larger number extends the same sequence.

    Args:
        space: the range of each hyperparameter.
        search: "grid" or "random".
        number: of settings; a smaller space gives fewer.
    """
    return grid(space, number) if search == "grid" else random(space, number)


def grid(space: Space, number: int) -> list[Setting]:
    """Return all combinations of a space's grids, or a random sample of `number`."""
    combinations = itertools.product(*(range_.grid() for range_ in space.values()))
    every = [dict(zip(space, values, strict=True)) for values in combinations]
    if len(every) <= number:
        return every
    order = np.random.default_rng(0).permutation(len(every))
    return [every[index] for index in order[:number]]


def random(space: Space, number: int) -> list[Setting]:
    """Return random settings, each hyperparameter drawn independently, in blocks of 16.

    A block is a Latin hypercube (McKay et al., 1979, doi:10.2307/1268522; `scipy.stats.qmc`): of
    each hyperparameter it has one value in every sixteenth of the range, so that few settings cover
    all of it. The n-th value of a hyperparameter follows from its name, its range and n alone:
    every learner tries the same step sizes, as far as their ranges agree.
    """
    sampled: list[Setting] = []
    for index in range(ATTEMPTS * number):
        drawn = {name: range_.at(_share(name, index)) for name, range_ in space.items()}
        if drawn not in sampled:
            sampled.append(drawn)
        if len(sampled) == number:
            break
    return sampled


def shown(setting: Setting) -> str:
    """Return a setting as a label without spaces.

    >>> shown({"step_size": 1e-3, "relative": True})
    'step_size=0.001,relative=True'
    """
    return ",".join(f"{name}={value}" for name, value in setting.items())


def _share(name: str, index: int) -> float:
    """Position of a hyperparameter's n-th value within its range, in [0, 1)."""
    block, row = divmod(index, BLOCK)
    return _block(name, block)[row]


@lru_cache(maxsize=1024)
def _block(name: str, block: int) -> tuple[float, ...]:
    from scipy.stats import qmc  # where it is used: its import takes a second

    seed = np.random.SeedSequence(entropy=block, spawn_key=tuple(name.encode()))
    hypercube = qmc.LatinHypercube(d=1, rng=np.random.default_rng(seed))
    return tuple(hypercube.random(BLOCK)[:, 0].tolist())
