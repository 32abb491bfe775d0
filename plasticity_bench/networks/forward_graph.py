"""The forward pass of a network, recorded as a graph: its operations, in the order of computation.

What a network computes does not depend on the order in which its layers are defined, nor on whether
an operation is a module or a function; the graph shows it as it is.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, fx, nn
from torch.func import functional_call

from plasticity_bench.fx_recorder import FxRecorder

aten = torch.ops.aten

_VIEWS = {
    *(aten.alias.default, aten.clone.default, aten.contiguous.default, aten.detach.default),
    *(aten.expand.default, aten.lift_fresh_copy.default, aten._to_copy.default),
    *(aten.permute.default, aten.reshape.default, aten.squeeze.default, aten.squeeze.dim),
    *(aten.squeeze.dims, aten.t.default, aten.transpose.int, aten.unsqueeze.default),
    *(aten._unsafe_view.default, aten.view.default),
}
"""They move numbers, and change none."""

_PRODUCTS: dict[Any, tuple[tuple[int, int], int | None]] = {
    # operation -> (positions of its factors, position of the bias)
    aten.addmm.default: ((1, 2), 0),
    aten.bmm.default: ((0, 1), None),
    aten.convolution.default: ((0, 1), 2),
    aten.mm.default: ((0, 1), None),
    aten.mv.default: ((0, 1), None),
}
_SUMS = {aten.add.Tensor, aten.sub.Tensor}
_SCALINGS = {aten.mul.Tensor, aten.mul.Scalar, aten.div.Tensor, aten.div.Scalar, aten.neg.default}
_LINEAR = {
    *(aten.cat.default, aten.mean.default, aten.mean.dim, aten.sum.dim_IntList),
    *(aten._adaptive_avg_pool2d.default, aten.avg_pool2d.default),
    *(aten.select.int, aten.slice.Tensor),
}


@dataclass(frozen=True)
class ForwardGraph:
    """A recorded forward pass.

    Attributes:
        module: the record; its attributes are the constants that are no parameters.
        parameters: the name of the parameter that a node is.
        inputs: the network's inputs.
        outputs: the network's outputs.
    """

    module: fx.GraphModule
    parameters: dict[fx.Node, str]
    inputs: fx.Node
    outputs: fx.Node

    def fingerprint(self) -> str:
        """Return a digest of its operations, and of every number in them but parameters."""
        digest = hashlib.sha256()
        for node in self.module.graph.nodes:
            digest.update(f"{node.name} {node.op} {node.target} {node.args} {node.kwargs}".encode())
            if node.op == "get_attr":
                constant = getattr(self.module, str(node.target))
                digest.update(str((constant.dtype, constant.shape)).encode())
                digest.update(_bytes(constant))
        return digest.hexdigest()

    def order(self) -> list[str]:
        """Return the names of the parameters, in the order in which they are used last."""
        last = {}
        for position, node in enumerate(self.module.graph.nodes):
            for operand in node.all_input_nodes:
                parameter = _unviewed(operand)
                if parameter in self.parameters:
                    last[self.parameters[parameter]] = position
        return sorted(last, key=lambda name: last[name])


def forward_graph(module: nn.Module, inputs: Tensor) -> ForwardGraph:
    """Return the recorded forward pass of a network on some inputs.

    Args:
        module: the network.
        inputs: (n, *input_shape).

    Raises:
        Exception: where the forward pass branches on the values of tensors; of any type.
    """
    params = dict(module.named_parameters())

    def forward(*tensors: Tensor) -> Tensor:
        given = dict(zip(params, tensors, strict=False))
        outputs: Tensor = functional_call(module, given, (tensors[-1],))
        return outputs

    with torch.no_grad():
        recorded = FxRecorder().record(forward, [*(p.detach() for p in params.values()), inputs])
    nodes = list(recorded.graph.nodes)
    placeholders = [node for node in nodes if node.op == "placeholder"]
    outputs = nodes[-1].args[0]
    return ForwardGraph(
        recorded,
        dict(zip(placeholders, params, strict=False)),
        placeholders[-1],
        outputs if isinstance(outputs, fx.Node) else outputs[0],
    )


class HeadError(Exception):
    """The parameters of the last layer are not known; the message says why."""


def head_parameters(module: nn.Module, inputs: Tensor) -> list[str]:
    """Return the names of the parameters of the layer that makes a network's outputs.

    The layer is found by going back from the outputs, past scalings, sums and means, to products
    with a parameter. With these at zero the outputs do not depend on the inputs. A network whose
    outputs are a sum of several layers has the parameters of all of them.

    Args:
        module: the network.
        inputs: (n, *input_shape), two examples or more that differ.

    Raises:
        HeadError: if there is no such layer, or its parameters are used elsewhere too.
    """
    try:
        graph = forward_graph(module, inputs)
    except Exception as error:
        raise HeadError(f"its forward pass cannot be recorded: {error}") from error
    dependent = _dependent(graph)
    found: dict[fx.Node, set[fx.Node]] = {}
    for parameter, user in _head(graph, dependent):
        found.setdefault(parameter, set()).add(user)
    for parameter, users in found.items():
        elsewhere = _users(parameter) - users
        if elsewhere:
            name = graph.parameters[parameter]
            raise HeadError(f"its last layer shares {name} with another layer")
    names = {graph.parameters[parameter] for parameter in found}
    ordered = [name for name, _ in module.named_parameters() if name in names]
    params = {name: p.detach() for name, p in module.named_parameters()}
    params |= {name: torch.zeros_like(params[name]) for name in ordered}
    with torch.no_grad():
        outputs = functional_call(module, params, (inputs,))
    if not bool((outputs == outputs[:1]).all()):
        raise HeadError("with its last layer at zero, its outputs still depend on the inputs")
    return ordered


def _head(graph: ForwardGraph, dependent: set[fx.Node]) -> Iterator[tuple[fx.Node, fx.Node]]:
    """Yield the parameters of the head, each with the node that uses it."""
    waiting, seen = [graph.outputs], set()
    while waiting:
        node = waiting.pop()
        if node in seen:
            continue
        seen.add(node)
        inputs = node.all_input_nodes
        if node.target in _PRODUCTS:
            for factor in _weight_and_bias(node, dependent):
                yield _parameter(graph, factor), node
        elif node.target in _SUMS:
            for operand in inputs:
                if operand in dependent:
                    waiting.append(operand)
                else:
                    parameter = _unviewed(operand)
                    if parameter in graph.parameters:
                        yield parameter, node
        elif node.target in _VIEWS | _LINEAR or (
            node.target in _SCALINGS and sum(operand in dependent for operand in inputs) == 1
        ):
            waiting += [operand for operand in inputs if operand in dependent]
        else:
            raise HeadError(f"its outputs are made by {_operation(node)}, not by a linear layer")


def _weight_and_bias(product: fx.Node, dependent: set[fx.Node]) -> list[fx.Node]:
    factors, bias = _PRODUCTS[product.target]
    weights = [product.args[i] for i in factors if product.args[i] not in dependent]
    if len(weights) != 1:
        raise HeadError("its outputs are a product of two layers' outputs")
    biases = [] if bias is None else [product.args[bias]]
    return [factor for factor in (*weights, *biases) if isinstance(factor, fx.Node)]


def _parameter(graph: ForwardGraph, node: fx.Node) -> fx.Node:
    """The parameter that a factor is.

    Raises:
        HeadError: if it is computed from parameters, or is no parameter.
    """
    parameter = _unviewed(node)
    if parameter not in graph.parameters:
        raise HeadError("the weight of its last layer is not a parameter, but computed from others")
    return parameter


def _dependent(graph: ForwardGraph) -> set[fx.Node]:
    """All nodes that depend on the network's inputs."""
    dependent = {graph.inputs}
    for node in graph.module.graph.nodes:
        if any(operand in dependent for operand in node.all_input_nodes):
            dependent.add(node)
    return dependent


def _users(parameter: fx.Node) -> set[fx.Node]:
    """What computes with a parameter: views of it do not."""
    users: set[fx.Node] = set()
    for user in parameter.users:
        users |= _users(user) if user.target in _VIEWS else {user}
    return users


def _unviewed(node: fx.Node) -> fx.Node:
    """What a node is a view of."""
    while node.target in _VIEWS:
        node = node.all_input_nodes[0]
    return node


def _bytes(tensor: Tensor) -> bytes:
    plain = tensor.detach().cpu().contiguous().reshape(-1)
    return plain.view(torch.uint8).numpy().tobytes()


def _operation(node: fx.Node) -> str:
    if node.op == "placeholder":
        return "its inputs themselves"
    return str(getattr(node.target, "__name__", node.target)).split(".")[0].lstrip("_")
