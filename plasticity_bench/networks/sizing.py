"""Numbers of parameters, and networks of another kind with as many."""

import functools
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import nn

from plasticity_bench.errors import BadInputError, did_you_mean
from plasticity_bench.networks import own
from plasticity_bench.networks.build import build_network
from plasticity_bench.networks.initialisation import seeded_module
from plasticity_bench.networks.spec import Built, NetworkSpec
from plasticity_bench.source_code.source import source_of

STEPS = 1024


def match_num_parameters(spec: NetworkSpec, **changes: Any) -> NetworkSpec:
    """Return a specification with changes, narrow enough to have no more parameters than before.

    All its widths (hidden layers, channels, the tokens of a "vit") are multiplied by one factor,
    the largest of the multiples of 1/1024 up to 1 that suffices, and rounded down, to 1 at least.

    Of a user's network, these are the keys called hidden, channels, width and dim.

    Args:
        spec: whose number of parameters is not to be exceeded.
        changes: the keys that differ, such as activation="crelu".

    Raises:
        BadInputError: if there is no such network.
    """
    if unknown := [key for key in changes if key not in spec.__dataclass_fields__]:
        raise BadInputError(
            f"A network's specification has no {unknown[0]!r}. "
            f"{did_you_mean(unknown[0], spec.__dataclass_fields__)}"
        )
    return _narrowed(replace(spec, **changes), num_parameters(spec))


@functools.lru_cache(maxsize=64)
def _narrowed(changed: NetworkSpec, most: int) -> NetworkSpec:
    """The widest of the scaled specifications that has at most so many parameters."""
    low, high = 1, STEPS  # the number of parameters never falls as the factor grows
    while low < high:
        middle = (low + high + 1) // 2
        if num_parameters(_scaled(changed, middle)) <= most:
            low = middle
        else:
            high = middle - 1
    return _scaled(changed, low)


def num_parameters(spec: NetworkSpec) -> int:
    """Return the number of parameters of a specification's network.

    Raises:
        BadInputError: if it is a user's, and cannot be built so.
    """
    if spec.is_own:
        return _built(spec).num_parameters
    with torch.device("meta"):  # shapes only: nothing is allocated, and nothing drawn at random
        return sum(value.numel() for value in build_network(spec).parameters())


def built_once(spec: NetworkSpec) -> NetworkSpec:
    """Return the specification, of which all is known that another process asks for.

    A user's network is built and called once, where its module may be imported.

    Raises:
        BadInputError: if it cannot be built, or does not return one number for each output.
    """
    if spec.is_own:
        _built(spec)
    return spec


def _built(spec: NetworkSpec) -> Built:
    if spec.built is None:
        network = seeded_module(lambda: build_network(spec), 0)
        _check_outputs(spec, network)
        count = sum(value.numel() for value in network.parameters())
        convolves = any(isinstance(part, nn.Conv1d | nn.Conv2d) for part in network.modules())
        path = tuple(str(Path(entry).absolute()) for entry in sys.path)
        source = source_of(own.find_network(spec.name)).hash
        object.__setattr__(spec, "built", Built(count, convolves, path, source))
    assert spec.built is not None
    return spec.built


def _check_outputs(spec: NetworkSpec, network: nn.Module) -> None:
    """Refuse a user's network that does not map a batch to logits."""
    inputs = torch.zeros(2, *spec.input_shape)
    expected = (2, spec.num_outputs)
    try:
        with torch.no_grad():
            outputs = network(inputs)
    except Exception as error:
        raise own.failed(spec.name, {"inputs of shape": tuple(inputs.shape)}, error) from error
    shape = tuple(getattr(outputs, "shape", ()))
    if shape != expected:
        raise BadInputError(
            f"Network {spec.name}: for inputs of shape {tuple(inputs.shape)} it must return "
            f"outputs of shape {expected}, not {shape or type(outputs).__name__}.",
            "network",
        )


def _scaled(spec: NetworkSpec, steps: int) -> NetworkSpec:
    """The specification with its widths multiplied by steps / STEPS."""

    def scaled(width: Any, unit: int = 1) -> Any:
        if isinstance(width, tuple):
            return tuple(map(scaled, width))
        return max(unit, width * steps // STEPS // unit * unit)

    names = ("hidden", "channels", "width") if spec.is_own else ("hidden", "channels")
    widths: dict[str, Any] = {
        key: scaled(getattr(spec, key)) for key in names if getattr(spec, key) is not None
    }
    if spec.dim is not None:
        widths["dim"] = scaled(spec.dim, spec.heads or 1)
    return replace(spec, **widths)
