"""Validation of tasks."""

from plasticity_bench.streams.stream import Stream
from plasticity_bench.streams.task import Task


def task_problem(stream: Stream, task: Task, size: int) -> str | None:
    """Return what is wrong with a stream's task, as the end of a sentence; None if nothing is.

    Args:
        stream: whose task it is.
        task: to be checked.
        size: how many examples it should have; of a test part, -1 for any number.
    """
    n = len(task.targets)
    held = [x for x in (task.examples, task.inputs) if x is not None]
    if len(held) != 1:
        return "must have either examples, rows of a data set, or inputs of its own"
    if len(held[0]) != n or size not in (n, -1):
        return f"must have {size if size >= 0 else n} examples, and as many targets"
    if task.inputs is not None and task.inputs.shape[1:] != stream.input_shape:
        return f"must have inputs of shape {stream.input_shape}, not {task.inputs.shape[1:]}"
    if stream.regression:
        if not task.is_regression or task.targets.shape[1:] != (stream.num_outputs,):
            return f"must have targets (n, {stream.num_outputs}) of floats"
    elif task.is_regression or task.targets.min() < 0 or task.targets.max() >= stream.num_outputs:
        return f"must have whole numbers from 0 to {stream.num_outputs - 1} as targets"
    return None if task.test is None else task_problem(stream, task.test, -1)
