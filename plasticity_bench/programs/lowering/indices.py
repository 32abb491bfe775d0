"""Operations that read and write by indices or ranks."""

from collections.abc import Sequence
from typing import Any

import torch

from plasticity_bench.programs.lowering.builder import Builder, operation
from plasticity_bench.programs.program import (
    INDEXED,
    MATCH,
    Instruction,
    UnsupportedError,
    Value,
)

aten = torch.ops.aten


@operation("gather")
def gather(
    b: Builder, meta: Any, x: Value, dim: int, index: Value, sparse_grad: bool = False
) -> Any:
    return _indexed(b, x, dim, index, Value(index.shape, x.dtype), None)


@operation("scatter_add")
def scatter_add(b: Builder, meta: Any, x: Value, dim: int, index: Value, source: Value) -> Any:
    return _indexed(b, source, dim, index, Value(x.shape, x.dtype), x)


def _indexed(
    b: Builder, source: Value, dim: int, index: Value, result: Value, initial: Value | None
) -> Value:
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
    b.steps.append(Instruction(inputs, (result,), INDEXED, (arguments,), copies))
    return result


@operation("match_ranks")
def match_ranks(b: Builder, meta: Any, values: Value, ordered: Value) -> Any:
    if values.dtype != torch.float32 or values.shape != ordered.shape or not values.shape:
        return NotImplemented
    values, ordered = b.stored(values), b.stored(ordered)
    result = Value(values.shape, values.dtype)
    size = values.shape[-1]
    arguments = (values, ordered, result, values.numel // max(1, size), size)
    b.steps.append(Instruction((values, ordered), (result,), MATCH, arguments))
    return result
