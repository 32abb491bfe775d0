"""The tolerance for the score of a run that is run again.

Runs on a CPU are bit-identical. A GPU rounds sums in another order, training amplifies that, and a
single seed's score moves. How far was measured by running every baseline of the quick suite twice,
with two orders of rounding.
"""

import math
from collections.abc import Sequence

from plasticity_bench.scoring.scores import Score

RUN_TOLERANCE = 0.5
"""Of one run: the largest of 360 differences of the calibration was 0.49."""

MEAN_OF_ONE = 0.3
"""Of the mean over n runs, this divided by the square root of n: three standard deviations."""


COMPARED = (
    "trainability",
    "retained_plasticity",
    "curvature_retention",
    "curvature_to_reference",
    "online_accuracy",
)


def agree(stated: Score, rerun: Score) -> bool:
    """Return whether one run was reproduced."""
    if stated.diverged != rerun.diverged:
        return False
    return all(abs(one) <= RUN_TOLERANCE for one in _differences(stated, rerun))


def runs_agree(pairs: Sequence[tuple[Score, Score]]) -> bool:
    """Return whether runs were reproduced on average; edited scores deviate to one side."""
    columns = zip(*(_differences(*pair) for pair in pairs), strict=True)
    bound = MEAN_OF_ONE / math.sqrt(len(pairs))
    return all(abs(sum(column) / len(pairs)) <= bound for column in columns)


def _differences(stated: Score, rerun: Score) -> list[float]:
    """In each score that tables rank or show by default."""
    return [_difference(getattr(stated, name), getattr(rerun, name)) for name in COMPARED]


def _difference(stated: float, rerun: float) -> float:
    if math.isnan(stated) and math.isnan(rerun):
        return 0.0
    return math.inf if math.isnan(stated) or math.isnan(rerun) else rerun - stated
