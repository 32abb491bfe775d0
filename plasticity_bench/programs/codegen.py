"""C++ code of a program's elementwise operations, with the bits that executor.cpp gives them.

executor.cpp runs a group of operations tile by tile; the code written here computes all of them for
one element at a time, in registers. Each expression is that of executor.cpp, and both are compiled
with the same options, so their results are equal: a test compares them.
"""

import math
from collections.abc import Sequence

import torch

from plasticity_bench.programs.program import OPS, TYPES, Value

_C = ("float", "double", "int64_t", "uint8_t")
"""Types, at the places of `TYPES`."""

_NUMBERS = {
    "add": "{0} + {1}",
    "sub": "{0} - {1}",
    "mul": "{0} * {1}",
    "div": "{0} / {1}",
    "maximum": "({0} > {1} || {0} != {0}) ? {0} : {1}",
    "minimum": "({0} < {1} || {0} != {0}) ? {0} : {1}",
    "pow": "(T)elementary::pow((double){0}, (double){1})",
    "remainder": "elementary::remainder<T>({0}, {1})",
    "eq": "{0} == {1}",
    "ne": "{0} != {1}",
    "lt": "{0} < {1}",
    "le": "{0} <= {1}",
    "gt": "{0} > {1}",
    "ge": "{0} >= {1}",
    "and": "{0} & {1}",
    "or": "{0} | {1}",
    "xor": "{0} ^ {1}",
    "shift_left": "{0} << {1}",
    "shift_right": "{0} >> {1}",
    "neg": "-{0}",
    "abs": "std::abs({0})",
    "sqrt": "std::sqrt({0})",
    "rsqrt": "(T)(1.0 / std::sqrt((double){0}))",
    "reciprocal": "(T)1 / {0}",
    "exp": "(T)elementary::exp((double){0})",
    "log": "(T)elementary::log((double){0})",
    "sin": "(T)elementary::sine((double){0}, 0)",
    "cos": "(T)elementary::sine((double){0}, 1)",
    "tanh": "(T)elementary::tanh((double){0})",
    "erf": "(T)elementary::erf((double){0})",
    "sigmoid": "(T)elementary::sigmoid((double){0})",
    "expm1": "(T)elementary::expm1((double){0})",
    "log1p": "(T)elementary::log1p((double){0})",
    "floor": "std::floor({0})",
    "ceil": "std::ceil({0})",
    "round": "std::nearbyint({0})",
    "trunc": "std::trunc({0})",
    "sign": "(T)(({0} > 0) - ({0} < 0))",
    "relu": "{0} < 0 ? (T)0 : {0}",
    "where": "{0} ? {1} : {2}",
    "copy": "{0}",
}
_BOOLS = {
    **dict.fromkeys(("and", "mul", "minimum"), "{0} & {1}"),
    **dict.fromkeys(("or", "add", "maximum"), "{0} | {1}"),
    **dict.fromkeys(("xor", "ne"), "{0} ^ {1}"),
    "eq": "{0} == {1}",
    "not": "!{0}",
    "copy": "{0}",
    "where": "{0} ? {1} : {2}",
}
_BOOLEAN = {"eq", "ne", "lt", "le", "gt", "ge"}

HEADER = """\
#include <cmath>
#include <cstdint>
#include "elementary.h"
"""


def function(
    name: str,
    shape: Sequence[int],
    constants: Sequence[tuple[int, float | int | bool, torch.dtype]],
    loads: Sequence[tuple[int, Value, int]],
    micros: Sequence[tuple[int, ...]],
    stores: Sequence[tuple[int, Value, int]],
) -> str:
    """Return a C++ function that computes a group of elementwise operations.

    Args:
        name: of the function.
        shape: of the operations.
        constants: registers, their numbers and types.
        loads: registers, the values that they hold, and the places of these in the buffers.
        micros: the operations, as `Micro` in executor.cpp.
        stores: registers, the values that they are written to, and the places of these.
    """
    accesses = [*loads, *stores]
    sizes, strides = _jointly_merged(shape, [_strides(value, shape) for _, value, _ in accesses])
    lines = [f'extern "C" void {name}(char** b) {{']
    for index, (_, value, place) in enumerate(accesses):
        kind = "const " if index < len(loads) else ""
        c = _C[value.type]
        lines.append(f"  {kind}{c}* p{index} = ({kind}{c}*)b[{place}] + {value.offset};")
    names: dict[int, str] = {}
    for register, number, dtype in constants:
        c = _C[TYPES.index(dtype)]
        lines.append(f"  const {c} k{register} = ({c}){_literal(number, dtype)};")
        names[register] = f"k{register}"
    for depth, size in enumerate(sizes):
        if depth == len(sizes) - 1:
            lines.append('  _Pragma("GCC ivdep")')
        lines.append(f"  for (int64_t i{depth} = 0; i{depth} < {size}; ++i{depth}) {{")
    for index, (register, value, _) in enumerate(loads):
        lines.append(
            f"    const {_C[value.type]} l{register} = p{index}[{_index(strides[index])}];"
        )
        names[register] = f"l{register}"
    for order, (op, computed, target, *registers, _) in enumerate(micros):
        operands = [names.get(place, "0") for place in registers]
        lines.append(f"    {_statement(f'v{order}', OPS[op], computed, operands)}")
        names[target] = f"v{order}"
    for index, (register, _, _) in enumerate(stores, len(loads)):
        lines.append(f"    p{index}[{_index(strides[index])}] = {names[register]};")
    return "\n".join([*lines, "  " + "}" * len(sizes), "}", ""])


def _statement(result: str, op: str, dtype: int, operands: list[str]) -> str:
    c = _C[dtype]
    if op == "cast":
        value = f"({operands[0]} != 0)" if c == "uint8_t" else f"({c}){operands[0]}"
        return f"const {c} {result} = {value};"
    table = _BOOLS if c == "uint8_t" else _NUMBERS
    expression = table[op].format(*operands).replace("<T>", f"<{c}>").replace("(T)", f"({c})")
    kind = "uint8_t" if op in _BOOLEAN else c
    return f"const {kind} {result} = {expression};"


def _index(strides: Sequence[int]) -> str:
    terms = [f"i{d} * {s}" if s != 1 else f"i{d}" for d, s in enumerate(strides) if s]
    return " + ".join(terms) or "0"


def _strides(value: Value, shape: Sequence[int]) -> list[int]:
    missing = len(shape) - len(value.shape)
    padded = (1,) * missing + tuple(value.shape)
    strides = (0,) * missing + tuple(value.strides)
    return [0 if size == 1 else step for size, step in zip(padded, strides, strict=True)]


def _jointly_merged(
    shape: Sequence[int], all_strides: Sequence[Sequence[int]]
) -> tuple[list[int], list[list[int]]]:
    """The same loops with as few of them as it takes: sizes, and strides of each access."""
    sizes: list[int] = []
    merged: list[list[int]] = [[] for _ in all_strides]
    for dim, size in enumerate(shape):
        if size == 1:
            continue
        steps = [strides[dim] for strides in all_strides]
        if sizes and all(own[-1] == size * step for own, step in zip(merged, steps, strict=True)):
            sizes[-1] *= size
            for own, step in zip(merged, steps, strict=True):
                own[-1] = step
        else:
            sizes.append(size)
            for own, step in zip(merged, steps, strict=True):
                own.append(step)
    return sizes, merged


def _literal(number: float | int | bool, dtype: torch.dtype) -> str:
    if dtype in (torch.int64, torch.bool):
        whole = int(number)
        return "INT64_MIN" if whole == -(2**63) else f"{whole}LL"
    value = torch.tensor(number, dtype=dtype).item()
    if math.isnan(value):
        return '__builtin_nan("")'
    if math.isinf(value):
        return "__builtin_inf()" if value > 0 else "-__builtin_inf()"
    return float(value).hex()
