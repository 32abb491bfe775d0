"""From measurements to scores: numbers in [0, 1], where 1 is as good as a fresh network.

Definitions, edge cases and worked examples stand in docs/scores.md.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from plasticity_bench.evaluation.protocol import Protocol
from plasticity_bench.results import Block, Cell, Results


@dataclass(frozen=True)
class Means:
    """What a score is computed from: a cell's measurements, each averaged over the scored tasks.

    Attributes:
        accuracy: at the end of a task; of regression, R squared.
        curvature: the headline curvature rank at its start.
        dead_rank: the rank that a dead network would have.
        chance: the accuracy without learning.
        diverged: whether the member diverged.
        seconds: the member's share of its population's wall time, training and measuring.
    """

    accuracy: float
    curvature: float
    dead_rank: float
    chance: float
    diverged: bool
    seconds: float


@dataclass(frozen=True)
class Score:
    """What one member is worth on one stream, against the reference of the same seed.

    Attributes:
        trainability: in [0, 1].
        retention: curvature retention, in [0, 1]; not a number where the reference has none.
        retention_raw: before clipping.
        accuracy: mean end-of-task accuracy over the scored tasks; of regression, R squared.
        curvature: mean curvature rank over the scored tasks.
        diverged: whether the member diverged; its scores are then 0, where there are any.
        seconds: the member's share of its population's wall time, training and measuring.
    """

    trainability: float
    retention: float
    retention_raw: float
    accuracy: float
    curvature: float
    diverged: bool
    seconds: float


def means(block: Block, protocol: Protocol, tasks: Sequence[int]) -> Iterator[Means]:
    """Yield what the scores of a block's cells are computed from, in the block's order.

    Args:
        block: cells of one stream.
        protocol: that they were run under.
        tasks: the stream's scored tasks.
    """
    wanted = (
        (block.attainment, "end"),
        (protocol.curvature_name, "start"),
        ("dead_rank", "start"),
        ("chance", "start"),
    )
    columns = (block.means(name, when, tasks).tolist() for name, when in wanted)
    diverged = (status == "diverged" for status in block.statuses)
    yield from map(Means, *columns, diverged, block.seconds)


def means_by_key(
    results: Results, place: tuple[str, str], protocol: Protocol, tasks: Sequence[int]
) -> dict[str, Means]:
    """Return what scores are computed from, of every finished cell of one stream and learner.

    Args:
        results: where they are.
        place: the labels of stream and learner.
        protocol: that they were run under.
        tasks: the stream's scored tasks.
    """
    found: dict[str, Means] = {}
    for block in results.blocks(*place):
        found.update(zip(block.keys, means(block, protocol, tasks), strict=True))
    return found


def means_by_seed(
    results: Results, cells: Sequence[Cell], protocol: Protocol, tasks: Sequence[int]
) -> dict[int, Means]:
    """Return what the scores of those cells are computed from that are finished.

    Args:
        results: where they are.
        cells: of one stream and learner, one for each seed.
        protocol: that they were run under.
        tasks: the stream's scored tasks.
    """
    if not cells:
        return {}
    found = means_by_key(results, (cells[0].stream, cells[0].learner), protocol, tasks)
    return {cell.seed: found[cell.key] for cell in cells if cell.key in found}


def scores_by_seed(own: Mapping[int, Means], reference: Mapping[int, Means]) -> dict[int, Score]:
    """Return the score of each seed that the reference has, too."""
    return {seed: score(own[seed], reference[seed]) for seed in own if seed in reference}


def score(own: Means, reference: Means) -> Score:
    """Score a cell against the reference's cell of the same stream and seed.

    What diverged is worth as much as a dead network, where there is anything to lose.
    """
    accuracy = reference.chance if own.diverged else own.accuracy
    rank = reference.dead_rank if own.diverged else own.curvature
    return Score(
        trainability=clipped(fraction(accuracy, reference.chance, reference.accuracy)),
        retention=clipped(fraction(rank, reference.dead_rank, reference.curvature)),
        retention_raw=fraction(own.curvature, reference.dead_rank, reference.curvature),
        accuracy=own.accuracy,
        curvature=own.curvature,
        diverged=own.diverged,
        seconds=own.seconds,
    )


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
