"""Run a recorded update without Python between its operations, with the same bits everywhere."""

import ctypes
import operator
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, fx
from torch.utils import _pytree as pytree

from plasticity_bench.programs import codegen
from plasticity_bench.programs.groups import Code, Group
from plasticity_bench.programs.kernels import building
from plasticity_bench.programs.lowering import Lowering
from plasticity_bench.programs.program import FUNCTION, OPS, SIZES, Call, Value
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
        self._inputs = lowered.inputs
        made: Plan = plan(lowered.inputs, lowered.steps, lowered.outputs)
        self._memory = torch.empty(made.memory + 64, dtype=torch.uint8)
        self._base = -(-self._memory.data_ptr() // 64) * 64
        self._buffers, self._offsets = made.buffers, made.offsets
        places = {value: index for index, value in enumerate(made.buffers)}
        parts = _compiled(made.parts, places) if into_code else made.parts
        self._parts = [_encoded(part, places) for part in _joined(parts)]
        self.called = sorted({str(part.target) for part in parts if isinstance(part, Call)})
        self._places = [places.get(value) for value in self._inputs]
        self._results = _Results(lowered, num_carried)
        self._fresh = [(value, places[value]) for value in self._results.fresh]
        self._frames = [self._new_frame(), self._new_frame()]
        self._last = self._frames[1]

    def __call__(self, *leaves: Tensor) -> list[Tensor]:
        """Return the results for the graph's arguments; those carried are overwritten later."""
        frame, given = self._turn(leaves)
        buffers, now = frame.buffers, frame.tensors.copy()
        for value, place in self._fresh:
            now[value] = tensor = _empty(value)
            buffers[place] = tensor.data_ptr()
        if self.called:
            now |= zip(self._inputs, given, strict=True)
        for part in self._parts:
            if isinstance(part, Call):
                self._call(part, now)
            else:
                self._run(part, len(part), buffers)
        results = self._results.of(now, given)
        frame.carried = results[: self._results.num_carried]
        return results

    def _turn(self, leaves: Sequence[Tensor]) -> "tuple[_Frame, list[Tensor]]":
        """The frame to use, which no argument lies in, and the arguments, whose addresses it has.

        Usually, carried arguments are what the other frame gave; then the addresses of most of them
        are in this frame from its last turn.
        """
        last, watched = self._last, self._results.watched
        frame = self._frames[self._frames[0] is last]
        given = list(leaves)
        for index in watched:
            given[index] = given[index].contiguous()
        usual = bool(last.carried) and all(map(operator.is_, leaves, last.carried))
        if not usual or not frame.written.isdisjoint([given[i].data_ptr() for i in watched]):
            given = [leaf.contiguous() for leaf in leaves]
            frame = self._free_frame({leaf.data_ptr() for leaf in given})
            frame.linked = None
        known = usual and frame.linked is last
        for index in watched if known else range(len(given)):
            place = self._places[index]
            if place is not None:
                frame.buffers[place] = given[index].data_ptr()
        frame.linked = last if usual else None
        self._last = frame
        return frame, given

    def _free_frame(self, addresses: set[int]) -> "_Frame":
        """A frame that has none of these addresses."""
        for frame in self._frames:
            if frame.written.isdisjoint(addresses):
                return frame
        self._frames[0] = self._new_frame()
        return self._frames[0]

    def _new_frame(self) -> "_Frame":
        carried = {value: _empty(value) for value in self._results.steady}
        constants = {v: v.constant for v in self._buffers if v.constant is not None}
        tensors = {**constants, **carried}
        addresses = {value: tensor.data_ptr() for value, tensor in tensors.items()}
        addresses |= {value: self._base + offset for value, offset in self._offsets.items()}
        buffers = (ctypes.c_void_p * max(1, len(self._buffers)))(
            *(addresses.get(value) for value in self._buffers)
        )
        return _Frame(buffers, tensors, frozenset(t.data_ptr() for t in carried.values()))

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


@dataclass(eq=False)
class _Frame:
    """Memory that a call writes its carried results to.

    Attributes:
        buffers: addresses of all buffers.
        tensors: constants, and those that carried results are written to.
        written: addresses of the latter.
        carried: the carried results of its last call.
        linked: the frame whose carried results the buffers have as arguments; None if others.
    """

    buffers: Any
    tensors: dict[Value, Tensor]
    written: frozenset[int]
    carried: Sequence[Tensor] = ()
    linked: "_Frame | None" = None


class _Results:
    """What a program returns: new tensors, those of a frame, arguments, and views of them.

    Attributes:
        num_carried: of the results, these first ones are the next call's first arguments.
        steady: values that are the same tensors in every turn of a frame.
        fresh: values that are new tensors in every call.
        watched: places of arguments that may be other tensors in every call.
    """

    def __init__(self, lowered: Lowering, num_carried: int) -> None:
        places = {value: index for index, value in enumerate(lowered.inputs)}
        outputs = lowered.outputs
        made = [v.root for v in outputs if v.root not in places and v.root.constant is None]
        carried = {value.root for value in outputs[:num_carried]}
        self.num_carried = num_carried
        self.steady = [value for value in dict.fromkeys(made) if value in carried]
        self.fresh = [value for value in dict.fromkeys(made) if value not in carried]
        unwatched = {i for i, v in enumerate(outputs[:num_carried]) if v in self.steady}
        self.watched = [index for index in range(len(places)) if index not in unwatched]
        self._sources = [(value, places.get(value.root), value.base is None) for value in outputs]

    def of(self, now: dict[Value, Tensor], given: Sequence[Tensor]) -> list[Tensor]:
        """Return the results, from the tensors of values and the arguments."""
        results = []
        for value, place, whole in self._sources:
            tensor = now[value.root] if place is None else given[place]
            results.append(tensor if whole else _strided(tensor, value))
        return results


def _compiled(parts: Sequence[Code | Call], places: dict[Value, int]) -> list[Code | Call]:
    """The same parts, whose elementwise operations are functions in machine code.

    Powers are left to executor.cpp, which computes one where those of a tile are equal.
    """
    groups = [
        (index, part.group)
        for index, part in enumerate(parts)
        if isinstance(part, Code) and part.group and not _has_powers(part.group)
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


def _has_powers(group: Group) -> bool:
    return any(op == OPS.index("pow") for op, *_ in group.micros)


def _empty(value: Value) -> Tensor:
    return torch.empty_strided(value.shape, value.strides, dtype=value.dtype)


def _seen(now: dict[Value, Tensor], value: Value) -> Tensor:
    tensor = now[value.root]
    return tensor if value.base is None else _strided(tensor, value)


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
