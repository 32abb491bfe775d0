"""Comparisons of a report: performance profiles, and paired differences."""

from collections.abc import Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from plasticity_bench.report.model import PairRow, ProfileRow
from plasticity_bench.report.numbers import bounds, number, numbers
from plasticity_bench.results import LearnerOnStream
from plasticity_bench.scoring.scores import Score
from plasticity_bench.statistics import (
    known,
    paired_difference,
    performance_profile,
    profile_thresholds,
    sign_flip_p_values,
)

SCORES = ("trainability", "retained_plasticity", "curvature_retention")
THRESHOLDS = 41
RESAMPLES = 2000  # for each threshold of a profile

Scores = dict[LearnerOnStream, dict[int, Score]]


def profiles(scores: Scores, streams: Sequence[str], learners: Sequence[str]) -> list[ProfileRow]:
    """Return every learner's performance profile: over all streams, and on each."""
    rows = []
    for stream, labels in selections(streams):
        for name in SCORES:
            each = [matrix(scores, labels, [label], name) for label in learners]
            thresholds = profile_thresholds([runs for runs in each if runs is not None], THRESHOLDS)
            for learner, runs in enumerate(each):
                if runs is None:
                    continue
                profile = performance_profile(runs[0], thresholds, resamples=RESAMPLES)
                rows.append(
                    ProfileRow(
                        stream=stream,
                        learner=learner,
                        score=name,
                        thresholds=thresholds.round(4).tolist(),
                        share=numbers(profile.share),
                        low=numbers(profile.low),
                        high=numbers(profile.high),
                    )
                )
    return rows


def pairs(scores: Scores, streams: Sequence[str], learners: Sequence[str]) -> list[PairRow]:
    """Return how every two learners differ on the seeds that they share: over all, and on each."""
    rows = []
    for stream, labels in selections(streams):
        for name in SCORES:
            runs = {
                (one, other): matrix(scores, labels, [learners[one], learners[other]], name)
                for one, other in combinations(range(len(learners)), 2)
            }
            compared = {
                places: both
                for places, both in runs.items()
                if both is not None and both.shape[-1] > 1
            }
            corrected = sign_flip_p_values([both[0] - both[1] for both in compared.values()])
            for (places, both), p_value in zip(compared.items(), corrected, strict=True):
                rows.append(_pair(stream, name, places, both, p_value))
    return rows


def matrix(
    scores: Scores, streams: Sequence[str], learners: Sequence[str], name: str
) -> NDArray[np.float64] | None:
    """Return a score of learners on streams, (learners, streams, seeds), of the seeds in all.

    Scores that are NaN are left out, as `statistics.known` does. None if nothing is left.
    """
    groups = [LearnerOnStream(stream, learner) for learner in learners for stream in streams]
    seeds = set.intersection(*(set(scores.get(group, {})) for group in groups))
    values = [getattr(scores[group][seed], name) for group in groups for seed in sorted(seeds)]
    scores_array = np.array(values, dtype=np.float64).reshape(
        len(learners), len(streams), len(seeds)
    )
    if not seeds:
        return None
    kept = np.moveaxis(known(np.moveaxis(scores_array, 1, 0)), 0, 1)
    return kept if kept.size else None


def selections(streams: Sequence[str]) -> list[tuple[int | None, list[str]]]:
    """Return the places and labels of all streams together (None), if several, then of each."""
    each: list[tuple[int | None, list[str]]] = [(i, [name]) for i, name in enumerate(streams)]
    return each if len(streams) == 1 else [(None, list(streams)), *each]


def _pair(
    stream: int | None,
    name: str,
    places: tuple[int, int],
    runs: NDArray[np.float64],
    p_value: float,
) -> PairRow:
    difference = paired_difference(runs[0], runs[1])
    return PairRow(
        stream=stream,
        score=name,
        learner=places[0],
        other=places[1],
        seeds=difference.num_seeds,
        difference=bounds(difference.interval),
        p_value=number(p_value),
        too_few=difference.too_few_seeds,
    )
