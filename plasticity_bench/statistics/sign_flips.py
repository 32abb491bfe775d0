"""Tests of paired differences, corrected so that rarely any of many is falsely significant."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from plasticity_bench.statistics.aggregates import Array, over_streams

ALPHA = 0.05
"""A difference is significant if its corrected p value is below this."""

FLIPS = 2**14
"""Sign flips of a test: up to 14 seeds all of them, beyond that a random sample."""

BLOCK = 2**22
"""Numbers that are flipped at a time."""

ROUNDING = 1e-9
"""Flips whose statistics differ by less are equally far from 0."""


def sign_flip_p_values(rows: Sequence[ArrayLike], flips: int = FLIPS, seed: int = 0) -> list[float]:
    r"""Return the p value of each row of paired differences, corrected for all rows.

    If two learners are alike, each seed is as likely to differ in the one direction as in the
    other. Of one row, the p value is that of Fisher's sign-flip test: the share of sign flips whose
    mean is at least as far from 0. Of several, it is corrected by step-down maxima: Westfall and
    Young (1993), *Resampling-Based Multiple Testing*, algorithm 2.8; Romano and Wolf (2005), J.
    Amer. Statist. Assoc. 100(469). The signs of a seed are flipped in all rows together, so that
    rows stay as correlated as they are. The statistic of a row is
    $\lvert\sum_s d_s\rvert / \sqrt{\sum_s d_s^2}$, which grows with Student's t. A row's p value is
    the share of flips in which the largest statistic, of this row and all that are nearer to 0, is
    at least the row's own; and it is not below that of a row farther from 0.

    Args:
        rows: (seeds,) or (streams, seeds) each, all finite; one seed has one place in all rows,
            unless rows lack seeds.
        flips: of the signs, at most; all are tried if there are no more.
        seed: of the random flips.
    """
    if not rows:
        return []
    statistics, signs = _scaled(rows), _signs(max(np.shape(r)[-1] for r in rows), flips, seed)
    order = np.argsort(-np.abs(statistics.sum(axis=-1)), kind="stable")
    statistics = statistics[order]  # the farthest from 0 first
    least = np.abs(statistics.sum(axis=-1, keepdims=True)) - ROUNDING
    counts = np.zeros(len(order))
    for block in np.array_split(signs, math.ceil(len(signs) * len(order) / BLOCK)):
        flipped = np.abs(statistics @ block.T)  # (rows, flips)
        maxima = np.maximum.accumulate(flipped[::-1])[::-1]  # over a row and those after it
        counts += (maxima >= least).sum(axis=-1)
    p_values = np.empty(len(order))
    p_values[order] = np.maximum.accumulate(counts / len(signs))
    return [float(p) for p in p_values]


def _scaled(rows: Sequence[ArrayLike]) -> Array:
    """Differences over the root of the sum of their squares, (rows, seeds).

    A row that lacks seeds has zeros for them: they add nothing, whatever their sign.
    """
    of_seeds = [over_streams(row) for row in rows]
    padded = np.zeros((len(rows), max(map(len, of_seeds))))
    for place, values in enumerate(of_seeds):
        padded[place, : len(values)] = values
    sizes = np.sqrt((padded**2).sum(axis=-1, keepdims=True))
    return np.asarray(padded / np.where(sizes > 0, sizes, 1.0))


def _signs(num_seeds: int, flips: int, seed: int) -> Array:
    """All flips of the signs, or a random sample with the one that flips none, (flips, seeds)."""
    if 2**num_seeds <= flips:
        bits = np.arange(2**num_seeds)[:, None] >> np.arange(num_seeds) & 1
    else:
        bits = np.random.default_rng(seed).integers(0, 2, size=(flips, num_seeds))
        bits[0] = 0
    return np.where(bits, -1.0, 1.0)
