"""From measurements to scores: numbers in [0, 1], where 1 is as good as a fresh network.

Definitions, edge cases and worked examples are in docs/scores.md.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from plasticity_bench.evaluation.protocol import Protocol
from plasticity_bench.results import LearnerOnStream, Results, Run, RunTable


@dataclass(frozen=True)
class Means:
    """What a score is computed from: a run's measurements, each averaged over the scored tasks.

    Attributes:
        accuracy: at the end of a task; of regression, R squared.
        curvature: the headline curvature rank at its start.
        dead_rank: the rank that a dead network would have.
        chance: the accuracy without learning.
        diverged: whether the replica diverged.
        seconds: the replica's share of its population's wall time, training and measuring.
    """

    accuracy: float
    curvature: float
    dead_rank: float
    chance: float
    diverged: bool
    seconds: float


@dataclass(frozen=True)
class Score:
    """The scores of one run, against the reference's run of the same stream and seed.

    Attributes:
        trainability: in [0, 1].
        retention: curvature retention, in [0, 1]; NaN where the reference has none.
        retention_raw: before clipping.
        accuracy: mean end-of-task accuracy over the scored tasks; of regression, R squared.
        curvature: mean curvature rank over the scored tasks.
        diverged: whether the replica diverged; its scores are then 0, where there are any.
        seconds: the replica's share of its population's wall time, training and measuring.
    """

    trainability: float
    retention: float
    retention_raw: float
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
    wanted = (
        (run_table.task_metric, "end"),
        (protocol.curvature_name, "start"),
        ("dead_rank", "start"),
        ("chance", "start"),
    )
    columns = (run_table.means(name, when, tasks).tolist() for name, when in wanted)
    diverged = (status == "diverged" for status in run_table.statuses)
    yield from map(Means, *columns, diverged, run_table.seconds)


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
    learner: Mapping[int, Means], reference: Mapping[int, Means]
) -> dict[int, Score]:
    """Return the score of each seed that the reference has too."""
    return {seed: score(learner[seed], reference[seed]) for seed in learner if seed in reference}


def score(learner: Means, reference: Means) -> Score:
    """Return the scores of a run against the reference's run of the same stream and seed.

    A diverged replica counts as a dead network, where there is anything to lose.
    """
    accuracy = reference.chance if learner.diverged else learner.accuracy
    rank = reference.dead_rank if learner.diverged else learner.curvature
    return Score(
        trainability=clipped(fraction(accuracy, reference.chance, reference.accuracy)),
        retention=clipped(fraction(rank, reference.dead_rank, reference.curvature)),
        retention_raw=fraction(learner.curvature, reference.dead_rank, reference.curvature),
        accuracy=learner.accuracy,
        curvature=learner.curvature,
        diverged=learner.diverged,
        seconds=learner.seconds,
    )


def fraction(value: float, floor: float, reference: float) -> float:
    r"""Return $(value - floor) / (reference - floor)$, the share of the reference's gain.

    NaN where the reference gains nothing: there is then no plasticity to lose.
    """
    if not reference > floor:
        return math.nan
    return (value - floor) / (reference - floor)


def clipped(value: float) -> float:
    """Return a fraction as a score, within [0, 1]; NaN stays NaN."""
    return value if math.isnan(value) else min(max(value, 0.0), 1.0)
