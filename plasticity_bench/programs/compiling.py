"""Compile a recorded function to machine code with PyTorch's compiler."""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, fx

aten = torch.ops.aten

AUTO_UPDATES = 20_000
"""The number of updates from which "auto" compiles.

Compiling a program takes one to five seconds if it is not cached, and saves up to two thirds of
each update, which takes about a millisecond.
"""

MANY = 64
"""Elements computed from one number from which the number is worth storing."""

OPTIONS = {
    "cpp_wrapper": True,  # no Python between the parts
    "compile_threads": 1,  # no processes of the compiler
    # A population looks up its updates by the shapes of arguments, and passes contiguous tensors.
    "size_asserts": False,
    "alignment_asserts": False,
}
"""The compiler's settings."""

VIEWS = {
    aten.alias.default,
    aten.expand.default,
    aten.permute.default,
    aten.select.int,
    aten.slice.Tensor,
    aten.squeeze.dim,
    aten.t.default,
    aten.transpose.int,
    aten.unsqueeze.default,
    aten.view.default,
}


class CompilationError(Exception):
    """The compiler refused; the message is its reason, in a line."""


def should_compile(mode: str, num_updates: int) -> bool:
    """Return whether to compile under a mode: "on", "off", or "auto" by the number of updates."""
    return mode == "on" or (mode == "auto" and num_updates >= AUTO_UPDATES)


def compiled(
    graph: fx.GraphModule, examples: Sequence[Tensor], num_carried: int = 0
) -> Callable[..., Any]:
    """Compile a flat graph of tensor operations.

    The compiler fuses operations, so results agree with the graph's up to rounding; they remain
    independent of which replicas run together. Code is cached on disk, across processes and runs.

    Args:
        graph: from tensors to a list of tensors; it is changed.
        examples: tensors of the shapes and dtypes that all calls will have.
        num_carried: this number of first results are the next call's first arguments. They are
            written in place, which saves a third of the memory traffic; arguments that did not come
            from the last call are copied first.

    Raises:
        CompilationError: if there is no compiler, or it cannot take the graph.
    """
    try:
        from torch._inductor import config, standalone_compile

        num_results = _store_scalars(graph)
        written, places = _write_in_place(graph, num_carried)
        used = _drop_unused(graph)
        with config.patch(OPTIONS), _quiet():
            code = standalone_compile(
                graph,
                [examples[index].contiguous() for index in used],
                dynamic_shapes="from_example_inputs",
            )
        previous: dict[int, Tensor] = {}

        def function(*given: Tensor) -> list[Tensor]:
            tensors = list(given)
            for index in written:
                if previous.get(index) is not given[index]:
                    tensors[index] = given[index].clone(memory_format=torch.contiguous_format)
                    previous[index] = tensors[index]
            computed = iter(code(*[tensors[index].contiguous() for index in used]))
            return [
                tensors[places[index]] if index in places else next(computed)
                for index in range(num_results)
            ]

        with torch.no_grad():
            function(*(example.clone() for example in examples))
    except Exception as error:
        lines = str(error).strip().splitlines() or [type(error).__name__]
        raise CompilationError(f"{type(error).__name__}: {lines[0]}") from error
    return function


@contextmanager
def _quiet() -> Iterator[None]:
    """Suppress the compiler's remark on every operation that it calls in a slower way."""
    logger = logging.getLogger("torch._inductor.ir")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)


def _write_in_place(graph: fx.GraphModule, num_carried: int) -> tuple[list[int], dict[int, int]]:
    """Write first results to the first arguments, and drop results that are arguments.

    Results that equal their argument are not written; neither is an argument that a result is, or
    is a view of.

    Returns:
        Which arguments are written; and for each result that the graph no longer returns, the
        position of the argument that holds it.
    """
    arguments = [node for node in graph.graph.nodes if node.op == "placeholder"]
    (output,) = (node for node in graph.graph.nodes if node.op == "output")
    results = list(output.args[0])
    kept = {_computed(node) for node in results} & set(arguments)
    written = [
        index
        for index in range(num_carried)
        if arguments[index] not in kept and _computed(results[index]) not in kept
    ]
    with graph.graph.inserting_before(output):
        for index in written:
            graph.graph.call_function(aten.copy_.default, (arguments[index], results[index]))
    positions = {node: position for position, node in enumerate(arguments)}
    places = {index: positions[node] for index, node in enumerate(results) if node in positions}
    places |= {index: index for index in written}
    output.args = ([node for index, node in enumerate(results) if index not in places],)
    graph.recompile()
    return written, places


def _drop_unused(graph: fx.GraphModule) -> list[int]:
    """Remove unused arguments; return the positions of the others."""
    arguments = [node for node in graph.graph.nodes if node.op == "placeholder"]
    used = [position for position, node in enumerate(arguments) if node.users]
    for node in arguments:
        if not node.users:
            graph.graph.erase_node(node)
    graph.recompile()
    return used


def _store_scalars(graph: fx.GraphModule) -> int:
    """Make the compiler compute small values once; return the number of outputs before.

    The compiler inlines elementwise operations into the loops of their users: it would compute
    Adam's bias corrections, one number for each replica, again for every few weights. It stores
    what a graph returns, so such values are returned too.
    """
    (output,) = (node for node in graph.graph.nodes if node.op == "output")
    outputs = list(output.args[0])
    stored = [
        _computed(node)
        for node in graph.graph.nodes
        if node.op == "call_function" and any(_is_larger(user, node) for user in node.users)
    ]
    extra = [node for node in dict.fromkeys(stored) if node.op == "call_function"]
    output.args = (outputs + [node for node in extra if node not in outputs],)
    graph.recompile()
    return len(outputs)


def _computed(node: fx.Node) -> fx.Node:
    """What a node is a view of."""
    while node.target in VIEWS:
        (node, *_) = node.all_input_nodes
    return node


def _is_larger(user: fx.Node, node: fx.Node) -> bool:
    value, used = user.meta.get("val"), node.meta.get("val")
    if not isinstance(value, Tensor) or not isinstance(used, Tensor):
        return False
    return value.numel() >= MANY * used.numel()
