"""Products of matrices, convolutions, and pooling."""

from collections.abc import Sequence
from typing import Any

import torch

from plasticity_bench.programs.lowering.builder import Builder, operation
from plasticity_bench.programs.program import (
    CONVOLVE,
    MAX_POOL,
    PRODUCT,
    Instruction,
    Value,
)

aten = torch.ops.aten


@operation("bmm")
def bmm(b: Builder, meta: Any, left: Value, right: Value) -> Any:
    if left.dtype != torch.float32:
        return NotImplemented
    result = Value(tuple(meta.shape), meta.dtype)

    def arguments() -> list[Any]:
        batch, rows, columns = result.shape
        one, other = left, right
        if (
            result.strides[2] != 1 and columns > 1
        ):  # stored transposed, because its users read it so
            one, other = _transposed(right), _transposed(left)
            rows, columns = columns, rows
        return [one.root, one.offset, other.root, other.offset, result, batch, rows, columns,
                left.shape[2], *one.strides, *other.strides]  # fmt: skip

    b.steps.append(Instruction((left, right), (result,), PRODUCT, (arguments,)))
    return result


@operation("mm")
def mm(b: Builder, meta: Any, left: Value, right: Value) -> Any:
    if left.dtype != torch.float32:
        return NotImplemented
    batched = [b.view(aten.unsqueeze.default, v, (0,), {}) for v in (left, right)]
    product = bmm(b, meta[None], *batched)
    return b.view(aten.squeeze.dim, product, (0,), {})


@operation("addmm")
def addmm(
    b: Builder,
    meta: Any,
    bias: Value,
    left: Value,
    right: Value,
    *,
    beta: float = 1,
    alpha: float = 1,
) -> Any:
    if left.dtype != torch.float32 or (beta, alpha) != (1, 1):
        return NotImplemented
    return b.elementwise("add", (mm(b, meta, left, right), bias), meta.shape, meta.dtype)


@operation("convolution")
def convolution(
    b: Builder, meta: Any, x: Value, weight: Value, bias: Any, stride: Any, padding: Any,
    dilation: Any, transposed: bool, output_padding: Any, groups: int,
) -> Any:  # fmt: skip
    if len(x.shape) != 4 or transposed or x.dtype != torch.float32:
        return NotImplemented
    result = Value(tuple(meta.shape), meta.dtype)
    _convolve(b, 0, x, b.stored(weight), result, stride, padding, dilation, groups)
    if bias is None:
        return result
    return b.elementwise("add", (result, b.reshaped(bias, (1, -1, 1, 1))), result.shape, x.dtype)


@operation("convolution_backward")
def convolution_backward(
    b: Builder, meta: Any, gradient: Value, x: Value, weight: Value, bias_sizes: Any, stride: Any,
    padding: Any, dilation: Any, transposed: bool, output_padding: Any, groups: int, mask: Any,
) -> Any:  # fmt: skip
    if len(x.shape) != 4 or transposed or x.dtype != torch.float32:
        return NotImplemented
    weight = b.stored(weight)
    geometry = (stride, padding, dilation, groups)
    of_x = of_weight = of_bias = None
    if mask[0]:
        of_x = Value(x.shape, x.dtype)
        _convolve(b, 1, of_x, weight, gradient, *geometry)
    if mask[1]:
        of_weight = Value(weight.shape, x.dtype)
        _convolve(b, 2, x, of_weight, gradient, *geometry)
    if mask[2]:
        of_bias = b.reduce("sum", gradient, (0, 2, 3), False, x.dtype)
    return of_x, of_weight, of_bias


@operation("max_pool2d_with_indices")
def max_pool2d_with_indices(
    b: Builder, meta: Any, x: Value, kernel: Any, stride: Any = (), padding: Any = 0,
    dilation: Any = 1, ceil_mode: bool = False,
) -> Any:  # fmt: skip
    if set(_two(dilation)) != {1} or x.dtype != torch.float32 or len(x.shape) != 4:
        return NotImplemented
    x = b.stored(x)
    pooled = Value(tuple(meta[0].shape), x.dtype)
    indices = Value(pooled.shape, torch.int64)
    sizes = _pooling(x.shape, pooled.shape, kernel, stride, padding)
    b.steps.append(Instruction((x,), (pooled, indices), MAX_POOL, (0, x, pooled, indices, *sizes)))
    return pooled, indices


@operation("max_pool2d_with_indices_backward")
def max_pool2d_with_indices_backward(
    b: Builder, meta: Any, gradient: Value, x: Value, kernel: Any, stride: Any, padding: Any,
    dilation: Any, ceil_mode: bool, indices: Value,
) -> Any:  # fmt: skip
    if x.dtype != torch.float32 or len(x.shape) != 4:
        return NotImplemented
    gradient, indices = b.stored(gradient), b.stored(indices)
    result = Value(x.shape, x.dtype)
    sizes = _pooling(x.shape, gradient.shape, kernel, stride, padding)
    arguments = (1, result, gradient, indices, *sizes)
    b.steps.append(Instruction((gradient, indices), (result,), MAX_POOL, arguments))
    return result


def _transposed(value: Value) -> Value:
    batch, rows, columns = value.shape
    first, row, column = value.strides
    return Value(
        (batch, columns, rows), value.dtype, (first, column, row), value.offset, value.root
    )


def _two(number: Any) -> tuple[int, int]:
    values = [number] if isinstance(number, int) else list(number)
    return (values[0], values[-1])


def _convolve(
    b: Builder, what: int, image: Value, weight: Value, output: Value, stride: Any, padding: Any,
    dilation: Any, groups: int,
) -> None:  # fmt: skip
    """Compute a convolution's output (`what` is 0), or the gradient of its image (1) or weight (2).

    Of `image`, `weight` and `output`, that one is a new value, which is computed.
    """
    made = (output, image, weight)[what]
    sizes = [image.shape[0], groups, image.shape[1] // groups, output.shape[1] // groups,
             *image.shape[2:], *weight.shape[2:], *_two(stride), *_two(padding), *_two(dilation),
             *output.shape[2:]]  # fmt: skip
    blocks = (image.shape[0], groups)
    image, output = b.in_blocks(image, blocks), b.in_blocks(output, blocks)
    arguments = [
        word for v in (image, output) for word in (v.root, v.offset, v.strides[0], v.strides[1])
    ]
    inputs = tuple(value for value in (image, weight, output) if value.root is not made)
    step = Instruction(inputs, (made,), CONVOLVE, (what, weight, *arguments, *sizes))
    b.steps.append(step)


def _pooling(
    image: Sequence[int], output: Sequence[int], kernel: Any, stride: Any, padding: Any
) -> list[int]:
    return [image[0] * image[1], *image[2:], *output[2:], *_two(kernel), *_two(stride or kernel),
            *_two(padding)]  # fmt: skip
