"""From a recorded graph of PyTorch's operations to a program.

Each function of this file says what one operation of PyTorch is in the program's operations. What
is not listed is called as PyTorch's operation: its bits may then depend on the processor.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import fx
from torch._ops import OpOverload
from torch.utils import _pytree as pytree

from plasticity_bench.programs.program import (
    CONVOLVE,
    CUMULATE,
    INDEXED,
    MAX_POOL,
    PRODUCT,
    REDUCE,
    REDUCTIONS,
    STORED,
    TYPES,
    Call,
    Elementwise,
    Instruction,
    Number,
    Operand,
    Step,
    UnsupportedError,
    Value,
    contiguous,
    merged,
)

aten = torch.ops.aten

_ALIKE = {
    *("neg", "abs", "sqrt", "exp", "log", "sin", "cos", "tanh", "erf", "sigmoid", "rsqrt"),
    *("reciprocal", "floor", "ceil", "round", "trunc", "sign", "relu", "expm1", "log1p"),
}
"""Functions of one tensor that have the name of their elementwise operation."""

_PAIRS = {
    "add": "add",
    "sub": "sub",
    "mul": "mul",
    "div": "div",
    "maximum": "maximum",
    "minimum": "minimum",
    "remainder": "remainder",
    "pow": "pow",
    "bitwise_and": "and",
    "bitwise_or": "or",
    "bitwise_xor": "xor",
    "logical_and": "and",
    "logical_or": "or",
    "logical_xor": "xor",
    "__rshift__": "shift_right",
    "__lshift__": "shift_left",
    "bitwise_right_shift": "shift_right",
    "bitwise_left_shift": "shift_left",
    "clamp_min": "maximum",
    "clamp_max": "minimum",
}
_COMPARISONS = ("eq", "ne", "lt", "le", "gt", "ge")
_VIEWS = {
    *("view", "_unsafe_view", "reshape", "permute", "t", "transpose", "expand", "unsqueeze"),
    *("squeeze", "select", "slice", "as_strided"),
}
_SAME = {"alias", "detach", "clone", "lift_fresh_copy", "contiguous"}
_FILLED = {"full", "full_like", "zeros", "zeros_like", "ones", "ones_like", "scalar_tensor"}


class Lowering:
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
        self.inputs: list[Value] = []
        self.steps: list[Step] = []
        self.outputs: list[Value] = []
        self._values: dict[fx.Node, Any] = {}
        self._graph = graph
        for node in graph.graph.nodes:
            self._lower(node)

    def _lower(self, node: fx.Node) -> None:
        if node.op == "placeholder":
            value = self._like(node.meta["val"])
            self.inputs.append(value)
        elif node.op == "get_attr":
            tensor = getattr(self._graph, str(node.target)).detach().contiguous()
            value = self._like(tensor)
            value.constant = tensor
        elif node.op == "output":
            self.outputs = [self._values[result] for result in node.args[0]]  # type: ignore[union-attr,index]
            return
        else:
            value = self._called(node)
        self._values[node] = value

    def _called(self, node: fx.Node) -> Any:
        args, kwargs = pytree.tree_map_only(fx.Node, self._values.__getitem__, (node.args, node.kwargs))
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
            value = self._view(aten.unsqueeze.default, seen, args[1:], {})
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
        if name in _VIEWS:
            return self._view(node.target, args[0], args[1:], kwargs)
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
        if name in _PAIRS and not kwargs.get("rounding_mode"):
            return self._pair(name, args, kwargs, meta)
        if name in _COMPARISONS:
            metas = [self._meta(a) for a in args[:2]]
            computed = torch.result_type(*metas)
            return self.elementwise(
                name, self._operands(args[:2], computed), tuple(meta.shape), torch.bool, computed
            )
        special = getattr(self, f"_op_{name}", None)
        if special is not None:
            value = special(meta, *args, **kwargs)
            if value is not NotImplemented:
                return value
        return self._call(node, args, kwargs)

    # ---- building blocks ------------------------------------------------------------------------

    def elementwise(
        self,
        op: str,
        operands: Sequence[Operand | float],
        shape: Sequence[int],
        dtype: torch.dtype,
        computed: torch.dtype | None = None,
    ) -> Value:
        """Return the value of an elementwise operation.

        Args:
            op: its name.
            operands: values that can be broadcast, and numbers.
            shape: of the result.
            dtype: of the result.
            computed: the type of the operands; None for that of the result.
        """
        computed = computed or dtype
        given = tuple(o if isinstance(o, Value | Number) else Number(o) for o in operands)
        if op == "where":
            given = (given[0], *(self._as(o, computed) for o in given[1:]))
        elif op != "cast":
            given = tuple(self._as(o, computed) for o in given)
        value = Value(tuple(shape), dtype)
        inputs = tuple(o for o in given if isinstance(o, Value))
        self.steps.append(Elementwise(inputs, (value,), op, given, computed))
        return value

    def cast(self, value: Value, dtype: torch.dtype) -> Value:
        """Return a value as another type."""
        return value if value.dtype == dtype else self.elementwise("cast", (value,), value.shape, dtype)

    def reduce(
        self, kind: str, value: Value, dims: Sequence[int], keepdim: bool, dtype: torch.dtype, by: float = 1.0
    ) -> Value:
        """Return a reduction over some dimensions; a sum is divided by a number."""
        ndim = len(value.shape)
        over = sorted({dim % ndim for dim in dims}) if dims and ndim else list(range(ndim))
        kept = [dim for dim in range(ndim) if dim not in over]
        shape = [value.shape[d] for d in kept]
        result = Value(tuple(shape), dtype)

        def arguments() -> list[Any]:
            def part(chosen: list[int]) -> list[int]:
                sizes, steps = merged(
                    [value.shape[d] for d in chosen], [value.strides[d] for d in chosen]
                )
                return [len(sizes), *sizes, *steps]

            kind_number = REDUCTIONS.index(kind)
            return [kind_number, value.type, value.root, value.offset, result, float(by),
                    *part(kept), *part(over)]  # fmt: skip

        self.steps.append(Instruction((value,), (result,), REDUCE, (arguments,)))
        if keepdim:
            shape = [1 if d in over else value.shape[d] for d in range(ndim)]
            return Value(tuple(shape), dtype, contiguous(shape), 0, result)
        return result

    def reshaped(self, value: Value, shape: Sequence[int]) -> Value:
        """Return the same elements in another shape."""
        return self._view(aten.view.default, value, (list(shape),), {})

    def stored(self, value: Value) -> Value:
        """Return a value whose elements lie one after the other in a buffer of their own."""
        if value.base is None and value.is_contiguous:
            return value
        return self.elementwise("copy", (value,), value.shape, value.dtype)

    def _like(self, tensor: torch.Tensor) -> Value:
        if tensor.dtype not in STORED:
            raise UnsupportedError(f"a tensor of {tensor.dtype}")
        return Value(tuple(tensor.shape), tensor.dtype)

    def _as(self, operand: Operand, dtype: torch.dtype) -> Operand:
        if isinstance(operand, Value):
            return self.cast(operand, dtype)
        return operand

    def _operands(self, args: Sequence[Any], dtype: torch.dtype) -> list[Operand]:
        return [self._as(a if isinstance(a, Value) else Number(a), dtype) for a in args]

    def _meta(self, argument: Any) -> Any:
        if isinstance(argument, Value):
            return torch.empty(argument.shape, dtype=argument.dtype, device="meta")
        return argument

    def _view(self, target: Any, value: Value, args: Any, kwargs: Any) -> Value:
        """A view, with the strides that PyTorch gives it; copied where there is no such view."""
        meta = torch.empty_strided(value.shape, value.strides, dtype=torch.uint8, device="meta")
        try:
            seen = target(meta, *args, **kwargs)
        except RuntimeError:
            return self._view(target, self.stored(value), args, kwargs)
        offset = value.offset + seen.storage_offset()
        if target is aten.as_strided.default:
            raise UnsupportedError("as_strided")
        return Value(tuple(seen.shape), value.dtype, tuple(seen.stride()), offset, value.root)

    def _call(self, node: fx.Node, args: Any, kwargs: Any) -> Any:
        def made(meta: Any) -> Any:
            return self._like(meta) if isinstance(meta, torch.Tensor) else meta

        result = pytree.tree_map(made, node.meta["val"])
        outputs = tuple(v for v in pytree.tree_leaves(result) if isinstance(v, Value))
        inputs = tuple(v for v in pytree.tree_leaves((args, kwargs)) if isinstance(v, Value))
        self.steps.append(Call(inputs, outputs, node.target, args, kwargs))
        return result

    # ---- operations -----------------------------------------------------------------------------

    def _pair(self, name: str, args: Any, kwargs: Any, meta: torch.Tensor) -> Any:
        op, (left, right) = _PAIRS[name], args[:2]
        shape, dtype = tuple(meta.shape), meta.dtype
        if name.startswith("logical"):
            left, right = (self.elementwise("ne", (v, 0), v.shape, torch.bool, v.dtype) for v in (left, right))
        alpha = kwargs.get("alpha", 1)
        if alpha != 1:
            right = self.elementwise("mul", (right, alpha), right.shape, dtype)
        if name == "pow" and isinstance(right, int | float):
            power = self._power(left, float(right), dtype)
            if power is not None:
                return power
        return self.elementwise(op, (left, right), shape, dtype)

    def _power(self, x: Value, exponent: float, dtype: torch.dtype) -> Value | None:
        if exponent == 1:
            return x
        if exponent == 2:
            return self.elementwise("mul", (x, x), x.shape, dtype)
        if exponent == 3:
            square = self.elementwise("mul", (x, x), x.shape, dtype)
            return self.elementwise("mul", (square, x), x.shape, dtype)
        names = {0.5: "sqrt", -0.5: "rsqrt", -1.0: "reciprocal"}
        return self.elementwise(names[exponent], (x,), x.shape, dtype) if exponent in names else None

    def _op_rsub(self, meta: Any, x: Value, y: Any, alpha: float = 1) -> Any:
        if alpha != 1:
            return NotImplemented
        return self.elementwise("sub", (y, x), meta.shape, meta.dtype)

    def _op_isnan(self, meta: Any, x: Value) -> Value:
        return self.elementwise("ne", (x, x), meta.shape, torch.bool, x.dtype)

    def _op_logical_not(self, meta: Any, x: Value) -> Value:
        return self.elementwise("eq", (x, 0), meta.shape, torch.bool, x.dtype)

    def _op_bitwise_not(self, meta: Any, x: Value) -> Any:
        if x.dtype != torch.bool:
            return self.elementwise("xor", (x, -1), meta.shape, x.dtype)
        return self.elementwise("not", (x,), meta.shape, torch.bool)

    def _op_where(self, meta: Any, chosen: Value, x: Any = None, y: Any = None) -> Any:
        if x is None:
            return NotImplemented
        return self.elementwise("where", (chosen, x, y), meta.shape, meta.dtype)

    def _op_clamp(self, meta: Any, x: Value, low: Any = None, high: Any = None, **names: Any) -> Value:
        low, high = names.get("min", low), names.get("max", high)
        if low is not None:
            x = self.elementwise("maximum", (x, low), meta.shape, meta.dtype)
        if high is not None:
            x = self.elementwise("minimum", (x, high), meta.shape, meta.dtype)
        return x

    def _op_square(self, meta: Any, x: Value) -> Value:
        return self.elementwise("mul", (x, x), meta.shape, meta.dtype)

    def _op_addcmul(self, meta: Any, x: Value, a: Value, b: Value, value: float = 1) -> Value:
        product = self.elementwise("mul", (a, b), meta.shape, meta.dtype)
        if value != 1:
            product = self.elementwise("mul", (product, value), meta.shape, meta.dtype)
        return self.elementwise("add", (x, product), meta.shape, meta.dtype)

    def _op_addcdiv(self, meta: Any, x: Value, a: Value, b: Value, value: float = 1) -> Value:
        quotient = self.elementwise("div", (a, b), meta.shape, meta.dtype)
        if value != 1:
            quotient = self.elementwise("mul", (quotient, value), meta.shape, meta.dtype)
        return self.elementwise("add", (x, quotient), meta.shape, meta.dtype)

    def _op_gelu(self, meta: Any, x: Value, approximate: str = "none") -> Any:
        if approximate != "none":
            return NotImplemented
        shape, dtype = meta.shape, meta.dtype
        e = self.elementwise("mul", (x, math.sqrt(0.5)), shape, dtype)
        e = self.elementwise("add", (self.elementwise("erf", (e,), shape, dtype), 1.0), shape, dtype)
        half = self.elementwise("mul", (x, 0.5), shape, dtype)
        return self.elementwise("mul", (half, e), shape, dtype)

    def _op_leaky_relu(self, meta: Any, x: Value, slope: float = 0.01) -> Value:
        below = self.elementwise("mul", (x, slope), meta.shape, meta.dtype)
        positive = self.elementwise("gt", (x, 0), meta.shape, torch.bool, x.dtype)
        return self.elementwise("where", (positive, x, below), meta.shape, meta.dtype)

    def _op_elu(
        self, meta: Any, x: Value, alpha: float = 1, scale: float = 1, input_scale: float = 1
    ) -> Value:
        shape, dtype = meta.shape, meta.dtype
        below = self.elementwise("mul", (x, input_scale), shape, dtype)
        below = self.elementwise("expm1", (below,), shape, dtype)
        below = self.elementwise("mul", (below, alpha * scale), shape, dtype)
        above = self.elementwise("mul", (x, scale), shape, dtype)
        positive = self.elementwise("gt", (x, 0), shape, torch.bool, x.dtype)
        return self.elementwise("where", (positive, above, below), shape, dtype)

    def _op_arange(self, meta: Any, *args: Any, **kwargs: Any) -> Value:
        value = self._like(meta)
        kwargs.pop("layout", None), kwargs.pop("pin_memory", None)
        value.constant = torch.arange(*args, dtype=meta.dtype)
        return value

    def _op_cat(self, meta: Any, parts: Sequence[Value], dim: int = 0) -> Any:
        value = Value(tuple(meta.shape), meta.dtype)
        dim %= len(meta.shape)
        first, copies = 0, []
        for part in parts:
            if part.numel == 0:
                continue
            offset = first * value.strides[dim]
            slot = Value(part.shape, meta.dtype, value.strides, offset, value)
            copies.append((slot, self.cast(part, meta.dtype)))
            first += part.shape[dim]
        inputs = tuple(part for _, part in copies)
        self.steps.append(Instruction(inputs, (value,), -1, (), tuple(copies)))
        return value

    def _op_split_with_sizes(self, meta: Any, x: Value, sizes: Sequence[int], dim: int = 0) -> list[Value]:
        parts, first = [], 0
        for size in sizes:
            parts.append(self._view(aten.slice.Tensor, x, (dim, first, first + size), {}))
            first += size
        return parts

    # reductions

    def _op_sum(self, meta: Any, x: Value, dims: Any = (), keepdim: bool = False, dtype: Any = None) -> Value:
        if meta.dtype.is_floating_point:
            x = self.cast(x, meta.dtype)
        return self.reduce("sum", x, dims or (), keepdim, meta.dtype)

    def _op_mean(self, meta: Any, x: Value, dims: Any = (), keepdim: bool = False, dtype: Any = None) -> Value:
        x = self.cast(x, meta.dtype)
        return self.reduce("mean", x, dims or (), keepdim, meta.dtype, x.numel / max(1, meta.numel()))

    def _op_amax(self, meta: Any, x: Value, dims: Any = (), keepdim: bool = False) -> Value:
        return self.reduce("amax", x, dims, keepdim, meta.dtype)

    def _op_amin(self, meta: Any, x: Value, dims: Any = (), keepdim: bool = False) -> Value:
        return self.reduce("amin", x, dims, keepdim, meta.dtype)

    def _op_argmax(self, meta: Any, x: Value, dim: Any = None, keepdim: bool = False) -> Value:
        return self.reduce("argmax", x, () if dim is None else (dim,), keepdim, meta.dtype)

    def _op_argmin(self, meta: Any, x: Value, dim: Any = None, keepdim: bool = False) -> Value:
        return self.reduce("argmin", x, () if dim is None else (dim,), keepdim, meta.dtype)

    def _op_any(self, meta: Any, x: Value, dim: Any = (), keepdim: bool = False) -> Value:
        dims = (dim,) if isinstance(dim, int) else dim or ()
        return self.reduce("any", x, dims, keepdim, torch.bool)

    def _op_all(self, meta: Any, x: Value, dim: Any = (), keepdim: bool = False) -> Value:
        dims = (dim,) if isinstance(dim, int) else dim or ()
        return self.reduce("all", x, dims, keepdim, torch.bool)

    def _op_max(self, meta: Any, x: Value, *args: Any) -> Any:
        if not args:
            return self.reduce("amax", x, (), False, x.dtype)
        if isinstance(args[0], Value):
            return self.elementwise("maximum", (x, args[0]), meta.shape, meta.dtype)
        keepdim = len(args) > 1 and args[1]
        values = self.reduce("amax", x, (args[0],), keepdim, x.dtype)
        return values, self.reduce("argmax", x, (args[0],), keepdim, torch.int64)

    def _op_var(self, meta: Any, x: Value, dims: Any = None, correction: Any = 1, keepdim: bool = False) -> Value:
        terms = x.numel / max(1, meta.numel())
        by = terms - (1 if correction is None else correction)
        return self.reduce("variance", x, dims or (), keepdim, meta.dtype, by)

    def _op_linalg_vector_norm(
        self, meta: Any, x: Value, ord: float = 2, dims: Any = None, keepdim: bool = False, dtype: Any = None
    ) -> Any:
        if ord != 2:
            return NotImplemented
        square = self.elementwise("mul", (x, x), x.shape, meta.dtype)
        total = self.reduce("sum", square, dims or (), keepdim, meta.dtype)
        return self.elementwise("sqrt", (total,), total.shape, meta.dtype)

    def _op_cumsum(self, meta: Any, x: Value, dim: int, dtype: Any = None) -> Any:
        x = self.cast(x, meta.dtype)
        dim %= max(1, len(x.shape))
        result = Value(x.shape, meta.dtype)
        others = [d for d in range(len(x.shape)) if d != dim]

        def arguments() -> list[Any]:
            shape = [x.shape[d] for d in others]
            walks = [[x.strides[d] for d in others], [result.strides[d] for d in others]]
            flat = [n for strides in walks for n in (len(shape), *shape, *strides)]
            return [x.type, x.root, x.offset, result, x.shape[dim], x.strides[dim],
                    result.strides[dim], *flat]  # fmt: skip

        if not x.shape:
            return x
        self.steps.append(Instruction((x,), (result,), CUMULATE, (arguments,)))
        return result

    # softmax and norms

    def _op__log_softmax(self, meta: Any, x: Value, dim: int, half: bool) -> Any:  # noqa: ARG002
        shifted = self._shifted(x, dim)
        e = self.elementwise("exp", (shifted,), x.shape, x.dtype)
        total = self.reduce("sum", e, (dim,), True, x.dtype)
        log = self.elementwise("log", (total,), total.shape, x.dtype)
        return self.elementwise("sub", (shifted, log), x.shape, x.dtype)

    def _op__softmax(self, meta: Any, x: Value, dim: int, half: bool) -> Any:  # noqa: ARG002
        e = self.elementwise("exp", (self._shifted(x, dim),), x.shape, x.dtype)
        total = self.reduce("sum", e, (dim,), True, x.dtype)
        return self.elementwise("div", (e, total), x.shape, x.dtype)

    def _shifted(self, x: Value, dim: int) -> Value:
        largest = self.reduce("amax", x, (dim,), True, x.dtype)
        return self.elementwise("sub", (x, largest), x.shape, x.dtype)

    def _normalised(self, x: Value, dims: Sequence[int], epsilon: float) -> tuple[Value, Value, Value]:
        terms = math.prod(x.shape[d] for d in dims)
        mean = self.reduce("mean", x, dims, True, x.dtype, terms)
        variance = self.reduce("variance", x, dims, True, x.dtype, terms)
        scale = self.elementwise("add", (variance, epsilon), variance.shape, x.dtype)
        scale = self.elementwise("rsqrt", (scale,), scale.shape, x.dtype)
        centred = self.elementwise("sub", (x, mean), x.shape, x.dtype)
        return self.elementwise("mul", (centred, scale), x.shape, x.dtype), mean, scale

    def _op_native_layer_norm(
        self, meta: Any, x: Value, shape: Sequence[int], weight: Any, bias: Any, epsilon: float
    ) -> Any:
        dims = list(range(len(x.shape) - len(shape), len(x.shape)))
        y, mean, scale = self._normalised(x, dims, epsilon)
        if weight is not None:
            y = self.elementwise("mul", (y, weight), x.shape, x.dtype)
        if bias is not None:
            y = self.elementwise("add", (y, bias), x.shape, x.dtype)
        return y, mean, scale

    def _op_native_group_norm(  # noqa: PLR0913, PLR0917
        self, meta: Any, x: Value, weight: Any, bias: Any, n: int, channels: int, places: int,
        groups: int, epsilon: float,
    ) -> Any:  # fmt: skip
        flat = self.reshaped(self.stored(x), (n, groups, channels // groups * places))
        y, mean, scale = self._normalised(flat, [2], epsilon)
        y = self.reshaped(y, (n, channels, places))
        for op, factor in (("mul", weight), ("add", bias)):
            if factor is not None:
                y = self.elementwise(op, (y, self.reshaped(factor, (1, channels, 1))), y.shape, x.dtype)
        return self.reshaped(self.stored(y), x.shape), *(self.reshaped(v, (n, groups)) for v in (mean, scale))

    # indices

    def _op_gather(self, meta: Any, x: Value, dim: int, index: Value, sparse_grad: bool = False) -> Any:  # noqa: ARG002
        return self._indexed(x, dim, index, Value(index.shape, x.dtype), None)

    def _op_scatter_add(self, meta: Any, x: Value, dim: int, index: Value, source: Value) -> Any:
        return self._indexed(source, dim, index, Value(x.shape, x.dtype), x)

    def _indexed(self, source: Value, dim: int, index: Value, result: Value, initial: Value | None) -> Value:
        dim %= max(1, len(index.shape))
        shape = index.shape
        sized = source if initial is None else result

        def arguments() -> list[Any]:
            def without(strides: Sequence[int], free: bool) -> list[int]:
                steps = [0 if free and d == dim else s for d, s in enumerate(strides)]
                return [len(shape), *shape, *steps]

            return [source.type, int(initial is not None), source.root, source.offset, index.root,
                    index.offset, result, sized.shape[dim], sized.strides[dim],
                    *without(index.strides, False), *without(source.strides, initial is None),
                    *without(result.strides, initial is not None)]  # fmt: skip

        if not shape or any(d not in (1, n) and d < n for d, n in zip(sized.shape, shape, strict=True)):
            raise UnsupportedError("an index of another shape")
        copies = ((result, initial),) if initial is not None else ()
        inputs = (source, index) + ((initial,) if initial is not None else ())
        self.steps.append(Instruction(inputs, (result,), INDEXED, (arguments,), copies))
        return result

    # products

    def _op_bmm(self, meta: Any, left: Value, right: Value) -> Any:
        if left.dtype != torch.float32:
            return NotImplemented
        result = Value(tuple(meta.shape), meta.dtype)

        def arguments() -> list[Any]:
            batch, rows, columns = result.shape
            one, other = left, right
            if result.strides[2] != 1 and columns > 1:  # stored transposed, because its users read it so
                one, other = _transposed(right), _transposed(left)
                rows, columns = columns, rows
            return [one.root, one.offset, other.root, other.offset, result, batch, rows, columns,
                    left.shape[2], *one.strides, *other.strides]  # fmt: skip

        self.steps.append(Instruction((left, right), (result,), PRODUCT, (arguments,)))
        return result

    def _op_mm(self, meta: Any, left: Value, right: Value) -> Any:
        if left.dtype != torch.float32:
            return NotImplemented
        batched = [self._view(aten.unsqueeze.default, v, (0,), {}) for v in (left, right)]
        product = self._op_bmm(meta[None], *batched)
        return self._view(aten.squeeze.dim, product, (0,), {})

    def _op_addmm(self, meta: Any, bias: Value, left: Value, right: Value, *, beta: float = 1, alpha: float = 1) -> Any:
        if left.dtype != torch.float32 or (beta, alpha) != (1, 1):
            return NotImplemented
        return self.elementwise("add", (self._op_mm(meta, left, right), bias), meta.shape, meta.dtype)

    def _op_convolution(  # noqa: PLR0913, PLR0917
        self, meta: Any, x: Value, weight: Value, bias: Any, stride: Any, padding: Any, dilation: Any,
        transposed: bool, output_padding: Any, groups: int,
    ) -> Any:  # fmt: skip
        if len(x.shape) != 4 or transposed or x.dtype != torch.float32:
            return NotImplemented
        x, weight = self.stored(x), self.stored(weight)
        result = Value(tuple(meta.shape), meta.dtype)
        sizes = _convolution(x.shape, weight.shape, result.shape, stride, padding, dilation, groups)
        self.steps.append(
            Instruction((x, weight), (result,), CONVOLVE, (0, x, weight, result, *sizes))
        )
        if bias is None:
            return result
        return self.elementwise("add", (result, self.reshaped(bias, (1, -1, 1, 1))), result.shape, x.dtype)

    def _op_convolution_backward(  # noqa: PLR0913, PLR0917
        self, meta: Any, gradient: Value, x: Value, weight: Value, bias_sizes: Any, stride: Any,
        padding: Any, dilation: Any, transposed: bool, output_padding: Any, groups: int, mask: Any,
    ) -> Any:  # fmt: skip
        if len(x.shape) != 4 or transposed or x.dtype != torch.float32:
            return NotImplemented
        gradient, x, weight = self.stored(gradient), self.stored(x), self.stored(weight)
        sizes = _convolution(x.shape, weight.shape, gradient.shape, stride, padding, dilation, groups)
        of_x = of_weight = of_bias = None
        if mask[0]:
            of_x = Value(x.shape, x.dtype)
            step = Instruction((weight, gradient), (of_x,), CONVOLVE, (1, of_x, weight, gradient, *sizes))
            self.steps.append(step)
        if mask[1]:
            of_weight = Value(weight.shape, x.dtype)
            step = Instruction((x, gradient), (of_weight,), CONVOLVE, (2, x, of_weight, gradient, *sizes))
            self.steps.append(step)
        if mask[2]:
            of_bias = self.reduce("sum", gradient, (0, 2, 3), False, x.dtype)
        return of_x, of_weight, of_bias

    def _op_max_pool2d_with_indices(  # noqa: PLR0913, PLR0917
        self, meta: Any, x: Value, kernel: Any, stride: Any = (), padding: Any = 0, dilation: Any = 1,
        ceil_mode: bool = False,
    ) -> Any:  # fmt: skip
        if set(_two(dilation)) != {1} or x.dtype != torch.float32 or len(x.shape) != 4:
            return NotImplemented
        x = self.stored(x)
        pooled = Value(tuple(meta[0].shape), x.dtype)
        indices = Value(pooled.shape, torch.int64)
        sizes = _pooling(x.shape, pooled.shape, kernel, stride, padding)
        self.steps.append(
            Instruction((x,), (pooled, indices), MAX_POOL, (0, x, pooled, indices, *sizes))
        )
        return pooled, indices

    def _op_max_pool2d_with_indices_backward(  # noqa: PLR0913, PLR0917
        self, meta: Any, gradient: Value, x: Value, kernel: Any, stride: Any, padding: Any,
        dilation: Any, ceil_mode: bool, indices: Value,
    ) -> Any:  # fmt: skip
        if x.dtype != torch.float32 or len(x.shape) != 4:
            return NotImplemented
        gradient, indices = self.stored(gradient), self.stored(indices)
        result = Value(x.shape, x.dtype)
        sizes = _pooling(x.shape, gradient.shape, kernel, stride, padding)
        arguments = (1, result, gradient, indices, *sizes)
        self.steps.append(Instruction((gradient, indices), (result,), MAX_POOL, arguments))
        return result


def _transposed(value: Value) -> Value:
    batch, rows, columns = value.shape
    first, row, column = value.strides
    return Value((batch, columns, rows), value.dtype, (first, column, row), value.offset, value.root)


def _two(number: Any) -> tuple[int, int]:
    values = [number] if isinstance(number, int) else list(number)
    return (values[0], values[-1])


def _convolution(
    image: Sequence[int], weight: Sequence[int], output: Sequence[int], stride: Any, padding: Any,
    dilation: Any, groups: int,
) -> list[int]:  # fmt: skip
    """The sizes of a convolution, as executor.cpp has them."""
    return [image[0], groups, image[1] // groups, output[1] // groups, *image[2:], *weight[2:],
            *_two(stride), *_two(padding), *_two(dilation), *output[2:]]  # fmt: skip


def _pooling(image: Sequence[int], output: Sequence[int], kernel: Any, stride: Any, padding: Any) -> list[int]:
    return [image[0] * image[1], *image[2:], *output[2:], *_two(kernel), *_two(stride or kernel),
            *_two(padding)]  # fmt: skip


Builder = Callable[..., Any]
