"""Checks of a user's stream: `check_stream`."""

import random
import warnings
from collections.abc import Callable

import numpy as np
from gymnasium.utils.env_checker import check_env
from numpy.typing import NDArray

from plasticity_bench.checks.unseen import check_stream_code
from plasticity_bench.errors import StreamError
from plasticity_bench.streams import Stream, Task, stream_of
from plasticity_bench.streams.env import StreamEnv
from plasticity_bench.streams.statements import check_parameters
from plasticity_bench.streams.validation import (
    checked_batches,
    inputs_problem,
    parts_problem,
    task_problem,
)

SEEDS = (0, 1)
MOST_TASKS = 100
"""Tasks of a seed whose contents are checked, evenly spaced."""

Check = Callable[[str, Stream], None]


def check_stream(stream: str | Stream, **parameters: object) -> None:
    """Check a stream against the rules that results rely on.

    Its tasks have the stated sizes, with targets and inputs in range; any task of any seed can be
    made independently, in any order, and is the same each time; seeds differ, and tasks change
    unless the stream is stationary on purpose; nothing is drawn from global random generators;
    nothing is read from files or the environment, except by the functions of a `Source`, and no
    global is changed; held-out examples are not trained on; and it is a valid gymnasium
    environment. Up to 100 tasks of two seeds are checked
    for their contents, and the first, second, middle and last for everything else.

    Args:
        stream: an id, or a stream.
        **parameters: that replace the registered ones of an id.

    Raises:
        StreamError: which rule it breaks, in one sentence.
        BadInputError: if it is unknown, or its data set is missing.
    """
    made = stream_of(stream, **parameters)
    name = stream if isinstance(stream, str) else type(stream).__name__
    for check in CHECKS:
        check(name, made)


def check_tasks(name: str, stream: Stream) -> None:
    """Tasks have the stated sizes, with targets and inputs in range."""
    for seed in SEEDS:
        some = np.linspace(0, stream.num_tasks - 1, min(stream.num_tasks, MOST_TASKS)).astype(int)
        for index in some.tolist():
            where = f"{name}: task({seed}, {index})"
            task = stream.task(seed, index)
            if not isinstance(task, Task):
                raise StreamError(f"{where} must return a Task, not {type(task).__name__}.")
            problem = task_problem(stream, task, stream.size(index), index)
            if problem is None and task.examples is not None:
                problem = inputs_problem(stream, stream.inputs(task.examples[:256]))
            if problem:
                raise StreamError(f"{where} {problem}.")


def check_parts(name: str, stream: Stream) -> None:
    """Tasks of all seeds have the same parts."""
    for index in _indices(stream):
        tasks = {f"task({seed}, {index})": stream.task(seed, index) for seed in SEEDS}
        if problem := parts_problem(tasks):
            raise StreamError(f"{name}: {problem}.")


def check_batches(_name: str, stream: Stream) -> None:
    """Every update has a batch of the task's examples."""
    for index in _indices(stream):
        checked_batches(stream, 0, index)


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
    """Seeds differ, and tasks change unless the stream is stationary on purpose."""
    if _equal(_arrays(stream, 0, 0), _arrays(stream, 1, 0)):
        raise StreamError(f"{name}: task 0 of seed 0 and of seed 1 are the same.")
    indices = _indices(stream)
    if (
        len(indices) > 1
        and not stream.is_stationary
        and all(
            _equal(_contents(stream.task(0, 0)), _contents(stream.task(0, i))) for i in indices[1:]
        )
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


def check_environment(name: str, stream: Stream) -> None:
    """It is a valid gymnasium environment."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            environment = StreamEnv(stream)
            # check_env's first reset has no seed: it continues from this one, equal in every check.
            environment.reset(seed=0)
            check_env(environment, skip_render_check=True)
        except Exception as error:
            raise StreamError(f"{name}: as an environment, {error}") from error


CHECKS: tuple[Check, ...] = (
    check_stream_code,
    check_parameters,
    check_tasks,
    check_parts,
    check_batches,
    check_pure,
    check_varies,
    check_held_out,
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
