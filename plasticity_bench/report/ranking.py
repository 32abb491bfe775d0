"""Places in a report's table, as in the leaderboard: tie groups, and the reference apart."""

import math
from collections.abc import Mapping, Sequence

import numpy as np

from plasticity_bench.results import LearnerOnStream
from plasticity_bench.scoring import stored_scores
from plasticity_bench.scoring.ranking import rank_rows
from plasticity_bench.scoring.scores import Score
from plasticity_bench.statistics import Rank

Scores = Mapping[LearnerOnStream, Mapping[int, Score]]


def places(
    scores: Scores, streams: Sequence[str], learners: Sequence[str], reference: str
) -> dict[str, Rank | None]:
    """Return learners as the leaderboard has them: the reference, the ranked, the incomplete.

    Args:
        scores: by stream and learner, of each seed.
        streams: labels of those that count, together.
        learners: labels.
        reference: the label of the learner that scores are relative to.

    Returns:
        their ranks as `statistics.ranks` has them, in order; None for the reference, and for
        learners that lack seeds which another one has.
    """
    on_streams = {group: dict(of_seed) for group, of_seed in scores.items() if group[0] in streams}
    by_mean = stored_scores.ranked(on_streams, learners)
    ranks = _ranks(scores, streams, [label for label in by_mean if label != reference])

    def key(label: str) -> float:
        return 0 if label == reference else ranks[label].rank if label in ranks else math.inf

    return {label: ranks.get(label) for label in sorted(by_mean, key=key)}


def _ranks(scores: Scores, streams: Sequence[str], learners: Sequence[str]) -> dict[str, Rank]:
    """Of those that have all seeds."""
    seeds = {
        stream: set[int]().union(
            *(scores.get(LearnerOnStream(stream, label), {}) for label in learners)
        )
        for stream in streams
    }
    complete = [
        label
        for label in learners
        if all(
            stream_seeds and stream_seeds <= set(scores.get(LearnerOnStream(stream, label), {}))
            for stream, stream_seeds in seeds.items()
        )
    ]
    shared = sorted(set.intersection(*seeds.values()))
    rows = [
        np.array(
            [
                [scores[LearnerOnStream(stream, label)][seed].trainability for seed in shared]
                for stream in streams
            ]
        )
        for label in complete
    ]
    return dict(zip(complete, rank_rows(rows), strict=True))
