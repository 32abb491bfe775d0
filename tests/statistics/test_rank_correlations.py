"""Rank correlations against scipy and against least squares on ranks, and rules for edge cases."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from plasticity_bench.statistics import partial_rank_correlations, rank_correlations

NUMBERS = st.sampled_from([0.0, 1.0, 2.0, 3.5, -1.0, math.nan])


@given(st.lists(st.tuples(NUMBERS, NUMBERS), min_size=1, max_size=12))
def test_the_plain_one_is_spearmans_with_ties_and_gaps(pairs):
    x, y = np.array(pairs).T
    found = float(rank_correlations(x, y))
    a, b = x[np.isfinite(x + y)], y[np.isfinite(x + y)]
    if len(a) < 3 or len(set(b)) == 1:
        assert math.isnan(found)
    elif len(set(a)) == 1:
        assert found == 0
    else:
        assert found == pytest.approx(stats.spearmanr(a, b).statistic, abs=1e-12)


@given(st.lists(st.tuples(NUMBERS, NUMBERS, NUMBERS), min_size=1, max_size=12))
def test_the_partial_one_correlates_what_least_squares_leaves(triples):
    x, y, z = np.array(triples).T
    found = float(partial_rank_correlations(x, y, z))
    known = np.isfinite(x + y + z)
    if known.sum() < 4:
        assert math.isnan(found)
        return
    ranks = [stats.rankdata(v[known]) for v in (x, y, z)]
    design = np.column_stack([np.ones(known.sum()), ranks[2]])
    left = [r - design @ np.linalg.lstsq(design, r, rcond=None)[0] for r in ranks[:2]]
    of_x, of_y = (float(v @ v) > 1e-9 for v in left)
    if not of_y:
        assert math.isnan(found)
    elif not of_x:
        assert found == 0
    else:
        assert found == pytest.approx(np.corrcoef(*left)[0, 1], abs=1e-9)


def test_what_cannot_be_correlated():
    assert rank_correlations([1, 2, 3], [1, 3, 2]) == 0.5
    assert rank_correlations([1, 1, 1], [1, 3, 2]) == 0  # stays the same: explains nothing
    assert math.isnan(rank_correlations([1, 2, 3], [1, 1, 1]))  # nothing to explain
    assert math.isnan(rank_correlations([1, 2], [1, 2]))
    assert math.isnan(rank_correlations([1, 2, math.nan, 4], [1, 2, 3, math.nan]))


def test_the_textbooks_formula_on_numbers():
    x, y, z = [1, 2, 3, 4, 5], [2, 1, 4, 3, 5], [1, 3, 2, 5, 4]
    xy, xz, yz = 0.8, 0.8, 0.3  # 1 - 6 sum d^2 / (n (n^2 - 1)), with sum d^2 of 4, 4 and 14
    expected = (xy - xz * yz) / math.sqrt((1 - xz**2) * (1 - yz**2))
    assert float(partial_rank_correlations(x, y, z)) == pytest.approx(expected)


def test_what_is_held_fixed_takes_nothing_away_if_it_is_constant():
    draws = np.random.default_rng(0)
    x, y = draws.normal(size=(2, 9))
    plain = rank_correlations(x, y)
    assert partial_rank_correlations(x, y, np.full(9, 5)) == pytest.approx(float(plain))


def test_what_the_third_variable_determines():
    z = np.arange(7)
    other = [3, 1, 4, 0, 5, 9, 2]
    assert partial_rank_correlations(np.exp(z), other, z) == 0  # adds nothing to z
    assert np.isnan(partial_rank_correlations(other, -(z**3), z))  # nothing is left to explain


def test_a_common_cause_is_taken_away():
    draws = np.random.default_rng(1)
    z = draws.normal(size=(200, 100))
    x, y = z + draws.normal(size=z.shape), z + draws.normal(size=z.shape)
    assert rank_correlations(x, y).mean() > 0.4
    assert abs(partial_rank_correlations(x, y, z).mean()) < 0.05


def test_many_rows_are_each_by_itself():
    draws = np.random.default_rng(2)
    x, y = draws.integers(0, 4, size=(2, 3, 4, 8)).astype(float)
    x[1, 2, 3:6] = np.nan
    found = rank_correlations(x, y)
    assert found.shape == (3, 4)
    for place in np.ndindex(3, 4):
        np.testing.assert_allclose(found[place], rank_correlations(x[place], y[place]))
    of_tasks = partial_rank_correlations(x, y, np.arange(8))
    for place in np.ndindex(3, 4):
        alone = partial_rank_correlations(x[place], y[place], np.arange(8))
        np.testing.assert_allclose(of_tasks[place], alone)
