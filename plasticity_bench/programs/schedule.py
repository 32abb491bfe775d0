"""The order and the places of a program's steps."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from plasticity_bench.programs.groups import (
    Code,
    copy,
    elementwise,
    framed,
    grouped,
    inputs_of,
    stored_values,
)
from plasticity_bench.programs.program import (
    PRODUCT,
    SIZES,
    Call,
    Elementwise,
    Instruction,
    Step,
    Value,
)

ALIGNMENT = 64


@dataclass(frozen=True)
class Plan:
    """A program in its final order.

    Attributes:
        parts: instructions, and calls of PyTorch's operations, in order.
        buffers: the values that own a buffer; instructions have their places in it.
        offsets: in bytes, of those that lie in the common memory.
        memory: its size in bytes.
    """

    parts: list[Code | Call]
    buffers: list[Value]
    offsets: dict[Value, int]
    memory: int


def plan(inputs: Sequence[Value], steps: Sequence[Step], outputs: Sequence[Value]) -> Plan:
    """Return a program in its final order, with the place of every value in memory.

    Args:
        inputs: that are given.
        steps: all that is to be done, in a possible order.
        outputs: that are asked for.
    """
    steps = _needed(steps, outputs)
    _store_transposed(steps, outputs)
    groups = grouped(steps)
    stored = stored_values(groups, outputs)
    owners = [*inputs, *(v for v in _constants(steps, outputs) if v not in inputs)]
    produced: list[Value] = []
    parts: list[Code | Call] = []
    uses: dict[Value, list[int]] = {}
    for group in groups:
        parts_of_group: list[Code | Call] = []
        first = group[0]
        if isinstance(first, Elementwise):
            parts_of_group.append(elementwise(group, stored).code)
        elif isinstance(first, Instruction):
            for target, source in first.copies:
                parts_of_group.append(copy(target, source).code)
            if first.kind >= 0:
                parts_of_group.append(Code(tuple(_instruction(first))))
        else:
            assert isinstance(first, Call)
            parts_of_group.append(first)
        for part in parts_of_group:
            for value in _mentioned(part):
                uses.setdefault(value, []).append(len(parts))
            parts.append(part)
        produced += [
            v
            for step in group
            for v in step.outputs
            if v in stored or not isinstance(step, Elementwise)
        ]
    final = {value.root for value in outputs}
    temporary = [v for v in dict.fromkeys(produced) if v not in final and v in uses]
    offsets, memory = _placed(temporary, uses)
    buffers = list(dict.fromkeys([*owners, *produced]))
    return Plan(parts, buffers, offsets, memory)


def _needed(steps: Sequence[Step], outputs: Sequence[Value]) -> list[Step]:
    wanted = {value.root for value in outputs}
    kept = []
    for step in reversed(steps):
        if any(value in wanted for value in step.outputs):
            wanted |= {value.root for value in inputs_of(step)}
            kept.append(step)
    return kept[::-1]


def _constants(steps: Iterable[Step], outputs: Sequence[Value]) -> list[Value]:
    values = [v.root for step in steps for v in inputs_of(step)] + [v.root for v in outputs]
    return [v for v in dict.fromkeys(values) if v.constant is not None]


def _store_transposed(steps: Sequence[Step], outputs: Sequence[Value]) -> None:
    """Let products lie in memory as their users read them.

    A product that is only read transposed, as the gradient of a linear layer's weight is, is
    computed so: elementwise operations then read it in its order.
    """
    readers: dict[Value, list[Value]] = {}
    for step in steps:
        for value in inputs_of(step):
            readers.setdefault(value.root, []).append(value)
    for value in outputs:
        readers.setdefault(value.root, []).append(value)
    for step in steps:
        (product, *_) = step.outputs
        is_product = isinstance(step, Instruction) and step.kind == PRODUCT
        if not is_product or len(product.shape) != 3 or 1 in product.shape[1:]:
            continue
        batch, rows, columns = product.shape
        swapped = (rows * columns, 1, rows)
        views = readers.get(product, [])
        transposed = (product.strides[0], product.strides[2], product.strides[1])
        if not views or any(
            view.shape != (batch, columns, rows) or view.strides != transposed or view.offset
            for view in views
        ):
            continue
        product.strides = swapped
        for view in set(views):
            view.strides = (swapped[0], swapped[2], swapped[1])


def _instruction(step: Instruction) -> list[Any]:
    words = [
        word
        for argument in step.arguments
        for word in (argument() if callable(argument) else [argument])
    ]
    return framed(step.kind, words)


def _mentioned(part: Code | Call) -> list[Value]:
    if isinstance(part, Code):
        return [word.root for word in part.words if isinstance(word, Value)]
    return [value.root for value in (*part.inputs, *part.outputs)]


def _placed(values: Sequence[Value], uses: dict[Value, list[int]]) -> tuple[dict[Value, int], int]:
    """Offsets in a common memory, where values that are not needed at once may share a place."""
    placed: list[tuple[int, int, int, int]] = []  # from, to (parts); from, to (bytes)
    offsets: dict[Value, int] = {}
    memory = 0
    for value in values:
        first, last = min(uses[value]), max(uses[value])
        size = -(-max(1, value.numel) * SIZES[value.type] // ALIGNMENT) * ALIGNMENT
        busy = sorted((a, b) for f, t, a, b in placed if f <= last and first <= t)
        offset = 0
        for begin, end in busy:
            if begin - offset >= size:
                break
            offset = max(offset, end)
        offsets[value] = offset
        placed.append((first, last, offset, offset + size))
        memory = max(memory, offset + size)
    return offsets, memory
