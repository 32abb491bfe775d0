"""The scores of a report: each learner on each stream."""

import math
from collections.abc import Sequence

from plasticity_bench.report.model import ScoreRow
from plasticity_bench.report.numbers import bounds_or_none, number, numbers
from plasticity_bench.scores import Score
from plasticity_bench.statistics import bootstrap_mean
from plasticity_bench.stored_scores import Place


def rows(
    scores: dict[Place, dict[int, Score]], streams: Sequence[str], learners: Sequence[str]
) -> list[ScoreRow]:
    """Return a row for each learner on each stream that it was run on."""
    return [
        _row(streams.index(stream), learners.index(learner), of_seed)
        for (stream, learner), of_seed in scores.items()
    ]


def _row(stream: int, learner: int, of_seed: dict[int, Score]) -> ScoreRow:
    own = list(of_seed.values())
    return ScoreRow(
        stream=stream,
        learner=learner,
        seeds=list(of_seed),
        points=[numbers((s.trainability, s.retention)) for s in own],
        trainability=bounds_or_none(bootstrap_mean([s.trainability for s in own]) if own else None),
        retention=bounds_or_none(bootstrap_mean([s.retention for s in own]) if own else None),
        accuracy=number(_mean([s.accuracy for s in own])),
        curvature=number(_mean([s.curvature for s in own])),
        seconds=number(_mean([s.seconds for s in own])),
        diverged=sum(s.diverged for s in own),
    )


def _mean(values: Sequence[float]) -> float:
    """Mean of those that are known."""
    known = [value for value in values if not math.isnan(value)]
    return sum(known) / len(known) if known else math.nan
