"""Functions of tensors as plain data: lists of PyTorch's operations, with no Python in them."""

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, fx
from torch.utils import _pytree as pytree

from plasticity_bench.errors import UnrecordableError
from plasticity_bench.recording.fx_graphs import flat, recorded, simplify
from plasticity_bench.recording.operations import GETITEM, check_operation, function_of
from plasticity_bench.recording.plain_data import (
    Value,
    decoded,
    decoded_tensor,
    digest,
    dtype_name,
    dtype_named,
    encoded,
    encoded_tensor,
)

Note = Callable[[str, Sequence[Any], Mapping[str, Any], Any], None]


@dataclass(frozen=True)
class Node:
    """One operation.

    Attributes:
        operation: as "aten.add.Tensor", or `GETITEM`.
        args: in which `Value` stands for tensors.
        kwargs: likewise.
    """

    operation: str
    args: tuple[Any, ...]
    kwargs: dict[str, Any]


@dataclass(frozen=True)
class Graph:
    """A function from a list of tensors to a list of tensors.

    Attributes:
        inputs: shape and dtype of each.
        constants: tensors that the function has captured.
        nodes: in order; each gives the next value.
        outputs: which values are returned.
    """

    inputs: tuple[tuple[tuple[int, ...], torch.dtype], ...]
    constants: tuple[Tensor, ...]
    nodes: tuple[Node, ...]
    outputs: tuple[int, ...]

    def __call__(self, *inputs: Tensor) -> list[Tensor]:
        """Return the outputs, computed on the device of the inputs."""
        values = self.values(inputs)
        return [values[number] for number in self.outputs]

    def values(self, inputs: Sequence[Tensor], note: Note = lambda *_: None) -> list[Any]:
        """Return all values: inputs, constants, and the results of the nodes.

        Args:
            inputs: of the graph.
            note: called with each node's operation, arguments and result.
        """
        device = inputs[0].device if inputs else torch.device("cpu")
        values: list[Any] = [*inputs, *(constant.to(device) for constant in self.constants)]

        def resolved(argument: Any) -> Any:
            if isinstance(argument, Value):
                return values[argument.number]
            if isinstance(argument, torch.device):
                return device
            if isinstance(argument, list | tuple):
                return [resolved(entry) for entry in argument]
            return argument

        for node in self.nodes:
            args = [resolved(argument) for argument in node.args]
            kwargs = {name: resolved(argument) for name, argument in node.kwargs.items()}
            values.append(function_of(node.operation)(*args, **kwargs))
            note(node.operation, args, kwargs, values[-1])
        return values

    @property
    def num_constants(self) -> int:
        """How many numbers it has captured: those of constants, and different literals."""
        literals = {
            leaf
            for node in self.nodes
            for leaf in pytree.tree_leaves((node.args, node.kwargs))
            if isinstance(leaf, float)
        }
        return sum(constant.numel() for constant in self.constants) + len(literals)

    def depends(self, output: int, on: int) -> bool:
        """Return whether an output depends on an input, both given by their positions."""
        dependent = {on}
        first = len(self.inputs) + len(self.constants)
        for number, node in enumerate(self.nodes, first):
            leaves = pytree.tree_leaves((node.args, node.kwargs), is_leaf=_is_value)
            if any(_is_value(leaf) and leaf.number in dependent for leaf in leaves):
                dependent.add(number)
        return self.outputs[output] in dependent

    def as_json(self) -> dict[str, Any]:
        """Return the graph as what `json.dumps` accepts."""
        return {
            "inputs": [[list(shape), dtype_name(dtype)] for shape, dtype in self.inputs],
            "constants": [encoded_tensor(constant) for constant in self.constants],
            "nodes": [
                [n.operation, [encoded(a) for a in n.args], encoded(n.kwargs)["dict"]]
                for n in self.nodes
            ],
            "outputs": list(self.outputs),
        }

    def digest(self) -> str:
        """Return a hash of the whole graph."""
        return digest(self.as_json())

    @classmethod
    def from_json(cls, data: Any, *, random: bool = False) -> "Graph":
        """Return the graph that `as_json` returned.

        Args:
            data: from a process that is not trusted.
            random: whether it may draw from PyTorch's generator.

        Raises:
            UnrecordableError: if it is none, or has an operation that is not permitted.
        """
        try:
            inputs = tuple((tuple(map(int, s)), dtype_named(d)) for s, d in data["inputs"])
            constants = tuple(decoded_tensor(constant) for constant in data["constants"])
            nodes = tuple(
                Node(str(operation), tuple(map(decoded, args)), decoded({"dict": kwargs}))
                for operation, args, kwargs in data["nodes"]
            )
            graph = cls(inputs, constants, nodes, tuple(map(int, data["outputs"])))
        except (KeyError, TypeError, ValueError, AttributeError, RuntimeError) as error:
            raise UnrecordableError(f"a malformed graph: {error!r}") from None
        graph.check(random=random)
        return graph

    def check(self, *, random: bool = False) -> None:
        """Check that values are used after they were made, and operations are permitted.

        Raises:
            UnrecordableError: if not.
        """
        made = len(self.inputs) + len(self.constants)
        for node in self.nodes:
            check_operation(node.operation, random=random)
            leaves = pytree.tree_leaves((node.args, node.kwargs), is_leaf=_is_value)
            if any(_is_value(leaf) and not 0 <= leaf.number < made for leaf in leaves):
                raise UnrecordableError("a malformed graph: a value is used before it is made")
            made += 1
        if any(not 0 <= number < made for number in self.outputs):
            raise UnrecordableError("a malformed graph: an output does not exist")


def record(function: Callable[..., Any], arguments: tuple[Any, ...]) -> Graph:
    """Return the graph of a function's tensor operations on example arguments.

    Args:
        function: pure; its arguments and results are nested dicts and tuples of tensors.
        arguments: of the shapes and dtypes that all later calls will have.

    Raises:
        UnrecordableError: if it does what no graph can hold.
    """
    leaves, structure = pytree.tree_flatten(arguments)
    # Tracing distinguishes arguments by identity, and some share one tensor at the start.
    leaves = [leaf.clone(memory_format=torch.contiguous_format) for leaf in leaves]
    traced = recorded(flat(function, structure), leaves)
    simplify(traced)
    graph = _from_fx(traced, leaves)
    graph.check()
    return graph


def _from_fx(module: fx.GraphModule, leaves: Sequence[Tensor]) -> Graph:
    inputs = tuple((tuple(leaf.shape), leaf.dtype) for leaf in leaves)
    attributes = [node for node in module.graph.nodes if node.op == "get_attr"]
    constants = tuple(getattr(module, node.target).detach().clone() for node in attributes)
    placeholders = [node for node in module.graph.nodes if node.op == "placeholder"]
    numbers: dict[Any, Any] = {
        node: Value(i) for i, node in enumerate((*placeholders, *attributes))
    }
    nodes: list[Node] = []
    for node in module.graph.nodes:
        if node.op != "call_function":
            continue
        numbers[node] = Value(len(inputs) + len(constants) + len(nodes))
        args, kwargs = fx.node.map_arg((node.args, dict(node.kwargs)), numbers.__getitem__)
        nodes.append(Node(_operation_of(node.target), tuple(args), dict(kwargs)))
    (output,) = (node for node in module.graph.nodes if node.op == "output")
    outputs = tuple(numbers[node].number for node in output.args[0])
    return Graph(inputs, constants, tuple(nodes), outputs)


def _operation_of(target: Any) -> str:
    if target is operator.getitem:
        return GETITEM
    if isinstance(target, torch._ops.OpOverload):
        return str(target)
    raise UnrecordableError(f"it calls {target}, which is no operation on tensors")


def _is_value(leaf: Any) -> bool:
    return isinstance(leaf, Value)
