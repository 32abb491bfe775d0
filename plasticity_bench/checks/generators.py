"""The process-wide random generators of Python, NumPy and PyTorch."""

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch

# name -> functions that read, restore and seed it
_GENERATORS: dict[str, tuple[Callable[[], Any], Callable[[Any], Any], Callable[[int], Any]]] = {
    "torch": (
        torch.random.get_rng_state,
        torch.random.set_rng_state,
        torch.default_generator.manual_seed,
    ),
    "numpy.random": (np.random.get_state, np.random.set_state, np.random.seed),
    "random": (random.getstate, random.setstate, random.seed),
}


@contextmanager
def seeded_generators(seed: int) -> Iterator[Callable[[], list[str]]]:
    """Seed all global generators, and restore them on exit.

    Yields a function that returns the names of the generators used since.
    """
    before = {name: read() for name, (read, _, _) in _GENERATORS.items()}
    for _, _, sow in _GENERATORS.values():
        sow(seed)
    fresh = _states()
    try:
        yield lambda: [name for name, state in _states().items() if state != fresh[name]]
    finally:
        for name, (_, put_back, _) in _GENERATORS.items():
            put_back(before[name])


def _states() -> dict[str, object]:
    """The states, in comparable form."""
    kind, words, *rest = np.random.get_state()
    return {
        "torch": torch.random.get_rng_state().tolist(),
        "numpy.random": (kind, list(words), *rest),
        "random": random.getstate(),
    }
