"""From a recorded graph of PyTorch's operations to a program."""

from typing import Any

import torch
from torch import fx
from torch._ops import OpOverload
from torch.utils import _pytree as pytree

from plasticity_bench.programs.lowering.builder import OPERATIONS, Builder
from plasticity_bench.programs.lowering.elementwise import PAIRS, pair
from plasticity_bench.programs.program import TYPES, Call, Number, UnsupportedError, Value

aten = torch.ops.aten

_ALIKE = {
    *("neg", "abs", "sqrt", "exp", "log", "sin", "cos", "tanh", "erf", "sigmoid", "rsqrt"),
    *("reciprocal", "floor", "ceil", "round", "trunc", "sign", "relu", "expm1", "log1p"),
}
"""Functions of one tensor that have the name of their elementwise operation."""

_COMPARISONS = ("eq", "ne", "lt", "le", "gt", "ge")
_VIEWS = {
    *("view", "_unsafe_view", "reshape", "permute", "t", "transpose", "expand", "unsqueeze"),
    *("squeeze", "select", "slice", "as_strided"),
}
_SAME = {"alias", "detach", "clone", "lift_fresh_copy", "contiguous"}
_FILLED = {"full", "full_like", "zeros", "zeros_like", "ones", "ones_like", "scalar_tensor"}


class Lowering(Builder):
    """The program of a graph.

    Attributes:
        inputs: a value for each placeholder.
        steps: in the order of the graph.
        outputs: what the graph returns.
    """

    def __init__(self, graph: fx.GraphModule) -> None:
        """Lower a graph.

        Raises:
            UnsupportedError: if it changes a tensor in place that others see.
        """
        super().__init__()
        self.inputs: list[Value] = []
        self.outputs: list[Value] = []
        self._values: dict[fx.Node, Any] = {}
        self._graph = graph
        for node in graph.graph.nodes:
            self._lower(node)

    def _lower(self, node: fx.Node) -> None:
        if node.op == "placeholder":
            value = self.like(node.meta["val"])
            self.inputs.append(value)
        elif node.op == "get_attr":
            tensor = getattr(self._graph, str(node.target)).detach().contiguous()
            value = self.like(tensor)
            value.constant = tensor
        elif node.op == "output":
            self.outputs = [self._values[result] for result in node.args[0]]  # type: ignore[union-attr,index]
            return
        else:
            value = self._called(node)
        self._values[node] = value

    def _called(self, node: fx.Node) -> Any:
        args, kwargs = pytree.tree_map_only(
            fx.Node, self._values.__getitem__, (node.args, node.kwargs)
        )
        if not isinstance(node.target, OpOverload):  # getitem
            return args[0][args[1]]
        name = node.target._schema.name.partition("::")[2]
        if node.target._schema.is_mutable:
            return self._in_place(node, name, args, kwargs)
        return self._operation(node, name, args, kwargs)

    def _in_place(self, node: fx.Node, name: str, args: Any, kwargs: Any) -> Any:
        """An operation that changes its first argument: a new value of that name from here on."""
        changed = node.args[0]
        if not isinstance(changed, fx.Node) or not name.endswith("_"):
            raise UnsupportedError(f"{name} in place")
        seen = self._values[changed]
        views = [v for v in self._values.values() if isinstance(v, Value) and v.base is not None]
        if seen.base is not None or any(view.base is seen for view in views):
            raise UnsupportedError(f"{name} in place, of what others see")
        if name == "copy_":
            value = self.elementwise("copy", (args[1],), seen.shape, seen.dtype)
        elif name == "unsqueeze_":
            value = self.view(aten.unsqueeze.default, seen, args[1:], {})
        else:
            value = self._operation(node, name.removesuffix("_"), args, kwargs)
        self._values[changed] = value
        return value

    def _operation(self, node: fx.Node, name: str, args: Any, kwargs: Any) -> Any:  # noqa: PLR0911
        meta = node.meta["val"]
        known = all(
            value.dtype in TYPES
            for value in pytree.tree_leaves((meta, [n.meta["val"] for n in node.all_input_nodes]))
            if isinstance(value, torch.Tensor)
        )
        if name in _VIEWS and node.target is not aten.view.dtype:
            return self.view(node.target, args[0], args[1:], kwargs)
        if name in _SAME and isinstance(args[0], Value):
            return args[0]
        if not known:
            return self._call(node, args, kwargs)
        if name in _FILLED:
            filled = {"full": 1, "full_like": 1, "scalar_tensor": 0}
            number = args[filled[name]] if name in filled else float(name.startswith("ones"))
            return self.elementwise("copy", (Number(number),), tuple(meta.shape), meta.dtype)
        if name == "_to_copy" and isinstance(args[0], Value):
            return self.cast(args[0], meta.dtype)
        if name in ("_to_copy", "alias", "lift_fresh_copy") and not isinstance(args[0], Value):
            return self.elementwise("copy", (args[0],), tuple(meta.shape), meta.dtype)
        if name in _ALIKE:
            return self.elementwise(name, (args[0],), tuple(meta.shape), meta.dtype)
        if name in PAIRS and not kwargs.get("rounding_mode"):
            return pair(self, name, args, kwargs, meta)
        if name in _COMPARISONS:
            metas = [self.meta(a) for a in args[:2]]
            computed = torch.result_type(*metas)
            return self.elementwise(
                name, self.operands(args[:2], computed), tuple(meta.shape), torch.bool, computed
            )
        if name in OPERATIONS:
            value = OPERATIONS[name](self, meta, *args, **kwargs)
            if value is not NotImplemented:
                return value
        return self._call(node, args, kwargs)

    def _call(self, node: fx.Node, args: Any, kwargs: Any) -> Any:
        def made(meta: Any) -> Any:
            return self.like(meta) if isinstance(meta, torch.Tensor) else meta

        result = pytree.tree_map(made, node.meta["val"])
        outputs = tuple(v for v in pytree.tree_leaves(result) if isinstance(v, Value))
        inputs = tuple(v for v in pytree.tree_leaves((args, kwargs)) if isinstance(v, Value))
        self.steps.append(Call(inputs, outputs, node.target, args, kwargs))
        return result
