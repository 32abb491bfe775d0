"""Sums and other reductions, softmax, and norms."""

import math
from collections.abc import Sequence
from typing import Any

import torch

from plasticity_bench.programs.lowering.builder import Builder, operation
from plasticity_bench.programs.program import (
    CUMULATE,
    Instruction,
    Value,
)

aten = torch.ops.aten


@operation("sum")
def total(
    b: Builder, meta: Any, x: Value, dims: Any = (), keepdim: bool = False, dtype: Any = None
) -> Value:
    if meta.dtype.is_floating_point:
        x = b.cast(x, meta.dtype)
    return b.reduce("sum", x, dims or (), keepdim, meta.dtype)


@operation("mean")
def mean(
    b: Builder, meta: Any, x: Value, dims: Any = (), keepdim: bool = False, dtype: Any = None
) -> Value:
    x = b.cast(x, meta.dtype)
    return b.reduce("mean", x, dims or (), keepdim, meta.dtype, x.numel / max(1, meta.numel()))


@operation("amax")
def amax(b: Builder, meta: Any, x: Value, dims: Any = (), keepdim: bool = False) -> Value:
    return b.reduce("amax", x, dims, keepdim, meta.dtype)


@operation("amin")
def amin(b: Builder, meta: Any, x: Value, dims: Any = (), keepdim: bool = False) -> Value:
    return b.reduce("amin", x, dims, keepdim, meta.dtype)


@operation("argmax")
def argmax(b: Builder, meta: Any, x: Value, dim: Any = None, keepdim: bool = False) -> Value:
    return b.reduce("argmax", x, () if dim is None else (dim,), keepdim, meta.dtype)


@operation("argmin")
def argmin(b: Builder, meta: Any, x: Value, dim: Any = None, keepdim: bool = False) -> Value:
    return b.reduce("argmin", x, () if dim is None else (dim,), keepdim, meta.dtype)


@operation("any")
def any_of(b: Builder, meta: Any, x: Value, dim: Any = (), keepdim: bool = False) -> Value:
    dims = (dim,) if isinstance(dim, int) else dim or ()
    return b.reduce("any", x, dims, keepdim, torch.bool)


@operation("all")
def all_of(b: Builder, meta: Any, x: Value, dim: Any = (), keepdim: bool = False) -> Value:
    dims = (dim,) if isinstance(dim, int) else dim or ()
    return b.reduce("all", x, dims, keepdim, torch.bool)


@operation("max")
def largest(b: Builder, meta: Any, x: Value, *args: Any) -> Any:
    if not args:
        return b.reduce("amax", x, (), False, x.dtype)
    if isinstance(args[0], Value):
        return b.elementwise("maximum", (x, args[0]), meta.shape, meta.dtype)
    keepdim = len(args) > 1 and args[1]
    values = b.reduce("amax", x, (args[0],), keepdim, x.dtype)
    return values, b.reduce("argmax", x, (args[0],), keepdim, torch.int64)


@operation("var")
def var(
    b: Builder, meta: Any, x: Value, dims: Any = None, correction: Any = 1, keepdim: bool = False
) -> Value:
    terms = x.numel / max(1, meta.numel())
    by = terms - (1 if correction is None else correction)
    return b.reduce("variance", x, dims or (), keepdim, meta.dtype, by)


@operation("linalg_vector_norm")
def linalg_vector_norm(
    b: Builder,
    meta: Any,
    x: Value,
    ord: float = 2,
    dims: Any = None,
    keepdim: bool = False,
    dtype: Any = None,
) -> Any:
    if ord != 2:
        return NotImplemented
    square = b.elementwise("mul", (x, x), x.shape, meta.dtype)
    total = b.reduce("sum", square, dims or (), keepdim, meta.dtype)
    return b.elementwise("sqrt", (total,), total.shape, meta.dtype)


@operation("cumsum")
def cumsum(b: Builder, meta: Any, x: Value, dim: int, dtype: Any = None) -> Any:
    x = b.cast(x, meta.dtype)
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
    b.steps.append(Instruction((x,), (result,), CUMULATE, (arguments,)))
    return result


@operation("_log_softmax")
def log_softmax(b: Builder, meta: Any, x: Value, dim: int, half: bool) -> Any:
    shifted = _shifted(b, x, dim)
    e = b.elementwise("exp", (shifted,), x.shape, x.dtype)
    total = b.reduce("sum", e, (dim,), True, x.dtype)
    log = b.elementwise("log", (total,), total.shape, x.dtype)
    return b.elementwise("sub", (shifted, log), x.shape, x.dtype)


@operation("_softmax")
def softmax(b: Builder, meta: Any, x: Value, dim: int, half: bool) -> Any:
    e = b.elementwise("exp", (_shifted(b, x, dim),), x.shape, x.dtype)
    total = b.reduce("sum", e, (dim,), True, x.dtype)
    return b.elementwise("div", (e, total), x.shape, x.dtype)


def _shifted(b: Builder, x: Value, dim: int) -> Value:
    largest = b.reduce("amax", x, (dim,), True, x.dtype)
    return b.elementwise("sub", (x, largest), x.shape, x.dtype)


def _normalised(
    b: Builder, x: Value, dims: Sequence[int], epsilon: float
) -> tuple[Value, Value, Value]:
    terms = math.prod(x.shape[d] for d in dims)
    mean = b.reduce("mean", x, dims, True, x.dtype, terms)
    variance = b.reduce("variance", x, dims, True, x.dtype, terms)
    scale = b.elementwise("add", (variance, epsilon), variance.shape, x.dtype)
    scale = b.elementwise("rsqrt", (scale,), scale.shape, x.dtype)
    centred = b.elementwise("sub", (x, mean), x.shape, x.dtype)
    return b.elementwise("mul", (centred, scale), x.shape, x.dtype), mean, scale


@operation("native_layer_norm")
def native_layer_norm(
    b: Builder, meta: Any, x: Value, shape: Sequence[int], weight: Any, bias: Any, epsilon: float
) -> Any:
    dims = list(range(len(x.shape) - len(shape), len(x.shape)))
    y, mean, scale = _normalised(b, x, dims, epsilon)
    if weight is not None:
        y = b.elementwise("mul", (y, weight), x.shape, x.dtype)
    if bias is not None:
        y = b.elementwise("add", (y, bias), x.shape, x.dtype)
    return y, mean, scale


@operation("native_group_norm")
def native_group_norm(
    b: Builder, meta: Any, x: Value, weight: Any, bias: Any, n: int, channels: int, places: int,
    groups: int, epsilon: float,
) -> Any:  # fmt: skip
    flat = b.reshaped(b.stored(x), (n, groups, channels // groups * places))
    y, mean, scale = _normalised(b, flat, [2], epsilon)
    y = b.reshaped(y, (n, channels, places))
    for op, factor in (("mul", weight), ("add", bias)):
        if factor is not None:
            y = b.elementwise(op, (y, b.reshaped(factor, (1, channels, 1))), y.shape, x.dtype)
    return b.reshaped(b.stored(y), x.shape), *(b.reshaped(v, (n, groups)) for v in (mean, scale))
