"""From measurements to scores: numbers in [0, 1], where 1 is as good as a fresh network.

Definitions, edge cases and worked examples stand in docs/scores.md.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from plasticity_bench.protocol import Protocol, scored_tasks
from plasticity_bench.results import CellResult


@dataclass(frozen=True)
class Score:
    """What one member is worth on one stream, against the reference of the same seed.

    Attributes:
        trainability: in [0, 1].
        retention: curvature retention, in [0, 1]; not a number where the reference has none.
        retention_raw: before clipping.
        accuracy: mean end-of-task accuracy over the scored tasks.
        curvature: mean curvature rank over the scored tasks.
        diverged: whether the member diverged; it then scores 0.
        seconds: the member's share of its population's wall time, training and measuring.
    """

    trainability: float
    retention: float
    retention_raw: float
    accuracy: float
    curvature: float
    diverged: bool
    seconds: float


def score(
    result: CellResult, reference: CellResult, protocol: Protocol, num_tasks: int, num_classes: int
) -> Score:
    """Score a cell against the reference's cell of the same stream and seed."""
    tasks = scored_tasks(num_tasks)

    def mean(cell: CellResult, name: str, when: str) -> float:
        return mean_over(cell.series(name, when), tasks)

    accuracy = mean(result, "accuracy", "end")
    curvature = mean(result, protocol.curvature_name, "start")
    fresh_curvature = mean(reference, protocol.curvature_name, "start")
    raw = fraction(curvature, num_classes - 1, fresh_curvature)
    chance, fresh_accuracy = mean(reference, "chance", "start"), mean(reference, "accuracy", "end")
    trained = fraction(accuracy, chance, fresh_accuracy)
    diverged = result.info["status"] == "diverged"
    return Score(
        trainability=0.0 if diverged else clipped(trained),
        retention=0.0 if diverged else clipped(raw),
        retention_raw=raw,
        accuracy=accuracy,
        curvature=curvature,
        diverged=diverged,
        seconds=result.info["seconds"]["train"] + result.info["seconds"]["measure"],
    )


def mean_over(series: Mapping[int, float], tasks: Sequence[int]) -> float:
    """Return the mean of a measurement over tasks."""
    return sum(series[task] for task in tasks) / len(tasks)


def fraction(value: float, floor: float, reference: float) -> float:
    """Return (value - floor) / (reference - floor), how much of the reference's gain is kept.

    Not a number where the reference gains nothing: there is then no plasticity to lose.
    """
    if not reference > floor:
        return math.nan
    return (value - floor) / (reference - floor)


def clipped(value: float) -> float:
    """Return a fraction as a score: within [0, 1]; not a number stays so."""
    return value if math.isnan(value) else min(max(value, 0.0), 1.0)
