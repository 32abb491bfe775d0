"""Numbers of parameters, and networks of another kind with as many."""

import functools
from dataclasses import replace
from typing import Any

import torch

from plasticity_bench.networks.build import build_network
from plasticity_bench.networks.spec import NetworkSpec

STEPS = 1024


@functools.lru_cache(maxsize=64)
def match_num_parameters(spec: NetworkSpec, **changes: Any) -> NetworkSpec:
    """Return a specification with changes, narrow enough to have no more parameters than before.

    All its widths (hidden layers, channels, the tokens of a "vit") are multiplied by one factor,
    the largest of the multiples of 1/1024 up to 1 that suffices, and rounded down, to 1 at least.

    Args:
        spec: whose number of parameters is not to be exceeded.
        changes: the keys that differ, such as activation="crelu".

    Raises:
        BadInputError: if there is no such network.
    """
    most = num_parameters(spec)
    changed = replace(spec, **changes)
    low, high = 1, STEPS  # the number of parameters never falls as the factor grows
    while low < high:
        middle = (low + high + 1) // 2
        if num_parameters(_scaled(changed, middle)) <= most:
            low = middle
        else:
            high = middle - 1
    return _scaled(changed, low)


def num_parameters(spec: NetworkSpec) -> int:
    """Return the number of parameters of a specification's network."""
    with torch.device("meta"):  # shapes only: nothing is allocated, and nothing drawn at random
        return sum(value.numel() for value in build_network(spec).parameters())


def _scaled(spec: NetworkSpec, steps: int) -> NetworkSpec:
    """The specification with its widths multiplied by steps / STEPS."""

    def scaled(width: int, unit: int = 1) -> int:
        return max(unit, width * steps // STEPS // unit * unit)

    widths: dict[str, Any] = {
        key: tuple(scaled(width) for width in getattr(spec, key))
        for key in ("hidden", "channels")
        if getattr(spec, key) is not None
    }
    if spec.dim is not None:
        widths["dim"] = scaled(spec.dim, spec.heads)
    return replace(spec, **widths)
