"""The scores of a report: each learner on each stream."""

import math
from collections.abc import Sequence

from plasticity_bench.report import ranking
from plasticity_bench.report.comparisons import SCORES, matrix, selections
from plasticity_bench.report.model import Bounds, ScoreRow
from plasticity_bench.report.numbers import bounds_or_none, number, numbers
from plasticity_bench.results import LearnerOnStream
from plasticity_bench.scoring.scores import Score
from plasticity_bench.statistics import mean_interval


def rows(
    scores: dict[LearnerOnStream, dict[int, Score]],
    streams: Sequence[str],
    learners: Sequence[str],
    reference: str,
) -> list[ScoreRow]:
    """Return a row for each learner on all streams together, then on each that it was run on.

    Args:
        scores: by stream and learner, of each seed.
        streams: their labels.
        learners: their labels, the best over all streams first.
        reference: the label of the learner that scores are relative to.
    """
    score_rows = []
    for stream, labels in selections(streams):
        for label, rank in ranking.places(scores, labels, learners, reference).items():
            row = (
                _overall(scores, streams, learners.index(label), label)
                if stream is None
                else _row(
                    stream,
                    learners.index(label),
                    scores.get(LearnerOnStream(streams[stream], label)),
                )
            )
            if row:
                row["rank"] = None if rank is None else [rank.rank, rank.low, rank.high]
                score_rows.append(row)
    return score_rows


def _overall(
    scores: dict[LearnerOnStream, dict[int, Score]],
    streams: Sequence[str],
    learner: int,
    label: str,
) -> ScoreRow | None:
    """The mean over streams, of seeds that are finished on all."""
    runs = {name: matrix(scores, streams, [label], name) for name in SCORES}
    intervals = {
        name: None if of_learner is None else bounds_or_none(mean_interval(of_learner[0]))
        for name, of_learner in runs.items()
    }
    if not any(intervals.values()):
        return None
    of_learner = [
        score for stream in streams for score in scores[LearnerOnStream(stream, label)].values()
    ]
    shared = set.intersection(*(set(scores[LearnerOnStream(stream, label)]) for stream in streams))
    return ScoreRow(
        stream=None,
        learner=learner,
        rank=None,
        seeds=sorted(shared),
        points=[],
        trainability=intervals["trainability"],
        retained_plasticity=intervals["retained_plasticity"],
        curvature_retention=intervals["curvature_retention"],
        accuracy=None,
        curvature=None,
        seconds=number(_mean([score.seconds for score in of_learner])),
        diverged=sum(score.diverged for score in of_learner),
    )


def _row(stream: int, learner: int, of_seed: dict[int, Score] | None) -> ScoreRow | None:
    if of_seed is None:
        return None
    seed_scores = list(of_seed.values())
    return ScoreRow(
        stream=stream,
        learner=learner,
        rank=None,
        seeds=list(of_seed),
        points=[numbers((s.trainability, s.curvature_retention)) for s in seed_scores],
        trainability=_bounds([s.trainability for s in seed_scores]),
        retained_plasticity=_bounds([s.retained_plasticity for s in seed_scores]),
        curvature_retention=_bounds([s.curvature_retention for s in seed_scores]),
        accuracy=number(_mean([s.accuracy for s in seed_scores])),
        curvature=number(_mean([s.curvature for s in seed_scores])),
        seconds=number(_mean([s.seconds for s in seed_scores])),
        diverged=sum(s.diverged for s in seed_scores),
    )


def _bounds(values: Sequence[float]) -> Bounds | None:
    """Mean and interval of those that are known, as in the table."""
    return bounds_or_none(mean_interval([value for value in values if not math.isnan(value)]))


def _mean(values: Sequence[float]) -> float:
    """Mean of those that are known."""
    known = [value for value in values if not math.isnan(value)]
    return sum(known) / len(known) if known else math.nan
