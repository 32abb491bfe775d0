"""Which settings a search tries, in which order."""

import itertools

import numpy as np

from plasticity_bench.learners.search_space import Value
from plasticity_bench.tuning.space import Space

Setting = dict[str, Value]

BLOCK = 16
"""Settings that cover every range evenly together."""

ATTEMPTS = 100
"""Draws for each setting that is wanted: of a few choices there may be no more to find."""


def settings(space: Space, search: str, number: int) -> list[Setting]:
    """Return the settings that a search tries.

    A larger number begins with those of a smaller one.

    Args:
        space: what each hyperparameter may be.
        search: "grid", or else random.
        number: at most so many; fewer where a space has no more.
    """
    return grid(space, number) if search == "grid" else random(space, number)


def grid(space: Space, number: int) -> list[Setting]:
    """Return every combination of the grids of a space; if they are too many, some at random."""
    combinations = itertools.product(*(range_.grid() for range_ in space.values()))
    found = [dict(zip(space, values, strict=True)) for values in combinations]
    if len(found) <= number:
        return found
    order = np.random.default_rng(0).permutation(len(found))
    return [found[place] for place in order[:number]]


def random(space: Space, number: int) -> list[Setting]:
    """Return settings drawn at random, each hyperparameter by itself, in blocks of 16.

    A block is a Latin hypercube (McKay et al., 1979, doi:10.2307/1268522): of each hyperparameter
    it has one value in every sixteenth of the range, so that few settings cover all of it. The n-th
    value of a hyperparameter follows from its name, its range and n alone: every learner tries the
    same step sizes, as far as their ranges agree.
    """
    found: list[Setting] = []
    for place in range(ATTEMPTS * number):
        drawn = {name: range_.at(_share(name, place)) for name, range_ in space.items()}
        if drawn not in found:
            found.append(drawn)
        if len(found) == number:
            break
    return found


def _share(name: str, place: int) -> float:
    """How far along its range a hyperparameter's value lies, in [0, 1)."""
    block, row = divmod(place, BLOCK)
    rng = np.random.default_rng(
        np.random.SeedSequence(entropy=block, spawn_key=tuple(name.encode()))
    )
    strata, within = rng.permutation(BLOCK), rng.random(BLOCK)
    return float((strata[row] + within[row]) / BLOCK)


def shown(setting: Setting) -> str:
    """Return a setting as one word.

    >>> shown({"step_size": 1e-3, "relative": True})
    'step_size=0.001,relative=True'
    """
    return ",".join(f"{name}={value}" for name, value in setting.items())
