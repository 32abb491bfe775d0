"""Validation of tasks, whenever one is made."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from plasticity_bench.errors import BadInputError, StreamError
from plasticity_bench.streams.stream import Stream
from plasticity_bench.streams.task import Integers, Task


def checked_task(stream: Stream, seed: int, index: int) -> Task:
    """Return task `index` of a seed, if it is what the stream promises.

    Raises:
        StreamError: one sentence that names stream, seed, task and, where there is one, the row.
        BadInputError: if the stream's data set is missing.
    """
    where = f"Stream {type(stream).__name__}: task({seed}, {index})"
    try:
        task = stream.task(seed, index)
    except BadInputError:
        raise
    except Exception as error:
        raise StreamError(f"{where} raised {type(error).__name__}: {error}.") from error
    if not isinstance(task, Task):
        raise StreamError(f"{where} must return a Task, not {type(task).__name__}.")
    problem = task_problem(stream, task, stream.size(index), index)
    if problem:
        raise StreamError(f"{where} {problem}.")
    return task


def checked_tasks(stream: Stream, seeds: Sequence[int], index: int) -> list[Task]:
    """Return task `index` of every seed, if each is what the stream promises, and all fit together.

    Raises:
        StreamError: as `checked_task`, or that some have parts that others lack.
        BadInputError: as `checked_task`.
    """
    tasks = [checked_task(stream, seed, index) for seed in seeds]
    problem = parts_problem({f"task({s}, {index})": t for s, t in zip(seeds, tasks, strict=True)})
    if problem:
        raise StreamError(f"Stream {type(stream).__name__}: {problem}.")
    return tasks


def checked_batches(stream: Stream, seed: int, index: int) -> tuple[Integers, Integers]:
    """Return `batches` and `left_over` of task `index` of a seed, if their rows are in range.

    Raises:
        StreamError: one sentence that names stream, seed and task.
    """
    name = type(stream).__name__
    batches, left_over = stream.batches(seed, index), stream.left_over(seed, index)
    expected = (stream.updates(index), stream.batch_size)
    before = stream.size(index - 1) if index else 0
    for method, rows, shape, low, high in (
        ("batches", batches, expected, 0, stream.size(index)),
        ("left_over", left_over, (len(left_over), stream.batch_size), -1, before),
    ):
        problem = _rows_problem(rows, low, high)
        if np.shape(rows) != shape or len(rows) > expected[0]:
            problem = f"must have the shape {shape}, not {np.shape(rows)}"
        if problem:
            raise StreamError(f"Stream {name}: {method}({seed}, {index}) {problem}.")
    return batches, left_over


def task_problem(stream: Stream, task: Task, size: int, index: int | None = None) -> str | None:
    """Return what is wrong with a stream's task, as the end of a sentence; None if nothing is.

    Args:
        stream: whose task it is.
        task: to be checked.
        size: the number of examples it must have; -1 for any number, as a test part has.
        index: of the task; None for a test part, which may have a single class.
    """
    held = [x for x in (task.examples, task.inputs) if x is not None]
    if len(held) != 1:
        return "must have either examples, rows of a data set, or inputs of its own"
    for name in ("examples", "targets", "input_permutation", "inputs"):
        value = getattr(task, name)
        if value is not None and not isinstance(value, np.ndarray):
            return f"must have a numpy array as {name}, not {type(value).__name__}"
    n = len(task.targets)
    if len(held[0]) != n or size not in (n, -1) or n == 0:
        wanted = size if size >= 0 else max(n, 1)
        return f"must have {wanted} examples, and as many targets, not {len(held[0])} and {n}"
    problem = _examples_problem(stream, task) or _permutation_problem(stream, task)
    if problem is None and stream.regression:
        problem = _values_problem(stream, task)
    elif problem is None:
        problem = _classes_problem(stream, task, index)
    problem = problem or _bootstrap_problem(stream, task)
    if problem or task.test is None:
        return problem
    problem = task_problem(stream, task.test, -1)
    return None if problem is None else f"has a test part, which {problem}"


def parts_problem(tasks: Mapping[str, Task]) -> str | None:
    """Return how one of several seeds' tasks, by name, differs in its parts; None if none does."""
    (first, parts), *others = [(name, _parts(task)) for name, task in tasks.items()]
    for name, other in others:
        if differing := sorted(parts ^ other):
            owner = first if differing[0] in parts else name
            return (
                f"of {first} and {name}, only {owner} has {differing[0]}: the tasks of all seeds "
                "must have the same parts"
            )
    return None


def inputs_problem(stream: Stream, inputs: NDArray[np.generic]) -> str | None:
    """Return what is wrong with inputs, (n, *input_shape), as the end of a sentence."""
    if inputs.dtype != np.float32:
        return f"must have inputs of float32, not {inputs.dtype}"
    if inputs.shape[1:] != stream.input_shape:
        return f"must have inputs of shape {stream.input_shape}, not {inputs.shape[1:]}"
    flat = inputs.reshape(len(inputs), -1)
    with np.errstate(invalid="ignore"):  # inf - inf
        total = np.add.reduce(flat, axis=None, dtype=np.float64)
    if not np.isfinite(total):
        row = np.flatnonzero(~np.isfinite(flat).all(1))
        if len(row):
            return f"must have finite inputs; row {row[0]} has {_first_bad(flat[row[0]])}"
    low, high = map(np.float32, stream.input_bounds)
    if len(flat) and (flat.min() < low or flat.max() > high):
        return (
            f"has inputs from {flat.min():g} to {flat.max():g}, but input_bounds are "
            f"{low:g} and {high:g}"
        )
    return None


def _parts(task: Task) -> set[str]:
    """What a task is made of, in words; of a test part also how many examples it has."""
    names = ("examples", "inputs", "input_permutation", "bootstrap")
    parts = {name for name in names if getattr(task, name) is not None}
    if task.test is not None:
        parts |= {f"a test part of {len(task.test.targets)} examples"}
        parts |= {f"{part} of its test part" for part in _parts(task.test)}
    return parts


def _examples_problem(stream: Stream, task: Task) -> str | None:
    if task.examples is None:
        assert task.inputs is not None
        return inputs_problem(stream, task.inputs)
    if task.examples.ndim != 1:
        return f"must have one row of the data set for each example, not {task.examples.shape}"
    problem = _rows_problem(task.examples, 0, stream.num_rows)
    return None if problem is None else f"has examples that {problem}"


def _rows_problem(rows: NDArray[Any], low: int, high: int | None) -> str | None:
    if not isinstance(rows, np.ndarray) or rows.dtype.kind not in "iu":
        return f"must be whole numbers, not {getattr(rows, 'dtype', type(rows).__name__)}"
    outside = (rows < low) | (rows >= high if high is not None else False)
    if outside.any():
        row = np.argwhere(outside)[0]
        end = "on" if high is None else f"to {high - 1}"
        place = ", ".join(map(str, row.tolist()))
        return f"must be rows from {low} {end}; at {place} there is {rows[tuple(row)]}"
    return None


def _permutation_problem(stream: Stream, task: Task) -> str | None:
    order = task.input_permutation
    pixels = int(np.prod(stream.input_shape))
    if order is None or (
        order.shape == (pixels,) and np.array_equal(np.sort(order), np.arange(pixels))
    ):
        return None
    return f"must have each of {pixels} pixels once in input_permutation"


def _values_problem(stream: Stream, task: Task) -> str | None:
    targets, shape = task.targets, (len(task.targets), stream.num_outputs)
    if not task.is_regression or targets.shape != shape:
        return f"must have targets {shape} of floats, not {_shape_and_kind(targets)}"
    bad = np.flatnonzero(~np.isfinite(targets).all(1))
    if len(bad):
        found = _first_bad(targets[bad[0]])
        return f"must have targets that are finite in float32; row {bad[0]} has {found}"
    if _is_constant(targets):
        return (
            "has, in float32, the same target in every row, for which R squared is undefined: "
            "vary the targets, or scale them"
        )
    return None


def _classes_problem(stream: Stream, task: Task, index: int | None) -> str | None:
    targets, last = task.targets, stream.num_outputs - 1
    if targets.dtype.kind not in "iu" or targets.ndim != 1:
        found = _shape_and_kind(targets)
        return f"must have one whole number from 0 to {last} as each target, not {found}"
    bad = np.flatnonzero((targets < 0) | (targets > last))
    if len(bad):
        row = bad[0]
        return f"must have whole numbers from 0 to {last} as targets; row {row} has {targets[row]}"
    if index is not None and _is_constant(targets) and index in stream.scored_tasks():
        return "is scored but has a single class, for which accuracy says nothing"
    return None


def _bootstrap_problem(stream: Stream, task: Task) -> str | None:
    if task.bootstrap is None:
        return None
    if not stream.regression or stream.transition:
        return "has a bootstrap, which needs a stream of regression without a transition"
    rewards, following = task.bootstrap.rewards, task.bootstrap.next_inputs
    found = f"{rewards.shape} of {rewards.dtype}"
    problem = inputs_problem(stream, following)
    wrong = {
        f"must have rewards {task.targets.shape} of float32, not {found}": (
            rewards.dtype != np.float32 or rewards.shape != task.targets.shape
        ),
        "must have finite rewards": not np.isfinite(rewards).all(),
        f"must have {len(rewards)} next_inputs, not {len(following)}": (
            len(following) != len(rewards)
        ),
        f"must have a discount in [0, 1), not {task.bootstrap.discount}": (
            not 0 <= task.bootstrap.discount < 1
        ),
        f"has next_inputs, which {problem}": problem is not None,
    }
    return next((sentence for sentence, is_wrong in wrong.items() if is_wrong), None)


def _shape_and_kind(targets: NDArray[np.generic]) -> str:
    """Without the bits of numbers, which a task converts."""
    kind = {"i": "integers", "f": "floats"}.get(targets.dtype.kind, str(targets.dtype))
    return f"{targets.shape} of {kind}"


def _is_constant(targets: NDArray[np.generic]) -> bool:
    return len(targets) > 1 and bool((targets == targets[0]).all())


def _first_bad(values: NDArray[np.generic]) -> str:
    numbers = values.astype(np.float64)
    return str(numbers[~np.isfinite(numbers)][0])
