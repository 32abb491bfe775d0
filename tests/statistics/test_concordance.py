"""Concordance of matched pairs against a loop."""

import math

import numpy as np
import pytest

from plasticity_bench.statistics import matched_concordance


@pytest.mark.parametrize("seed", range(4))
def test_it_is_the_slow_loop(seed):
    draws = np.random.default_rng(seed)
    x, y, level = draws.integers(0, 4, (3, 4, 12)) / 10
    x[draws.random(x.shape) < 0.1] = np.nan
    found = matched_concordance(x, y, level, 0.1)
    right, number = np.zeros((4, 4)), np.zeros((4, 4))
    for i in range(4):
        for j in range(4):
            for t in range(12):
                if i == j or math.isnan(x[i, t] + x[j, t]) or y[i, t] == y[j, t]:
                    continue
                if round(abs(level[i, t] - level[j, t]), 6) > 0.1:
                    continue
                number[i, j] += 1
                if x[i, t] == x[j, t]:
                    right[i, j] += 0.5
                elif (x[i, t] > x[j, t]) == (y[i, t] > y[j, t]):
                    right[i, j] += 1
    np.testing.assert_array_equal(found.concordant, right)
    np.testing.assert_array_equal(found.matched, number)
    assert number.sum() > 0


def test_a_difference_of_just_the_tolerance_is_matched():
    found = matched_concordance([[1.0], [2.0]], [[1.0], [2.0]], [[0.5], [0.52]], 0.02)
    assert found.matched.tolist() == [[0, 1], [1, 0]]
    assert matched_concordance([[1.0], [2]], [[1.0], [2]], [[0.5], [0.53]], 0.02).matched.sum() == 0
