"""The names, shapes and dtypes of a state's tensors, as plain data."""

from typing import Any

import torch
from torch import Tensor

from plasticity_bench.learners.learner import State
from plasticity_bench.recording.plain_data import dtype_name, dtype_named

Layout = dict[str, Any]


def layout_of(state: State) -> Layout:
    """Return the layout of one replica's state, by field: nested dictionaries of [shape, dtype]."""
    return {field: _of(value) for field, value in state._asdict().items()}


def example(layout: Layout) -> State:
    """Return a state of zeros with a layout.

    Raises:
        ValueError: if it is no layout; so do KeyError and TypeError.
    """
    return State(**{field: _zeros(layout[field]) for field in State._fields})


def _of(value: Any) -> Any:
    if isinstance(value, Tensor):
        return [list(value.shape), dtype_name(value.dtype)]
    return {str(name): _of(entry) for name, entry in value.items()}


def _zeros(described: Any) -> Any:
    if isinstance(described, dict):
        return {str(name): _zeros(entry) for name, entry in described.items()}
    shape, dtype = described
    return torch.zeros([int(size) for size in shape], dtype=dtype_named(dtype))
