"""What programs are built of: elementwise operations, reductions, views and copies."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import torch

from plasticity_bench.programs.program import (
    REDUCE,
    REDUCTIONS,
    STORED,
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

OPERATIONS: dict[str, Callable[..., Any]] = {}
"""By the name of an operation of PyTorch, what it is in a program."""


def operation(name: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return a decorator of the function that lowers an operation of PyTorch.

    It is called with a builder, what the operation returned when it was recorded, and the arguments
    that PyTorch's schema of the operation has. It returns values, or NotImplemented where it has no
    program for these arguments.
    """

    def registered(function: Callable[..., Any]) -> Callable[..., Any]:
        OPERATIONS[name] = function
        return function

    return registered


_KNOWN: dict[str, Callable[..., torch.Tensor]] = {
    **{"copy": torch.clone, "neg": torch.neg, "abs": torch.abs},
    **{"add": torch.add, "sub": torch.sub, "mul": torch.mul},
    **{"eq": torch.eq, "ne": torch.ne, "lt": torch.lt, "le": torch.le, "gt": torch.gt},
    "ge": torch.ge,
}
"""Operations of numbers that are done as a program is made, with the bits that they would have."""

_REAL = (torch.float32, torch.float64)


def known(operand: Operand) -> Operand:
    """Return an operand as a number, if that is what all of its elements are."""
    if isinstance(operand, Value) and operand.number is not None:
        return Number(operand.number)
    return operand


def number_of(
    op: str, operands: Sequence[Operand], computed: torch.dtype
) -> float | int | bool | None:
    """Return what an operation of numbers gives; None where that is not known, NaN or -0."""
    numbers = [operand.value for operand in operands if isinstance(operand, Number)]
    if op not in _KNOWN or computed not in _REAL or len(numbers) != len(operands):
        return None
    result: float | bool = _KNOWN[op](*(torch.tensor(n, dtype=computed) for n in numbers)).item()
    minus_zero = not result and math.copysign(1, result) < 0
    return None if math.isnan(result) or minus_zero else result


class Builder:
    """A program that grows by one step after the other.

    Attributes:
        steps: in a possible order.
    """

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self._sources: dict[Value, Value] = {}  # what values are copies of

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
            given = (given[0], *(self.typed(o, computed) for o in given[1:]))
        elif op != "cast":
            given = tuple(self.typed(o, computed) for o in given)
        if op != "cast":
            given = tuple(map(known, given))
        if op == "where" and isinstance(given[0], Number):
            chosen = given[1 if given[0].value else 2]
            if isinstance(chosen, Value) and chosen.shape == tuple(shape):
                return chosen
            op, given = "copy", (chosen,)
        value = Value(tuple(shape), dtype, number=number_of(op, given, computed))
        inputs = tuple(o for o in given if isinstance(o, Value))
        self.steps.append(Elementwise(inputs, (value,), op, given, computed))
        return value

    def cast(self, value: Value, dtype: torch.dtype) -> Value:
        """Return a value as another type."""
        if value.dtype == dtype:
            return value
        return self.elementwise("cast", (value,), value.shape, dtype)

    def reduce(
        self,
        kind: str,
        value: Value,
        dims: Sequence[int],
        keepdim: bool,
        dtype: torch.dtype,
        by: float = 1.0,
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
        return self.view(aten.view.default, value, (list(shape),), {})

    def stored(self, value: Value) -> Value:
        """Return a value whose elements lie one after the other from the start of a buffer."""
        if value.is_contiguous:
            return value
        copied = self.elementwise("copy", (value,), value.shape, value.dtype)
        self._sources[copied] = value
        return copied

    def in_blocks(self, value: Value, blocks: tuple[int, int]) -> Value:
        """Return a value as (*blocks, elements of a block), a block's elements one after the other.

        A copy that was made of a value that can be read so is not read.
        """
        copied = self._sources.get(value.root) if value.is_contiguous else None
        for source in (copied, value):
            if source is not None:
                seen = self._seen(source, (*blocks, source.numel // math.prod(blocks)))
                if seen is not None and seen.strides[2] == 1:
                    return seen
        return self.in_blocks(self.stored(value), blocks)

    @staticmethod
    def _seen(value: Value, shape: Sequence[int]) -> Value | None:
        meta = torch.empty_strided(value.shape, value.strides, dtype=torch.uint8, device="meta")
        try:
            seen = meta.view(*shape)
        except RuntimeError:
            return None
        return Value(tuple(seen.shape), value.dtype, tuple(seen.stride()), value.offset, value.root)

    def like(self, tensor: torch.Tensor) -> Value:
        """Return a new value of a tensor's shape and type. Raises UnsupportedError if none is."""
        if tensor.dtype not in STORED:
            raise UnsupportedError(f"a tensor of {tensor.dtype}")
        return Value(tuple(tensor.shape), tensor.dtype)

    def typed(self, operand: Operand, dtype: torch.dtype) -> Operand:
        """Return an operand that is cast to a type, unless it is a number."""
        if isinstance(operand, Value):
            return self.cast(operand, dtype)
        return operand

    def operands(self, args: Sequence[Any], dtype: torch.dtype) -> list[Operand]:
        """Return arguments as operands of a type."""
        return [self.typed(a if isinstance(a, Value) else Number(a), dtype) for a in args]

    def meta(self, argument: Any) -> Any:
        """Return a tensor without data that is like a value; numbers stay what they are."""
        if isinstance(argument, Value):
            return torch.empty(argument.shape, dtype=argument.dtype, device="meta")
        return argument

    def view(self, target: Any, value: Value, args: Any, kwargs: Any) -> Value:
        """A view, with the strides that PyTorch gives it; copied where there is no such view."""
        meta = torch.empty_strided(value.shape, value.strides, dtype=torch.uint8, device="meta")
        try:
            seen = target(meta, *args, **kwargs)
        except RuntimeError:
            return self.view(target, self.stored(value), args, kwargs)
        offset = value.offset + seen.storage_offset()
        strides, number = tuple(seen.stride()), value.number
        return Value(tuple(seen.shape), value.dtype, strides, offset, value.root, number=number)
