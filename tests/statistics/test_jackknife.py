"""The jackknife against Student's interval and a loop, and how often it holds."""

import math

import numpy as np
import pytest
from scipy import stats

from plasticity_bench.statistics import jackknife_interval, mean_interval, rank_correlations


def test_of_a_mean_it_is_students_interval():
    values = np.array([0.3, 0.9, 0.4, -0.2, 0.5])
    without = [np.delete(values, i).mean() for i in range(5)]
    found, expected = jackknife_interval(values.mean(), without), mean_interval(values)
    assert (found.mean, found.low, found.high) == pytest.approx(
        (expected.mean, expected.low, expected.high)
    )


def test_of_a_ratio_it_is_that_of_pseudo_values():
    a, b = np.array([1.0, 3.0, 2.0, 5.0]), np.array([2.0, 4.0, 5.0, 6.0])
    estimate = a.sum() / b.sum()
    without = [np.delete(a, i).sum() / np.delete(b, i).sum() for i in range(4)]
    pseudo = [4 * estimate - 3 * value for value in without]
    half = stats.t.ppf(0.975, 3) * np.std(pseudo, ddof=1) / 2
    found = jackknife_interval(estimate, without)
    assert (found.mean, found.low, found.high) == pytest.approx(
        (estimate, estimate - half, estimate + half)
    )


def test_there_is_none_where_it_is_not_defined():
    for without in ([], [0.5], [0.5, math.nan, 0.4]):
        found = jackknife_interval(0.5, without)
        assert found.mean == 0.5 and math.isnan(found.low) and math.isnan(found.high)
    assert math.isnan(jackknife_interval(math.nan, [0.1, 0.2]).low)


@pytest.mark.parametrize("rho", [0.0, 0.6])
def test_it_holds_the_rank_correlation_of_learners_about_as_often_as_it_says(rho):
    """Of normal pairs, whose expected Spearman correlation has a closed form (Moran, 1948)."""
    draws, learners, repeats = np.random.default_rng(3), 10, 600
    x = draws.normal(size=(repeats, learners))
    y = rho * x + math.sqrt(1 - rho**2) * draws.normal(size=x.shape)
    expected = math.asin(rho) + (learners - 2) * math.asin(rho / 2)
    expected *= 6 / (math.pi * (learners + 1))
    estimates = rank_correlations(x, y)
    without = [
        rank_correlations(np.delete(x, i, axis=1), np.delete(y, i, axis=1)) for i in range(learners)
    ]
    intervals = map(jackknife_interval, estimates, np.transpose(without))
    holds = np.mean([i.low <= expected <= i.high for i in intervals])
    assert 0.86 < holds < 0.97  # docs/explanations.md says so
