"""From measurements to scores: ratios to two controls, never clipped.

Definitions, edge cases and worked examples are in docs/scores.md.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from plasticity_bench.evaluation.protocol import Protocol
from plasticity_bench.results import LearnerOnStream, Results, Run, RunTable
from plasticity_bench.statistics.aggregates import Array

NO_GAIN = 1e-6
"""A control that gains no more has gained nothing. Measured accuracies are means in float32, which
round by up to 6e-8, and chance is exact: a network at chance can seem to be above it."""

SCORES = {
    "trainability": "trainability",
    "retained": "retained_plasticity",
    "curvature": "curvature_retention",
    "online": "online_accuracy",
    "test": "test_accuracy",
    "time": "updates_to_target",
}
"""What users call the scores, and the attribute of `Score`: the name in data frames and CSV."""

WORDS = {
    "trainability": "trainability",
    "retained": "retained plasticity",
    "curvature": "curvature retention",
    "online": "online accuracy",
    "test": "test accuracy",
    "time": "updates to the target",
}
"""The same, in sentences."""


@dataclass(frozen=True)
class Means:
    """What a score is computed from: a run's measurements, each averaged over the scored tasks.

    For regression, R squared takes the place of accuracy. NaN where something was not measured.

    Attributes:
        accuracy: at the end of a task.
        curvature: the headline curvature rank at its start.
        dead_rank: the rank that a dead network would have.
        chance: the accuracy without learning.
        diverged: whether the replica diverged.
        seconds: the replica's share of its population's wall time, training and measuring.
        online_accuracy: of the batches before their updates, over all tasks of the run; chance from
            the task on in which the replica diverged.
        test_accuracy: on held-out examples at the end of a task; chance if the replica diverged.
        updates_to_target: updates until a task is learnt; NaN if one of the tasks is not.
    """

    accuracy: float
    curvature: float
    dead_rank: float
    chance: float
    diverged: bool
    seconds: float
    online_accuracy: float = math.nan
    test_accuracy: float = math.nan
    updates_to_target: float = math.nan


@dataclass(frozen=True)
class Score:
    """The scores of one run; NaN where one is undefined.

    Attributes:
        trainability: what is learnt in the end, relative to the reference.
        retained_plasticity: the same, relative to the learner's own fresh copy.
        curvature_retention: the curvature rank, relative to the own fresh copy.
        online_accuracy: of the batches before their updates, over the whole stream.
        test_accuracy: on held-out examples at the end of the scored tasks.
        updates_to_target: until a scored task is learnt, the mean; NaN if one is not.
        curvature_to_reference: the curvature rank, relative to the reference.
        accuracy: mean end-of-task accuracy over the scored tasks; of regression, R squared.
        curvature: mean curvature rank over the scored tasks.
        diverged: whether the replica diverged; it then counts as a dead network.
        seconds: the replica's share of its population's wall time, training and measuring.
    """

    trainability: float
    retained_plasticity: float
    curvature_retention: float
    online_accuracy: float
    test_accuracy: float
    updates_to_target: float
    curvature_to_reference: float
    accuracy: float
    curvature: float
    diverged: bool
    seconds: float


def means(run_table: RunTable, protocol: Protocol, tasks: Sequence[int]) -> Iterator[Means]:
    """Yield what the scores of a table's runs are computed from, in the table's order.

    Args:
        run_table: runs of one stream.
        protocol: that they were run under.
        tasks: the stream's scored tasks.
    """
    metric = run_table.task_metric
    wanted = (
        (metric, "end"),
        (protocol.curvature_name, "start"),
        ("dead_rank", "start"),
        ("chance", "start"),
    )
    columns = [run_table.means(name, when, tasks).tolist() for name, when in wanted]
    diverged = [status == "diverged" for status in run_table.statuses]
    online = _online(run_table, diverged)
    test = _test(run_table, diverged, tasks)
    time = run_table.means("updates_to_target", "during", tasks).tolist()
    yield from map(Means, *columns, diverged, run_table.seconds, online, test, time)


def means_by_key(
    results: Results, group: LearnerOnStream, protocol: Protocol, tasks: Sequence[int]
) -> dict[str, Means]:
    """Return what scores are computed from, for every finished run of one stream and learner.

    Args:
        results: where the runs are.
        group: the labels of stream and learner.
        protocol: that they were run under.
        tasks: the stream's scored tasks.
    """
    by_key: dict[str, Means] = {}
    for run_table in results.run_tables(*group):
        by_key.update(zip(run_table.keys, means(run_table, protocol, tasks), strict=True))
    return by_key


def means_by_seed(
    results: Results, runs: Sequence[Run], protocol: Protocol, tasks: Sequence[int]
) -> dict[int, Means]:
    """Return what the scores of those runs are computed from that are finished.

    Args:
        results: where they are.
        runs: of one stream and learner, one for each seed.
        protocol: that they were run under.
        tasks: the stream's scored tasks.
    """
    if not runs:
        return {}
    by_key = means_by_key(results, runs[0].group, protocol, tasks)
    return {run.seed: by_key[run.key] for run in runs if run.key in by_key}


def scores_by_seed(
    learner: Mapping[int, Means],
    reference: Mapping[int, Means],
    own_fresh: Mapping[int, Means],
) -> dict[int, Score]:
    """Return the score of each seed that the reference has too."""
    return {
        seed: score(learner[seed], reference[seed], own_fresh.get(seed))
        for seed in learner
        if seed in reference
    }


def score(learner: Means, reference: Means, own_fresh: Means | None = None) -> Score:
    """Return the scores of a run against its controls, runs of the same stream and seed.

    Args:
        learner: the run. If it diverged, it counts as a dead network: at chance, with the rank that
            such a network keeps.
        reference: a fresh, tuned network.
        own_fresh: the learner's own fresh copy; None where there is none. One that diverged has
            learnt nothing to compare with.
    """
    accuracy = reference.chance if learner.diverged else learner.accuracy
    rank = reference.dead_rank if learner.diverged else learner.curvature
    copy = None if own_fresh is None or own_fresh.diverged else own_fresh
    return Score(
        trainability=fraction(accuracy, reference.chance, reference.accuracy),
        retained_plasticity=fraction(accuracy, copy.chance, copy.accuracy) if copy else math.nan,
        curvature_retention=fraction(rank, copy.dead_rank, copy.curvature) if copy else math.nan,
        online_accuracy=learner.online_accuracy,
        test_accuracy=learner.test_accuracy,
        updates_to_target=learner.updates_to_target,
        curvature_to_reference=fraction(rank, reference.dead_rank, reference.curvature),
        accuracy=learner.accuracy,
        curvature=learner.curvature,
        diverged=learner.diverged,
        seconds=learner.seconds,
    )


def fraction(value: float, floor: float, control: float) -> float:
    r"""Return $(value - floor) / (control - floor)$, the share of the control's gain.

    NaN where the control gains nothing, `NO_GAIN`: there is then no plasticity to lose.
    """
    gain = control - floor
    return (value - floor) / gain if gain > NO_GAIN else math.nan


def shares(gain: Array, control: Array) -> Array:
    """Return the share of the control's gain, as `fraction` does, of arrays that broadcast."""
    return np.asarray(gain / np.where(control > NO_GAIN, control, np.nan))


def _online(run_table: RunTable, diverged: Sequence[bool]) -> list[float]:
    """Each run's mean online metric over all of its tasks; from divergence on, chance."""
    name = f"online_{run_table.task_metric}"
    values: list[float] = run_table.means(name, "during", None).tolist()
    for index in np.flatnonzero(diverged).tolist():
        result = run_table.result(index)
        online, chance = result.series(name, "during"), result.series("chance", "start")
        filled = [chance.get(t, math.nan) if math.isnan(v) else v for t, v in online.items()]
        values[index] = float(np.mean(filled)) if filled else math.nan
    return values


def _test(run_table: RunTable, diverged: Sequence[bool], tasks: Sequence[int]) -> list[float]:
    """Each run's mean test metric over tasks; if it diverged, chance. NaN without a test part."""
    name = f"test_{run_table.task_metric}"
    values = run_table.means(name, "end", tasks)
    if name in run_table.names:
        values = np.where(diverged, run_table.means("chance", "start", tasks), values)
    means: list[float] = values.tolist()
    return means
