"""A function of tensors recorded as a flat list of tensor operations."""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from typing import Any

import torch
from torch import Tensor, fx
from torch.utils import _pytree as pytree

from plasticity_bench.programs.compiling import compiled
from plasticity_bench.programs.executor import Executor
from plasticity_bench.programs.replicas import OverReplicas
from plasticity_bench.recording.fx_graphs import decompositions, flat, recorded, simplify

MOST_GRAPHS = 64
"""So many are kept. A run of a suite has populations of the same learner one after the other, and
recording takes longer than the rest of their preparation."""

_graphs: OrderedDict[Hashable, fx.GraphModule] = OrderedDict()
"""Graphs of functions that were recorded in this process, those used last at the end."""


def trace(
    function: Callable[..., Any],
    arguments: tuple[Any, ...],
    *,
    into_code: bool = False,
    num_carried: int = 0,
) -> Callable[..., list[Tensor]]:
    """Record a function's tensor operations on example arguments; return what replays them.

    The record holds no Python of the function, no autograd and no vmap: replaying it costs much
    less than calling the function, and it can be compiled as it is.

    Args:
        function: pure; its arguments and results are nested dicts and tuples of tensors.
        arguments: of the shapes and dtypes that all later calls will have.
        into_code: also compile the record into machine code.
        num_carried: this number of first tensors of the results are the next call's first
            arguments; machine code overwrites them.

    Returns:
        From the tensors of the arguments to those of the results, in the order of
        `torch.utils._pytree.tree_leaves`.

    Raises:
        CompilationError: if it is to be compiled and cannot be.
    """
    leaves, structure = pytree.tree_flatten(arguments)
    # Tracing distinguishes arguments by identity, and some share one tensor at the start.
    leaves = [leaf.clone(memory_format=torch.contiguous_format) for leaf in leaves]
    graph = recorded(flat(function, structure), leaves, for_compiler=into_code)
    simplify(graph)
    return compiled(graph, leaves, num_carried) if into_code else graph


def program(
    function: Callable[..., Any],
    arguments: tuple[Any, ...],
    *,
    num_carried: int = 0,
    into_code: bool = False,
) -> Executor:
    """Record a function as a program that the package's own C++ code runs.

    PyTorch's composite operations are recorded as the simple ones that they consist of. An
    `OverReplicas` of the same identity is recorded once.

    Args:
        function: as of `trace`, on the CPU.
        arguments: likewise.
        num_carried: this number of first tensors of the results are the next call's first
            arguments; they are overwritten by the call after the next.
        into_code: also compile its elementwise operations, which changes no bit.

    Raises:
        UnsupportedError: if the function changes a tensor in place that others see.
        BuildError: if there is no C++ compiler.
    """
    leaves, structure = pytree.tree_flatten(arguments)
    return Executor(_graph(function, leaves, structure), num_carried, into_code=into_code)


def _graph(
    function: Callable[..., Any], leaves: Sequence[Tensor], structure: pytree.TreeSpec
) -> fx.GraphModule:
    if not isinstance(function, OverReplicas):
        return _recorded(function, leaves, structure)
    shapes = tuple((leaf.shape, leaf.dtype) for leaf in leaves)
    key = (function.identity, shapes, str(structure))
    if key not in _graphs:
        _graphs[key] = _recorded(function, leaves, structure)
        if len(_graphs) > MOST_GRAPHS:
            _graphs.popitem(last=False)
    _graphs.move_to_end(key)
    return _graphs[key]


def _recorded(
    function: Callable[..., Any], leaves: Sequence[Tensor], structure: pytree.TreeSpec
) -> fx.GraphModule:
    leaves = [leaf.clone(memory_format=torch.contiguous_format) for leaf in leaves]
    graph = recorded(flat(function, structure), leaves, decompositions())
    simplify(graph)
    return graph
