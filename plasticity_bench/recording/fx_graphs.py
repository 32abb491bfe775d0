"""Graphs of tensor operations, without what they do in vain."""

import functools
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, fx
from torch._decomp import core_aten_decompositions
from torch._subclasses import FakeTensorMode
from torch.utils import _pytree as pytree

from plasticity_bench.compiler import without_import
from plasticity_bench.fx_recorder import FxRecorder

aten = torch.ops.aten


@functools.cache
def decompositions() -> dict[Any, Callable[..., Any]]:
    """Return the functions that make PyTorch's composite operations of its core ones."""
    return {name: without_import(f) for name, f in core_aten_decompositions().items()}


def recorded(
    function: Callable[..., list[Tensor]],
    examples: Sequence[Tensor],
    table: Any = None,
    *,
    for_compiler: bool = False,
) -> fx.GraphModule:
    """Return the graph of the operations that a function does.

    Args:
        function: from tensors to a list of tensors.
        examples: its arguments.
        table: of operations, functions that decompose them.
        for_compiler: whether PyTorch's compiler is to read the graph.
    """
    fake = FakeTensorMode(allow_fallback_kernels=True) if for_compiler else None
    return FxRecorder(table or {}, fake).record(function, examples)


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
