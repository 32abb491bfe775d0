"""Groups of elementwise operations, which executor.cpp runs tile by tile.

Elementwise operations of one shape that depend on nothing else in between become one group. Values
that only their group reads are never stored.
"""

import math
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from plasticity_bench.programs.program import (
    ELEMENTWISE,
    OPS,
    TYPES,
    Elementwise,
    Instruction,
    Number,
    Operand,
    Step,
    UnsupportedError,
    Value,
    merged,
)

MAX_OPERATIONS = 48
"""Of one group."""
MAX_ACCESSES = 40
MAX_REGISTERS = 96
"""As in executor.cpp."""
_CONTIGUOUS, _STRIDED, _ONE = range(3)


@dataclass(frozen=True)
class Code:
    """Instructions for executor.cpp, with values in place of their buffers.

    Attributes:
        words: the instructions.
        group: the elementwise operations that they are, if they are such.
    """

    words: tuple[Any, ...]
    group: "Group | None" = None


@dataclass(frozen=True)
class Group:
    """Elementwise operations of one shape.

    Attributes:
        shape: of all of them.
        constants: registers, their numbers and types.
        loads: registers, and the values that they hold.
        micros: the operations, as `Micro` in executor.cpp.
        stores: registers, and the values that they are written to.
    """

    shape: tuple[int, ...]
    constants: tuple[tuple[int, Any, torch.dtype], ...]
    loads: tuple[tuple[int, Value], ...]
    micros: tuple[tuple[int, ...], ...]
    stores: tuple[tuple[int, Value], ...]

    @property
    def code(self) -> Code:
        """The instruction of the group."""
        constants = [
            word
            for register, number, dtype in self.constants
            for word in (register, TYPES.index(dtype), _bits(number, dtype))
        ]
        loads = [word for register, v in self.loads for word in (register, *_access(v, self.shape))]
        stores = [
            word for register, v in self.stores for word in (register, *_access(v, self.shape))
        ]
        words = [math.prod(self.shape), len(self.constants), *constants, len(self.loads), *loads,
                 len(self.micros), *(word for micro in self.micros for word in micro),
                 len(self.stores), *stores]  # fmt: skip
        return Code(tuple(framed(ELEMENTWISE, words)), self)


def inputs_of(step: Step) -> list[Value]:
    """Return the values that a step reads."""
    if isinstance(step, Instruction):
        return [*step.inputs, *(source for _, source in step.copies)]
    return list(step.inputs)


def grouped(steps: Sequence[Step]) -> list[list[Step]]:
    """Return steps in order, elementwise operations that can run together as one group.

    A group whose values only one other group reads becomes a part of that: they are not stored.
    """
    done: set[Value] = set()
    made = {value for step in steps for value in step.outputs}
    left = list(steps)
    groups: list[list[Step]] = []

    def ready(step: Step, inside: set[Value]) -> bool:
        for value in inputs_of(step):
            root = value.root
            if root not in made or root in done:
                continue
            if isinstance(step, Elementwise) and value is root and root in inside:
                continue
            return False
        return True

    while left:
        index = next(i for i, step in enumerate(left) if ready(step, set()))
        first = left[index]
        if not isinstance(first, Elementwise):
            group = [left.pop(index)]
        else:
            group = []
            inside: set[Value] = set()
            accesses: set[Value] = set()
            rest = []
            shape = first.outputs[0].shape
            for step in left:
                if (
                    isinstance(step, Elementwise)
                    and len(group) < MAX_OPERATIONS
                    and step.outputs[0].shape == shape
                    and ready(step, inside)
                ):
                    new = {v for v in step.inputs if v not in inside} | {step.outputs[0]}
                    if len(accesses | new) <= MAX_ACCESSES:
                        accesses |= new
                        group.append(step)
                        inside.add(step.outputs[0])
                        continue
                rest.append(step)
            left = rest
        groups.append(group)
        done |= {value for step in group for value in step.outputs}
    return _joined(groups)


def _joined(groups: list[list[Step]]) -> list[list[Step]]:
    """The groups, each within the only one that reads its values where that is possible."""
    readers: dict[Value, list[tuple[Step, Value]]] = {}
    place: dict[int, int] = {}
    for index, group in enumerate(groups):
        for step in group:
            place[id(step)] = index
            for value in inputs_of(step):
                readers.setdefault(value.root, []).append((step, value))
    for index in range(len(groups) - 1, -1, -1):
        outside = [
            (place[id(reader)], value)
            for step in groups[index]
            for output in step.outputs
            for reader, value in readers.get(output, ())
            if place[id(reader)] != index
        ]
        later = {at for at, _ in outside}
        if len(later) != 1 or any(value is not value.root for _, value in outside):
            continue
        (at,) = later
        both = groups[index] + groups[at]
        accesses = {value for step in both for value in (*inputs_of(step), *step.outputs)}
        if (
            all(isinstance(step, Elementwise) for step in both)
            and len({step.outputs[0].shape for step in both}) == 1
            and len(both) <= MAX_OPERATIONS
            and len(accesses) <= MAX_ACCESSES
        ):
            groups[index], groups[at] = [], both
            place |= {id(step): at for step in both}
    return [group for group in groups if group]


def stored_values(groups: Sequence[Sequence[Step]], outputs: Sequence[Value]) -> set[Value]:
    """Return the elementwise values that somebody outside their group reads, or reads as a view."""
    stored = {value.root for value in outputs}
    for group in groups:
        inside = {value for step in group for value in step.outputs}
        for step in group:
            for value in inputs_of(step):
                if value is not value.root or value not in inside:
                    stored.add(value.root)
    return stored


def framed(kind: int, words: Sequence[Any]) -> list[Any]:
    """Return an instruction: its kind, its length and its words."""
    return [kind, len(words) + 2, *words]


def _bits(number: float | int | bool, dtype: torch.dtype) -> int:
    """A number as the int64 whose first bytes are those of the number in a type."""
    if dtype == torch.float32:
        value: Any = torch.tensor(number, dtype=torch.float32).item()
        return int(struct.unpack("<i", struct.pack("<f", value))[0])
    if dtype == torch.float64:
        return int(struct.unpack("<q", struct.pack("<d", float(number)))[0])
    return int(bool(number)) if dtype == torch.bool else int(number)


def copy(target: Value, source: Value) -> Group:
    """Return the operation that copies one value to another."""
    copy = Elementwise((source,), (target,), "copy", (source,), target.dtype)
    return elementwise([copy], {target.root}, target)


def elementwise(group: Sequence[Step], stored: set[Value], into: Value | None = None) -> Group:
    """Return the operations of a group; `into` is where a copy's result is written."""
    operations = [step for step in group if isinstance(step, Elementwise)]
    registers = _Registers(operations, stored, into)
    return Group(
        operations[0].outputs[0].shape,
        tuple((register, *key) for key, register in registers.constants.items()),
        tuple((register, value) for value, register in registers.loads.items()),
        tuple(registers.micros),
        tuple((register, into or value) for value, register in registers.stores.items()),
    )


def _access(value: Value, shape: Sequence[int]) -> list[Any]:
    """How a value is read, or written, by an operation of some shape."""
    padded = (1,) * (len(shape) - len(value.shape)) + tuple(value.shape)
    strides = (0,) * (len(shape) - len(value.shape)) + tuple(value.strides)
    steps = [0 if size == 1 else step for size, step in zip(padded, strides, strict=True)]
    sizes, merged_steps = merged(shape, steps)
    kind = _STRIDED
    if not sizes or merged_steps == [1]:
        kind = _CONTIGUOUS
    elif not any(merged_steps):
        kind = _ONE
    return [value.type, kind, value.root, value.offset, len(sizes), *sizes, *merged_steps]


class _Registers:
    """The registers of a group's values, and its operations on them.

    Registers of loads, constants and stored values are theirs alone, because they may be memory
    that others read; those of values in between are used again.
    """

    def __init__(
        self, operations: Sequence[Elementwise], stored: set[Value], into: Value | None
    ) -> None:
        self.constants: dict[tuple[Any, torch.dtype], int] = {}
        self.loads: dict[Value, int] = {}
        self.stores: dict[Value, int] = {}
        self.micros: list[tuple[int, ...]] = []
        self._of: dict[Value, int] = {}
        self._free: list[int] = []
        self._next = 0
        last: dict[Value, int] = {}
        for index, step in enumerate(operations):
            for value in step.inputs:
                last[value] = index
        inside = {step.outputs[0] for step in operations}
        for index, step in enumerate(operations):
            operands = [self._register(o, step) for o in step.operands]
            result = step.outputs[0]
            ending = [v for v in dict.fromkeys(step.inputs) if v in inside and last[v] == index]
            keeps = result in stored or into is not None
            target = self._new() if keeps else self._again()
            self._of[result] = target
            if keeps:
                self.stores[result] = target
            self._emit(step, target, operands)
            for value in ending:
                if value not in self.stores:
                    self._free.append(self._of[value])
            if not keeps and result not in last:
                self._free.append(target)
        if self._next > MAX_REGISTERS:
            raise UnsupportedError("a group of operations with too many constants")

    def _register(self, operand: Operand, step: Elementwise) -> int:
        if isinstance(operand, Number):
            key = (operand.value, step.dtype)
            if key not in self.constants:
                self.constants[key] = self._new()
            return self.constants[key]
        if operand in self._of:
            return self._of[operand]
        if operand not in self.loads:
            self.loads[operand] = self._new()
        return self.loads[operand]

    def _emit(self, step: Elementwise, target: int, operands: Sequence[int]) -> None:
        a, b, c = (*operands, *(0,) * (3 - len(operands)))
        source = step.operands[0]
        source_type = source.type if isinstance(source, Value) else 0
        dtype = step.outputs[0].dtype if step.op == "cast" else step.dtype
        self.micros.append((OPS.index(step.op), TYPES.index(dtype), target, a, b, c, source_type))

    def _new(self) -> int:
        self._next += 1
        return self._next - 1

    def _again(self) -> int:
        return self._free.pop() if self._free else self._new()
