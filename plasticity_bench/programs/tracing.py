"""A function of tensors recorded as a flat list of tensor operations."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, fx
from torch._decomp import core_aten_decompositions
from torch.utils import _pytree as pytree

from plasticity_bench.programs.compiling import compiled
from plasticity_bench.programs.executor import Executor
from plasticity_bench.programs.recording import recorded

aten = torch.ops.aten


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
    graph = recorded(flat(function, structure), leaves)
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

    PyTorch's composite operations are recorded as the simple ones that they consist of.

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
    leaves = [leaf.clone(memory_format=torch.contiguous_format) for leaf in leaves]
    table: Any = core_aten_decompositions()
    graph = recorded(flat(function, structure), leaves, table)
    simplify(graph)
    return Executor(graph, num_carried, into_code=into_code)


def flat(function: Callable[..., Any], structure: pytree.TreeSpec) -> Callable[..., list[Tensor]]:
    """Return the function from the tensors of its arguments to those of its results.

    Flattening nested dictionaries takes long compared with the update of a small network.

    Args:
        function: of nested arguments.
        structure: of its arguments.
    """

    def on_leaves(*leaves: Tensor) -> list[Tensor]:
        tensors: list[Tensor] = pytree.tree_leaves(
            function(*pytree.tree_unflatten(leaves, structure))
        )
        return tensors

    return on_leaves


def simplify(module: fx.GraphModule) -> None:
    """Remove, in place, operations that vmap and autograd leave behind and that change no bit.

    These are views to the same shape, multiplications by one, and repeated operations on the same
    arguments. A record that writes to a tensor in place is left unchanged: there, repeating an
    operation may give another result.
    """
    if any(_writes(node) for node in module.graph.nodes):
        return
    seen: dict[Any, fx.Node] = {}
    for node in list(module.graph.nodes):
        if node.op != "call_function":
            continue
        same = node.args[0] if _is_identity(node) else seen.setdefault(_signature(node), node)
        if same is not node:
            node.replace_all_uses_with(same)
            module.graph.erase_node(node)
    module.graph.eliminate_dead_code()
    module.recompile()


def _is_identity(node: fx.Node) -> bool:
    if node.target is aten.mul.Scalar:
        return bool(node.args[1] == 1 and _value(node).dtype == _value(node.args[0]).dtype)
    if node.target in (aten.view.default, aten._unsafe_view.default, aten.expand.default):
        return bool(_value(node).shape == _value(node.args[0]).shape)
    return False


def _value(node: Any) -> Any:
    """The example tensor that a node produced when it was recorded."""
    return node.meta["val"]


def _writes(node: fx.Node) -> bool:
    target = node.target
    return isinstance(target, torch._ops.OpOverload) and target._schema.is_mutable


def _signature(node: fx.Node) -> Any:
    """Equal for two nodes if and only if they do the same to the same arguments."""
    arguments, shape = pytree.tree_flatten((node.args, node.kwargs))
    return node.target, str(shape), tuple((type(argument), argument) for argument in arguments)
