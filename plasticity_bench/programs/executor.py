"""Run a recorded update without Python between its operations, with the same bits everywhere."""

import ctypes
import struct
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, fx
from torch.utils import _pytree as pytree

from plasticity_bench.programs import codegen
from plasticity_bench.programs.groups import Code
from plasticity_bench.programs.kernels import building
from plasticity_bench.programs.lowering import Lowering
from plasticity_bench.programs.program import FUNCTION, SIZES, Call, Value
from plasticity_bench.programs.schedule import Plan, plan

Run = Callable[[Any, int, Any], None]


class Executor:
    """A graph that executor.cpp runs.

    Attributes:
        called: names of PyTorch's operations that it calls, whose bits may depend on the processor.
    """

    def __init__(
        self, graph: fx.GraphModule, num_carried: int = 0, *, into_code: bool = False
    ) -> None:
        """Prepare a graph.

        Args:
            graph: from tensors to a list of tensors, on the CPU.
            num_carried: this number of first results are the next call's first arguments; they are
                written to two sets of tensors in turn.
            into_code: also compile its elementwise operations: it takes seconds the first time on
                a machine, and changes no bit.

        Raises:
            UnsupportedError: if the graph has something that no program has.
            BuildError: if there is no C++ compiler.
        """
        self._run: Run = building.library().plasticity_bench_run
        lowered = Lowering(graph)
        self._inputs, self._outputs = lowered.inputs, lowered.outputs
        made: Plan = plan(lowered.inputs, lowered.steps, lowered.outputs)
        self._memory = torch.empty(made.memory + 64, dtype=torch.uint8)
        self._base = -(-self._memory.data_ptr() // 64) * 64
        places = {value: index for index, value in enumerate(made.buffers)}
        self._buffers = (ctypes.c_void_p * max(1, len(places)))()
        self._tensors: dict[Value, Tensor] = {}
        for value, offset in made.offsets.items():
            self._buffers[places[value]] = self._base + offset
        for value in made.buffers:
            if value.constant is not None:
                self._buffers[places[value]] = value.constant.data_ptr()
                self._tensors[value] = value.constant
        self._places, self._offsets = places, made.offsets
        parts = _compiled(made.parts, places) if into_code else made.parts
        self._parts = [_encoded(part, places) for part in _joined(parts)]
        self.called = sorted({str(part.target) for part in parts if isinstance(part, Call)})
        inputs = set(self._inputs)
        self._made = list(
            dict.fromkeys(
                v.root for v in self._outputs if v.root not in inputs and v.root.constant is None
            )
        )
        carried = {v.root for v in self._outputs[:num_carried]}
        self._sets = [{v: _empty(v) for v in self._made if v in carried} for _ in range(2)]

    def __call__(self, *leaves: Tensor) -> list[Tensor]:
        """Return the results for the graph's arguments; those carried are overwritten later."""
        given = [leaf if leaf.is_contiguous() else leaf.contiguous() for leaf in leaves]
        addresses = [leaf.data_ptr() for leaf in given]
        carried = self._free_set(addresses)
        made = {value: carried.get(value) for value in self._made}
        tensors = {value: t if t is not None else _empty(value) for value, t in made.items()}
        buffers, places = self._buffers, self._places
        for value, address in zip(self._inputs, addresses, strict=True):
            if value in places:
                buffers[places[value]] = address
        for value, tensor in tensors.items():
            buffers[places[value]] = tensor.data_ptr()
        now = {**self._tensors, **dict(zip(self._inputs, given, strict=True)), **tensors}
        for part in self._parts:
            if isinstance(part, Call):
                self._call(part, now)
            else:
                self._run(part, len(part), buffers)
        return [_seen(now, value) for value in self._outputs]

    def _free_set(self, addresses: Sequence[int]) -> dict[Value, Tensor]:
        """The set of tensors that the arguments are not in, to be written now."""
        for index, tensors in enumerate(self._sets):
            if not any(tensor.data_ptr() in addresses for tensor in tensors.values()):
                return tensors if index == 0 else self._sets[1]
        self._sets[0] = {value: _empty(value) for value in self._sets[0]}
        return self._sets[0]

    def _call(self, part: Call, now: dict[Value, Tensor]) -> None:
        def tensor(value: Value) -> Tensor:
            return _seen(now, value) if value.root in now else self._in_memory(value)

        args, kwargs = pytree.tree_map_only(Value, tensor, (part.args, part.kwargs))
        results = pytree.tree_leaves(part.target(*args, **kwargs))
        results = [result for result in results if isinstance(result, Tensor)]
        for value, result in zip(part.outputs, results, strict=True):
            if value in self._offsets or value in now:
                tensor(value).copy_(result)

    def _in_memory(self, value: Value) -> Tensor:
        root = value.root
        first = self._base - self._memory.data_ptr() + self._offsets[root]
        size = max(1, root.numel) * SIZES[root.type]
        flat = self._memory[first : first + size].view(root.dtype)
        return _strided(flat, value)


def _compiled(parts: Sequence[Code | Call], places: dict[Value, int]) -> list[Code | Call]:
    """The same parts, whose elementwise operations are functions in machine code."""
    groups = [
        (index, part.group)
        for index, part in enumerate(parts)
        if isinstance(part, Code) and part.group
    ]
    functions = [
        codegen.function(
            f"group{index}",
            group.shape,
            group.constants,
            [(register, value, places[value.root]) for register, value in group.loads],
            group.micros,
            [(register, value, places[value.root]) for register, value in group.stores],
        )
        for index, group in groups
    ]
    library = building.library_of(codegen.HEADER + "\n".join(functions))
    compiled = list(parts)
    for index, _ in groups:
        address = ctypes.cast(getattr(library, f"group{index}"), ctypes.c_void_p).value
        compiled[index] = Code((FUNCTION, 3, address))
    return compiled


def _empty(value: Value) -> Tensor:
    return torch.empty_strided(value.shape, value.strides, dtype=value.dtype)


def _seen(now: dict[Value, Tensor], value: Value) -> Tensor:
    tensor = now[value.root]
    if value.base is None:
        return tensor
    return _strided(tensor, value)


def _strided(tensor: Tensor, value: Value) -> Tensor:
    offset = tensor.storage_offset() + value.offset
    return torch.as_strided(tensor, value.shape, value.strides, offset)


def _joined(parts: Sequence[Code | Call]) -> list[Code | Call]:
    """Instructions that follow one another, as one."""
    joined: list[Code | Call] = []
    for part in parts:
        before = joined[-1] if joined else None
        if isinstance(part, Code) and isinstance(before, Code):
            joined[-1] = Code((*before.words, *part.words))
        else:
            joined.append(part)
    return joined


def _encoded(part: Code | Call, places: dict[Value, int]) -> Any:
    if isinstance(part, Call):
        return part
    words = [_word(word, places) for word in part.words]
    return (ctypes.c_int64 * len(words))(*words)


def _word(word: Any, places: dict[Value, int]) -> int:
    if isinstance(word, Value):
        return places[word.root]
    if isinstance(word, float):
        return int(struct.unpack("<q", struct.pack("<d", word))[0])
    return int(word)
