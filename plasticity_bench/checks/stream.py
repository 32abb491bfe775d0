"""Checks of a user's stream: `check_stream`."""

import json
import random
import warnings
from collections.abc import Callable

import numpy as np
from gymnasium.utils.env_checker import check_env
from numpy.typing import NDArray

from plasticity_bench.errors import StreamError
from plasticity_bench.streams import Stream, Task, make_stream
from plasticity_bench.streams.env import StreamEnv
from plasticity_bench.streams.validation import task_problem

SEEDS = (0, 1)
Check = Callable[[str, Stream], None]


def check_stream(stream: str | Stream, **parameters: object) -> None:
    """Check a stream against the rules that results rely on.

    Its tasks have the stated sizes, with targets and inputs in range; any task of any seed can be
    made independently, in any order, and is the same each time; seeds differ, and tasks change;
    nothing is drawn from global random generators; held-out examples are not trained on; and it is
    a valid gymnasium environment. The first, second, middle and last task of two seeds are checked.

    Args:
        stream: an id, or a stream.
        **parameters: that replace the registered ones of an id.

    Raises:
        StreamError: which rule it breaks, in one sentence.
        BadInputError: if it is unknown, or its data set is missing.
    """
    made = make_stream(stream, **parameters) if isinstance(stream, str) else stream
    name = stream if isinstance(stream, str) else type(stream).__name__
    for check in CHECKS:
        check(name, made)


def check_tasks(name: str, stream: Stream) -> None:
    """Tasks have the stated sizes, with targets and inputs in range."""
    for seed in SEEDS:
        for index in _indices(stream):
            where = f"{name}: task({seed}, {index})"
            task = stream.task(seed, index)
            if not isinstance(task, Task):
                raise StreamError(f"{where} must be a Task, not {type(task).__name__}.")
            problem = task_problem(stream, task, stream.size(index))
            if problem:
                raise StreamError(f"{where} {problem}.")
            _check_inputs(where, stream, task)


def _check_inputs(where: str, stream: Stream, task: Task) -> None:
    order = task.input_permutation
    pixels = int(np.prod(stream.input_shape))
    if order is not None and not np.array_equal(np.sort(order), np.arange(pixels)):
        raise StreamError(f"{where} must have each of {pixels} pixels once in input_permutation.")
    first = np.arange(min(len(task.targets), 256))
    inputs = task.inputs if task.examples is None else stream.inputs(task.examples[first])
    assert inputs is not None  # or there would have been a fault
    if inputs.dtype != np.float32 or not np.isfinite(inputs).all():
        raise StreamError(f"{where} must have finite inputs of float32.")
    low, high = stream.input_bounds
    if inputs.min() < np.float32(low) or inputs.max() > np.float32(high):
        raise StreamError(
            f"{where} has inputs from {inputs.min():g} to {inputs.max():g}, but input_bounds are "
            f"{low:g} and {high:g}."
        )


def check_batches(name: str, stream: Stream) -> None:
    """Every update has a batch of the task's examples."""
    for index in _indices(stream):
        batches = stream.batches(0, index)
        expected = (stream.updates(index), stream.batch_size)
        if batches.shape != expected:
            raise StreamError(f"{name}: batches(0, {index}) must have the shape {expected}.")
        if batches.min() < 0 or batches.max() >= stream.size(index):
            raise StreamError(
                f"{name}: batches(0, {index}) must be of the task's {stream.size(index)} examples."
            )


def check_pure(name: str, stream: Stream) -> None:
    """A task depends on seed and index alone, and draws from no global generator."""
    indices = _indices(stream)
    first = {(s, i): _arrays(stream, s, i) for s in SEEDS for i in indices}
    for seed in reversed(SEEDS):
        for index in reversed(indices):
            np.random.seed(0)
            random.seed(0)
            before = np.random.get_state()[1].tolist(), random.getstate()  # type: ignore[index]
            again = _arrays(stream, seed, index)
            after = np.random.get_state()[1].tolist(), random.getstate()  # type: ignore[index]
            if before != after:
                raise StreamError(
                    f"{name}: task({seed}, {index}) draws from a global random generator: draw "
                    "from self.rng(seed, index)."
                )
            if not _equal(first[seed, index], again):
                raise StreamError(
                    f"{name}: task({seed}, {index}) differs when it is made again: it must "
                    "depend on seed and index alone."
                )


def check_varies(name: str, stream: Stream) -> None:
    """Seeds differ, and tasks change."""
    if _equal(_arrays(stream, 0, 0), _arrays(stream, 1, 0)):
        raise StreamError(f"{name}: task 0 of seed 0 and of seed 1 are the same.")
    indices = _indices(stream)
    if len(indices) > 1 and all(
        _equal(_contents(stream.task(0, 0)), _contents(stream.task(0, i))) for i in indices[1:]
    ):
        raise StreamError(f"{name}: all tasks are the same: nothing changes.")


def check_held_out(name: str, stream: Stream) -> None:
    """Held-out examples are not trained on."""
    for index in _indices(stream):
        task = stream.task(0, index)
        if task.test is None or task.examples is None or task.test.examples is None:
            continue
        shared = np.intersect1d(task.examples, task.test.examples)
        if len(shared):
            raise StreamError(
                f"{name}: task(0, {index}) holds out {len(shared)} examples that it trains on."
            )


def check_scored(name: str, stream: Stream) -> None:
    """Scored tasks are tasks of the stream."""
    scored = stream.scored_tasks()
    if not scored or not set(scored) <= set(range(stream.num_tasks)):
        raise StreamError(f"{name}: scored_tasks() must be some of its {stream.num_tasks} tasks.")


def check_parameters(name: str, stream: Stream) -> None:
    """Parameters can be stored as JSON."""
    try:
        json.dumps(stream.parameters())
    except TypeError as error:
        raise StreamError(
            f"{name}: parameters must be numbers, words, or lists of them, to be stored with "
            f"results: {error}."
        ) from None


def check_environment(name: str, stream: Stream) -> None:
    """It is a valid gymnasium environment."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            check_env(StreamEnv(stream), skip_render_check=True)
        except Exception as error:
            raise StreamError(f"{name}: as an environment, {error}") from error


CHECKS: tuple[Check, ...] = (
    check_parameters,
    check_tasks,
    check_batches,
    check_pure,
    check_varies,
    check_held_out,
    check_scored,
    check_environment,
)


def _indices(stream: Stream) -> list[int]:
    last = stream.num_tasks - 1
    return sorted({0, min(1, last), last // 2, last})


def _arrays(stream: Stream, seed: int, index: int) -> list[NDArray[np.generic] | None]:
    """All arrays of a task, with its batches."""
    made = [stream.batches(seed, index), stream.left_over(seed, index)]
    return [*stream.task(seed, index).arrays(), *made]


def _contents(task: Task) -> list[NDArray[np.generic] | None]:
    """The contents of a task, regardless of the order of its examples."""
    if task.examples is None:
        return task.arrays()
    order = np.argsort(task.examples, kind="stable")
    return [task.examples[order], task.targets[order], task.input_permutation]


def _equal(
    some: list[NDArray[np.generic] | None], others: list[NDArray[np.generic] | None]
) -> bool:
    return len(some) == len(others) and all(
        a is b is None or (a is not None and b is not None and np.array_equal(a, b))
        for a, b in zip(some, others, strict=True)
    )
