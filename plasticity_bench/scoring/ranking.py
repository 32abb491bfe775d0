"""Ranks of learners by their trainability, with tie groups."""

from collections.abc import Sequence

import numpy as np

from plasticity_bench.statistics import Rank, known, ranks
from plasticity_bench.statistics.aggregates import Array


def common(scores: Sequence[Array]) -> list[Array]:
    """Return scores, (streams, seeds) each, on the streams and seeds that all rows have.

    Args:
        scores: (streams, seeds) each, of the same streams; seeds are 0, 1, ... NaN where the
            reference gains nothing.
    """
    num_seeds = min(row.shape[1] for row in scores)
    stacked = np.stack([row[:, :num_seeds] for row in scores], axis=1)  # (streams, rows, seeds)
    return list(np.moveaxis(known(stacked), 0, 1))


def rank_rows(scores: Sequence[Array]) -> list[Rank]:
    """Return the rank of each row; all are alike if the reference gains nothing on any stream.

    Args:
        scores: as of `common`.
    """
    if not scores:
        return []
    values = np.stack(common(scores))
    if values.size == 0:
        return [Rank(1, 1, len(scores))] * len(scores)
    return ranks(values)
