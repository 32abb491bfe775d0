"""Operations on single elements, and on how tensors are put together."""

import math
from collections.abc import Sequence
from typing import Any

import torch

from plasticity_bench.programs.lowering.builder import Builder, operation
from plasticity_bench.programs.program import (
    Instruction,
    Value,
)

aten = torch.ops.aten

PAIRS = {
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
"""Operations of two arguments, and the elementwise operation that each is."""


def pair(b: Builder, name: str, args: Any, kwargs: Any, meta: torch.Tensor) -> Value:
    """Return the value of one of `PAIRS`."""
    op, (left, right) = PAIRS[name], args[:2]
    shape, dtype = tuple(meta.shape), meta.dtype
    if name.startswith("logical"):
        left, right = (
            b.elementwise("ne", (v, 0), v.shape, torch.bool, v.dtype) for v in (left, right)
        )
    alpha = kwargs.get("alpha", 1)
    if alpha != 1:
        right = b.elementwise("mul", (right, alpha), right.shape, dtype)
    if name == "pow" and isinstance(right, int | float):
        power = _power(b, left, float(right), dtype)
        if power is not None:
            return power
    return b.elementwise(op, (left, right), shape, dtype)


def _power(b: Builder, x: Value, exponent: float, dtype: torch.dtype) -> Value | None:
    if exponent == 1:
        return x
    if exponent == 2:
        return b.elementwise("mul", (x, x), x.shape, dtype)
    if exponent == 3:
        square = b.elementwise("mul", (x, x), x.shape, dtype)
        return b.elementwise("mul", (square, x), x.shape, dtype)
    names = {0.5: "sqrt", -0.5: "rsqrt", -1.0: "reciprocal"}
    return b.elementwise(names[exponent], (x,), x.shape, dtype) if exponent in names else None


@operation("rsub")
def rsub(b: Builder, meta: Any, x: Value, y: Any, alpha: float = 1) -> Any:
    if alpha != 1:
        return NotImplemented
    return b.elementwise("sub", (y, x), meta.shape, meta.dtype)


@operation("isnan")
def isnan(b: Builder, meta: Any, x: Value) -> Value:
    return b.elementwise("ne", (x, x), meta.shape, torch.bool, x.dtype)


@operation("logical_not")
def logical_not(b: Builder, meta: Any, x: Value) -> Value:
    return b.elementwise("eq", (x, 0), meta.shape, torch.bool, x.dtype)


@operation("bitwise_not")
def bitwise_not(b: Builder, meta: Any, x: Value) -> Any:
    if x.dtype != torch.bool:
        return b.elementwise("xor", (x, -1), meta.shape, x.dtype)
    return b.elementwise("not", (x,), meta.shape, torch.bool)


@operation("where")
def where(b: Builder, meta: Any, chosen: Value, x: Any = None, y: Any = None) -> Any:
    if x is None:
        return NotImplemented
    return b.elementwise("where", (chosen, x, y), meta.shape, meta.dtype)


@operation("clamp")
def clamp(
    b: Builder, meta: Any, x: Value, low: Any = None, high: Any = None, **names: Any
) -> Value:
    low, high = names.get("min", low), names.get("max", high)
    if low is not None:
        x = b.elementwise("maximum", (x, low), meta.shape, meta.dtype)
    if high is not None:
        x = b.elementwise("minimum", (x, high), meta.shape, meta.dtype)
    return x


@operation("square")
def square(b: Builder, meta: Any, x: Value) -> Value:
    return b.elementwise("mul", (x, x), meta.shape, meta.dtype)


@operation("addcmul")
def addcmul(b: Builder, meta: Any, x: Value, left: Value, right: Value, value: float = 1) -> Value:
    product = b.elementwise("mul", (left, right), meta.shape, meta.dtype)
    if value != 1:
        product = b.elementwise("mul", (product, value), meta.shape, meta.dtype)
    return b.elementwise("add", (x, product), meta.shape, meta.dtype)


@operation("addcdiv")
def addcdiv(b: Builder, meta: Any, x: Value, left: Value, right: Value, value: float = 1) -> Value:
    quotient = b.elementwise("div", (left, right), meta.shape, meta.dtype)
    if value != 1:
        quotient = b.elementwise("mul", (quotient, value), meta.shape, meta.dtype)
    return b.elementwise("add", (x, quotient), meta.shape, meta.dtype)


@operation("gelu")
def gelu(b: Builder, meta: Any, x: Value, approximate: str = "none") -> Any:
    if approximate != "none":
        return NotImplemented
    shape, dtype = meta.shape, meta.dtype
    e = b.elementwise("mul", (x, math.sqrt(0.5)), shape, dtype)
    e = b.elementwise("add", (b.elementwise("erf", (e,), shape, dtype), 1.0), shape, dtype)
    half = b.elementwise("mul", (x, 0.5), shape, dtype)
    return b.elementwise("mul", (half, e), shape, dtype)


@operation("leaky_relu")
def leaky_relu(b: Builder, meta: Any, x: Value, slope: float = 0.01) -> Value:
    below = b.elementwise("mul", (x, slope), meta.shape, meta.dtype)
    positive = b.elementwise("gt", (x, 0), meta.shape, torch.bool, x.dtype)
    return b.elementwise("where", (positive, x, below), meta.shape, meta.dtype)


@operation("elu")
def elu(
    b: Builder, meta: Any, x: Value, alpha: float = 1, scale: float = 1, input_scale: float = 1
) -> Value:
    shape, dtype = meta.shape, meta.dtype
    below = b.elementwise("mul", (x, input_scale), shape, dtype)
    below = b.elementwise("expm1", (below,), shape, dtype)
    below = b.elementwise("mul", (below, alpha * scale), shape, dtype)
    above = b.elementwise("mul", (x, scale), shape, dtype)
    positive = b.elementwise("gt", (x, 0), shape, torch.bool, x.dtype)
    return b.elementwise("where", (positive, above, below), shape, dtype)


@operation("arange")
def arange(b: Builder, meta: Any, *args: Any, **kwargs: Any) -> Value:
    value = b.like(meta)
    kwargs.pop("layout", None), kwargs.pop("pin_memory", None)
    value.constant = torch.arange(*args, dtype=meta.dtype)
    return value


@operation("cat")
def cat(b: Builder, meta: Any, parts: Sequence[Value], dim: int = 0) -> Any:
    value = Value(tuple(meta.shape), meta.dtype)
    dim %= len(meta.shape)
    first, copies = 0, []
    for part in parts:
        if part.numel == 0:
            continue
        offset = first * value.strides[dim]
        slot = Value(part.shape, meta.dtype, value.strides, offset, value)
        copies.append((slot, b.cast(part, meta.dtype)))
        first += part.shape[dim]
    inputs = tuple(part for _, part in copies)
    b.steps.append(Instruction(inputs, (value,), -1, (), tuple(copies)))
    return value


@operation("split_with_sizes")
def split_with_sizes(
    b: Builder, meta: Any, x: Value, sizes: Sequence[int], dim: int = 0
) -> list[Value]:
    parts, first = [], 0
    for size in sizes:
        parts.append(b.view(aten.slice.Tensor, x, (dim, first, first + size), {}))
        first += size
    return parts
