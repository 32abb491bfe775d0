"""A recorded update as a program: values, and the operations that compute them.

It is written by `lowering`, put in order by `schedule`, and run by `executor`. A value is stored in
a buffer, or is a view of one that is; elementwise operations whose values nobody else reads are not
stored at all.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import torch

TYPES = (torch.float32, torch.float64, torch.int64, torch.bool)
"""Types of values that instructions compute with, at the places of `Type` in executor.cpp."""

STORED = (*TYPES, torch.uint8, torch.int32)
"""Types of values that PyTorch's operations may make."""

SIZES = (4, 8, 8, 1, 1, 4)

OPS = (
    *("add", "sub", "mul", "div", "maximum", "minimum", "pow", "remainder"),
    *("eq", "ne", "lt", "le", "gt", "ge", "and", "or", "xor", "shift_left", "shift_right"),
    *("neg", "abs", "sqrt", "exp", "log", "sin", "cos", "tanh", "erf", "sigmoid", "rsqrt"),
    *("reciprocal", "floor", "ceil", "round", "trunc", "sign", "isnan", "relu", "not", "expm1"),
    *("log1p", "cast", "where", "copy"),
)
"""Elementwise operations, at the places of `Op` in executor.cpp."""

REDUCTIONS = ("sum", "mean", "amax", "amin", "argmax", "argmin", "any", "all", "variance")
"""At the places of `Reduction` in executor.cpp."""

ELEMENTWISE, REDUCE, PRODUCT, INDEXED, CUMULATE, CONVOLVE, MAX_POOL, FUNCTION, MATCH = range(9)
"""Kinds of instructions, as in executor.cpp."""


MAX_DIMS = 8
"""As in executor.cpp."""


class UnsupportedError(Exception):
    """The graph has something that no program has."""


@dataclass(eq=False)
class Value:
    """A tensor of a program.

    Attributes:
        shape: its sizes.
        dtype: one of `TYPES`.
        strides: in elements of the buffer.
        offset: of its first element in the buffer.
        base: the value that it is a view of; None if it is none.
        constant: the tensor that it always is.
        number: what all of its elements always are, if that is known.
    """

    shape: tuple[int, ...]
    dtype: torch.dtype
    strides: tuple[int, ...] = ()
    offset: int = 0
    base: "Value | None" = None
    constant: torch.Tensor | None = None
    number: float | int | bool | None = None

    def __post_init__(self) -> None:
        if len(self.shape) > MAX_DIMS:
            raise UnsupportedError(f"a tensor of {len(self.shape)} dimensions")
        if self.base is None and not self.strides:
            self.strides = contiguous(self.shape)

    @property
    def root(self) -> "Value":
        """The value that owns the buffer."""
        return self.base or self

    @property
    def type(self) -> int:
        """The place of its dtype in `STORED`."""
        return STORED.index(self.dtype)

    @property
    def numel(self) -> int:
        """How many elements it has."""
        return math.prod(self.shape)

    @property
    def is_contiguous(self) -> bool:
        """Whether its elements lie one after the other, in their order."""
        sizes = [(s, t) for s, t in zip(self.shape, self.strides, strict=True) if s != 1]
        expected = contiguous([s for s, _ in sizes])
        return self.offset == 0 and expected == tuple(t for _, t in sizes)


@dataclass(frozen=True)
class Number:
    """A number in an elementwise operation."""

    value: float | int | bool


Operand = Value | Number


@dataclass(eq=False)
class Step:
    """One operation.

    Attributes:
        inputs: values that must be stored before it, unless it is elementwise and so are they.
        outputs: values that it stores, or computes.
    """

    inputs: tuple[Value, ...]
    outputs: tuple[Value, ...]


@dataclass(eq=False)
class Elementwise(Step):
    """An elementwise operation, with the type that it computes in."""

    op: str = "copy"
    operands: tuple[Operand, ...] = ()
    dtype: torch.dtype = torch.float32


@dataclass(eq=False)
class Instruction(Step):
    """An instruction of executor.cpp.

    Attributes:
        kind: of the instruction.
        arguments: numbers, and values in place of their buffers.
        copies: what an output is at first, if the instruction changes it.
    """

    kind: int = 0
    arguments: tuple[Any, ...] = ()
    copies: tuple[tuple[Value, Value], ...] = ()


@dataclass(eq=False)
class Call(Step):
    """An operation of PyTorch, for which executor.cpp has none.

    Attributes:
        target: the operation.
        args: positional arguments, with values in place of tensors.
        kwargs: keyword arguments, likewise.
    """

    target: Any = None
    args: tuple[Any, ...] = ()
    kwargs: dict[str, Any] = field(default_factory=dict)


def contiguous(shape: Sequence[int]) -> tuple[int, ...]:
    """Return the strides of a contiguous tensor."""
    strides = [1] * len(shape)
    for dim in range(len(shape) - 2, -1, -1):
        strides[dim] = strides[dim + 1] * max(1, shape[dim + 1])
    return tuple(strides)


def merged(shape: Sequence[int], strides: Sequence[int]) -> tuple[list[int], list[int]]:
    """Return the same walk with as few dimensions as it takes."""
    sizes: list[int] = []
    steps: list[int] = []
    for size, step in zip(shape, strides, strict=True):
        if size == 1:
            continue
        if steps and steps[-1] == size * step:
            sizes[-1] *= size
            steps[-1] = step
        else:
            sizes.append(size)
            steps.append(step)
    return sizes, steps
