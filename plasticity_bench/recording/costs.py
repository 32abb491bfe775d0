"""What a recorded learner costs, counted from its graphs."""

import functools
from dataclasses import dataclass

import torch
from torch.utils import _pytree as pytree

from plasticity_bench.learners.learner import Learner
from plasticity_bench.learners.submitted import SubmittedLearner, submitted
from plasticity_bench.networks import NetworkSpec, num_parameters
from plasticity_bench.recording import layout
from plasticity_bench.recording.graph import Graph
from plasticity_bench.recording.initial import draw
from plasticity_bench.recording.operation_counts import flops
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
        begin_task: operations of that, divided by those of an update of plain training with Adam.
    """

    parameters: float
    memory: float
    constants: int
    flops: float
    boundaries: bool
    begin_task: float


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
        begin_task=round(_of_begin_task(record) / plain, 4),
    )


def _of_update(record: Record, update: Graph) -> int:
    """Operations of an update, and of what makes the parameters that predict."""
    total = _of_graph(record, update)
    return total + (_of_graph(record, record.predict_params) if record.predict_params else 0)


def _of_begin_task(record: Record) -> int:
    return _of_graph(record, record.begin_task) if record.begin_task else 0


def _of_graph(record: Record, graph: Graph) -> int:
    """Operations of a graph whose first inputs are hyperparameters and a state."""
    params = draw(record.initial[0], list(record.names), 0)
    state = layout.example(record.layout)._replace(params=params, initial=params)
    lifted = [torch.ones((), dtype=torch.float64) for _ in record.lifted]
    given = [*lifted, *pytree.tree_leaves(state)]
    rest = [torch.zeros(shape, dtype=dtype) for shape, dtype in graph.inputs[len(given) :]]
    return flops(graph, [*given, *rest])


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
