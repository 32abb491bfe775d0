"""What is known before each task of stored runs, and how well later tasks are then learnt.

Before task k, the measurements at its start are known, and how well task k - 1 was learnt. What
follows is the trainability on tasks k + 1 to k + M, M being how many tasks ahead is predicted.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from plasticity_bench.errors import BadInputError
from plasticity_bench.results import Run, RunResult, Selection
from plasticity_bench.scoring.associations import NOT_EXPLANATIONS, known_before_tasks
from plasticity_bench.scoring.scores import shares
from plasticity_bench.statistics.aggregates import Array

TASK_NUMBER = "task number"
LAST_ACCURACY = "accuracy of the last task"
LAST_TRAINABILITY = "trainability of the last task"
PARAMETER_NORM = "parameter_norm"
BASELINES = (TASK_NUMBER, LAST_ACCURACY, LAST_TRAINABILITY, PARAMETER_NORM)
"""What every measurement is compared with; the last is a measurement itself."""


@dataclass(frozen=True)
class StreamHistories:
    """All learners but the reference on one stream; NaN where something is unknown.

    Attributes:
        stream: its label.
        tasks: (tasks,), the indices k of the tasks before which something is known.
        outcome: (learners, seeds, tasks), the trainability on tasks k + 1 to k + M.
        predictors: by name, (learners, seeds, tasks), what is known before task k.
        step_sizes: (learners,), NaN of a learner without one.
    """

    stream: str
    tasks: NDArray[np.int64]
    outcome: Array
    predictors: Mapping[str, Array]
    step_sizes: Array


@dataclass(frozen=True)
class Histories:
    """The histories of a selection.

    Attributes:
        learners: labels, without the reference's.
        seeds: of the replicas.
        ahead: M, how many tasks are predicted.
        streams: those that have more than M + 1 tasks.
        too_short: labels of the streams that do not.
    """

    learners: tuple[str, ...]
    seeds: tuple[int, ...]
    ahead: int
    streams: tuple[StreamHistories, ...]
    too_short: tuple[str, ...]


Labels = tuple[str, ...]
Pairs = Sequence[tuple[Run, RunResult]]


def histories(selection: Selection, learners: Sequence[str], ahead: int) -> Histories:
    """Return the histories of some learners' finished runs.

    Args:
        selection: of results, with the reference's runs.
        learners: labels; the reference is left out, and who has no finished run.
        ahead: M, how many tasks are predicted, at least 1.

    Raises:
        BadInputError: if there are no runs of the reference or of another learner, if all streams
            are too short, or if nothing was measured at a task's start.
    """
    selection.check_reference()
    finished = {run.learner for run, _ in selection.finished}
    others = tuple(one for one in learners if one in finished and one != selection.reference)
    if not others:
        raise BadInputError(
            f"There is nothing to predict: outcomes are relative to {selection.reference!r}, the "
            "reference, and no other learner has finished runs here."
        )
    wanted = {*others, selection.reference}
    of_stream: dict[str, list[tuple[Run, RunResult]]] = {}
    for run, result in selection.finished:
        if run.learner in wanted:
            of_stream.setdefault(run.stream, []).append((run, result))
    num_tasks = {
        stream: max(_num_tasks(result) for _, result in pairs)
        for stream, pairs in of_stream.items()
    }
    long_enough = [stream for stream, number in num_tasks.items() if number >= ahead + 2]
    if not long_enough:
        most = max(num_tasks.values(), default=0)
        raise BadInputError(
            f"--ahead {ahead}: the first two tasks are not predicted, and no stream here has more "
            f"than {max(most - 2, 0)} others."
        )
    seeds = tuple(sorted({run.seed for pairs in of_stream.values() for run, _ in pairs}))
    built = [
        _stream_histories(stream, of_stream[stream], selection.reference, others, seeds, ahead)
        for stream in long_enough
    ]
    if not any(len(one.tasks) for one in built):
        raise BadInputError(
            f"{selection.results.folder} holds nothing that was measured at a task's start."
        )
    too_short = tuple(stream for stream in of_stream if stream not in long_enough)
    return Histories(others, seeds, ahead, tuple(o for o in built if len(o.tasks)), too_short)


@dataclass(frozen=True)
class _Curves:
    """One run by task; from the task on in which it diverges, it is a dead network at chance."""

    accuracy: Array
    gain: Array  # over chance
    alive: Array  # 1, and NaN where it has diverged
    known: Mapping[str, Array]
    measured: set[int]
    step_size: float


def _curves(run: Run, result: RunResult, num_tasks: int) -> _Curves:
    accuracy = _array(result.series(result.task_metric, "end"), num_tasks)
    chance = _array(result.series("chance", "start"), num_tasks)
    dead = np.isnan(accuracy) & (result.info.get("status") == "diverged")
    accuracy = np.where(dead, chance, accuracy)
    known = {name: _array(s, num_tasks) for name, s in known_before_tasks(result).items()}
    alive = np.where(dead, np.nan, 1)
    return _Curves(
        accuracy, accuracy - chance, alive, known, _measured_tasks(result), _step_size(run)
    )


def _known(curves: _Curves, name: str) -> Array:
    return curves.known.get(name, np.full_like(curves.accuracy, np.nan))


def _stream_histories(
    stream: str, pairs: Pairs, reference: str, learners: Labels, seeds: Sequence[int], ahead: int
) -> StreamHistories:
    num_tasks = max(_num_tasks(result) for _, result in pairs)
    curves = {(run.learner, run.seed): _curves(run, result, num_tasks) for run, result in pairs}
    unknown = np.full(num_tasks, np.nan)

    def stacked(series: Callable[[_Curves], Array], labels: Sequence[str] = learners) -> Array:
        return np.array(
            [
                [series(curves[label, s]) if (label, s) in curves else unknown for s in seeds]
                for label in labels
            ]
        )

    gain, control = stacked(lambda c: c.gain), stacked(lambda c: c.gain * c.alive, [reference])
    mine = [c for (label, _), c in curves.items() if label != reference]
    measured = sorted(set().union(*(c.measured for c in mine)))
    tasks = np.array([k for k in measured if 1 <= k < num_tasks - ahead], dtype=np.int64)
    before: dict[str, Array] = {
        TASK_NUMBER: np.broadcast_to(np.arange(num_tasks, dtype=np.float64), gain.shape),
        LAST_ACCURACY: _before(stacked(lambda c: c.accuracy)),
        LAST_TRAINABILITY: _before(shares(gain, control)),
    }
    for name in dict.fromkeys(name for c in mine for name in c.known):
        before[name] = stacked(partial(_known, name=name))
    alive = _before(stacked(lambda c: c.alive))
    sizes = {label: c.step_size for (label, _), c in curves.items()}
    return StreamHistories(
        stream,
        tasks,
        shares(_mean_after(gain, ahead), _mean_after(control, ahead))[..., tasks],
        {name: (values * alive)[..., tasks] for name, values in before.items()},
        np.array([sizes.get(label, math.nan) for label in learners]),
    )


def _num_tasks(result: RunResult) -> int:
    return int(result.columns["task"].max(initial=-1)) + 1


def _array(series: Mapping[int, float], num_tasks: int) -> Array:
    return np.array([series.get(task, math.nan) for task in range(num_tasks)])


def _measured_tasks(result: RunResult) -> set[int]:
    """The tasks before which its network was measured; what is measured at every end may be more.

    Baselines are then known at the same tasks as most measurements.
    """
    of_network = ~np.isin(result.columns["name"], NOT_EXPLANATIONS)
    at = {w: of_network & (result.columns["when"] == w) for w in ("start", "end")}
    if at["start"].any():
        return set(result.columns["task"][at["start"]].tolist())
    return {task + 1 for task in result.columns["task"][at["end"]].tolist()}


def _step_size(run: Run) -> float:
    """The positive number of this name among its hyperparameters, or NaN."""
    stated = run.identity.get("learner", {}).get("hyperparameters", {}).get("step_size")
    return float(stated) if isinstance(stated, int | float) and stated > 0 else math.nan


def _before(values: Array) -> Array:
    """At k, the value of task k - 1; NaN before the first."""
    return np.concatenate([np.full_like(values[..., :1], np.nan), values[..., :-1]], axis=-1)


def _mean_after(values: Array, ahead: int) -> Array:
    """At k, the mean over tasks k + 1 to k + ahead; NaN where there are not so many."""
    num_tasks = values.shape[-1]
    means = np.full_like(values, np.nan)
    for k in range(num_tasks - ahead):
        means[..., k] = values[..., k + 1 : k + 1 + ahead].mean(-1)
    return means
