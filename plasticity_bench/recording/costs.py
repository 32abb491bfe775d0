"""What a recorded learner costs, counted from its graphs."""

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.utils import _pytree as pytree
from torch.utils.flop_counter import flop_registry

from plasticity_bench.learners.learner import Learner
from plasticity_bench.learners.submitted import SubmittedLearner, submitted
from plasticity_bench.networks import NetworkSpec, num_parameters
from plasticity_bench.recording import layout
from plasticity_bench.recording.graph import Graph
from plasticity_bench.recording.initial import draw
from plasticity_bench.recording.process import RecorderProcess
from plasticity_bench.recording.record import Record
from plasticity_bench.recording.recorder import Recorder


@dataclass(frozen=True)
class Costs:
    """Of a learner on one network.

    Attributes:
        parameters: of its network, divided by those of the network that it was asked to build.
        memory: numbers in its own memory, divided by those of its parameters.
        constants: numbers that its graphs have captured.
        flops: floating-point operations of an update, divided by those of plain training with Adam.
        boundaries: whether something happens where a task begins.
    """

    parameters: float
    memory: float
    constants: int
    flops: float
    boundaries: bool


def costs(record: Record, update: Graph, spec: NetworkSpec) -> Costs:
    """Return the costs of a record.

    Args:
        record: of the learner on the network.
        update: its update.
        spec: the network that it was asked to build.
    """
    state = layout.example(record.layout)
    own = sum(value.numel() for value in state.params.values())
    kept = sum(value.numel() for value in pytree.tree_leaves(state.memory))
    (inputs, _), (targets, dtype) = update.inputs[-2:]
    plain = _plain(spec, inputs, targets, dtype.is_floating_point)
    return Costs(
        parameters=round(own / num_parameters(spec), 4),
        memory=round(kept / own, 4),
        constants=record.num_constants + update.num_constants,
        flops=round(_of_update(record, update) / plain, 4),
        boundaries=record.begin_task is not None,
    )


def flops(graph: Graph, inputs: Sequence[Tensor]) -> int:
    """Return the floating-point operations of a graph.

    Products and convolutions count as `torch.utils.flop_counter` has it; of other operations, one
    for each number of a result that is no view.
    """
    counts: list[int] = []

    def note(name: str, args: Sequence[Any], result: Any) -> None:
        packet = getattr(torch.ops.aten, name.split(".")[1], None) if "." in name else None
        if packet in flop_registry:
            counts.append(int(flop_registry[packet](*args, out_val=result)))
        else:
            counts.append(_made(args, result))

    with torch.no_grad():
        graph.values(inputs, note)
    return sum(counts)


def _made(args: Sequence[Any], result: Any) -> int:
    """How many floats an operation has made: views of an argument are none."""
    given = {t.untyped_storage().data_ptr() for t in pytree.tree_leaves(args) if _is_tensor(t)}
    return sum(
        tensor.numel()
        for tensor in pytree.tree_leaves(result)
        if _is_tensor(tensor)
        and tensor.is_floating_point()
        and tensor.untyped_storage().data_ptr() not in given
    )


def _is_tensor(value: object) -> bool:
    return isinstance(value, Tensor)


def _of_update(record: Record, update: Graph) -> int:
    """Operations of an update, and of what makes the parameters that predict."""
    params = draw(record.initial[0], list(record.names), 0)
    state = layout.example(record.layout)._replace(params=params, initial=params)
    lifted = [torch.ones((), dtype=torch.float64) for _ in record.lifted]
    given = [*lifted, *pytree.tree_leaves(state)]
    rest = [torch.zeros(shape, dtype=dtype) for shape, dtype in update.inputs[len(given) :]]
    total = flops(update, [*given, *rest])
    return total + (flops(record.predict_params, given) if record.predict_params else 0)


@functools.cache
def _plain(
    spec: NetworkSpec, inputs: tuple[int, ...], targets: tuple[int, ...], regression: bool
) -> int:
    plain = submitted(Learner(), spec)
    recorder: Recorder | RecorderProcess
    if isinstance(plain, SubmittedLearner):  # a user's network, which is not imported here
        recorder = RecorderProcess([plain], spec)
    else:
        recorder = Recorder([Learner()], spec)
    return _of_update(recorder.record, recorder.update(inputs, targets, regression=regression))
