"""Statistics of runs and of pairs: against rliable and scipy, in closed forms, and in coverage."""

import math

import numpy as np
import pytest
import scipy.stats

from plasticity_bench.statistics import (
    collapse_rate,
    known,
    paired_difference,
    performance_profile,
    probability_of_improvement,
    slope,
    worst_quartile_mean,
)

RNG = np.random.default_rng(7)
OURS = RNG.beta(4, 2, size=(3, 12)).round(3)
THEIRS = RNG.beta(2, 3, size=(3, 12)).round(3)

# What rliable 1.2.0 finds for these, with 5,000 resamples of the improvement and 10,000 of the
# profile. It was run once: its releases need an arch that does not import beside pandas 3.
RLIABLE_IMPROVEMENT = (0.91358025, 0.81790123, 0.98148148)  # over the first nine seeds of THEIRS
RLIABLE_PROFILE = (
    [1.0, 1.0, 0.944444, 0.694444, 0.333333, 0.0],
    [1.0, 1.0, 0.8611, 0.5556, 0.1944, 0.0],
    [1.0, 1.0, 1.0, 0.8333, 0.5, 0.0],
)


# ---- single numbers ------------------------------------------------------------------------------


def test_scores_that_are_not_available_can_be_left_out():
    assert known([[0.5, np.nan], [0.2, 0.4]]).tolist() == [[0.5], [0.2]]  # the seed that has all
    assert known([[np.nan, np.nan], [0.2, 0.4]]).tolist() == [[0.2, 0.4]]
    assert known([[np.nan, 0.1], [0.2, np.nan], [0.3, 0.4]]).tolist() == [[0.3, 0.4]]
    assert known([[np.nan], [np.nan]]).size == 0
    rows = np.array([[[1.0, 2.0], [np.nan, 3.0]], [[4.0, 5.0], [6.0, 7.0]]])
    assert known(rows).tolist() == [[[2.0], [3.0]], [[5.0], [7.0]]]


def test_aggregates_in_closed_form():
    runs = np.arange(8.0).reshape(2, 4)
    assert worst_quartile_mean(runs) == (0 + 1) / 2
    assert worst_quartile_mean(np.array([[3.0, 1.0]])) == 1.0
    assert collapse_rate([0.0, 0.05, 0.06, 0.9], [False, False, False, True]) == 0.75


def test_the_slope_is_that_of_scipy():
    tasks = np.array([0, 5, 10, 30])
    values = RNG.normal(size=(2, 4))
    expected = [scipy.stats.linregress(tasks, row).slope for row in values]
    assert slope(tasks, values) == pytest.approx(expected)
    assert slope([0, 10], [1.0, 3.0]) == pytest.approx(0.2)


# ---- two learners --------------------------------------------------------------------------------


def test_few_seeds_cannot_differ_significantly():
    ours, theirs = np.ones((2, 6)), np.zeros((2, 6))
    for num_seeds, least in ((1, 1.0), (4, 0.125), (5, 0.0625), (6, 0.03125)):
        difference = paired_difference(ours[:, :num_seeds], theirs[:, :num_seeds])
        assert difference.p_value == difference.least_p_value == least
        assert difference.too_few_seeds == (num_seeds < 6)


def test_parts_that_fit_into_memory_change_nothing_that_matters(monkeypatch):
    monkeypatch.setattr("plasticity_bench.statistics.resampling.MAX_DRAWN", 36 * 7)
    small = probability_of_improvement(OURS, THEIRS, resamples=3000)
    monkeypatch.undo()
    whole = probability_of_improvement(OURS, THEIRS, resamples=3000)
    assert [small.low, small.high] == pytest.approx([whole.low, whole.high], abs=0.01)


def test_the_paired_difference_is_of_pairs():
    """Noise that both learners share does not blur how they differ."""
    noise = RNG.normal(size=(2, 10))
    found = paired_difference(noise + 0.1, noise)
    assert (found.interval.low, found.interval.high) == pytest.approx((0.1, 0.1))
    assert found.p_value == 2 / 2**10
    assert found.num_seeds == 10
    back = paired_difference(noise, noise + 0.1)
    assert back.interval.mean == pytest.approx(-found.interval.mean)
    assert back.p_value == found.p_value


def test_the_probability_of_improvement_is_that_of_rliable_and_scipy():
    found = probability_of_improvement(OURS, THEIRS[:, :9])
    assert [found.mean, found.low, found.high] == pytest.approx(RLIABLE_IMPROVEMENT, abs=0.01)
    coarse = (OURS.round(1), THEIRS.round(1))  # with many ties
    u = [scipy.stats.mannwhitneyu(x, y).statistic / (len(x) * len(y)) for x, y in zip(*coarse)]
    assert probability_of_improvement(*coarse).mean == pytest.approx(np.mean(u))
    assert probability_of_improvement([[1.0, 1.0]], [[1.0, 1.0]]).mean == 0.5


def test_one_seed_can_be_compared_with_several():
    few, many = [[1.0]], [[0.0, 2.0, 3.0]]
    found, back = probability_of_improvement(few, many), probability_of_improvement(many, few)
    assert (found.mean, found.low, found.high) == (pytest.approx(1 / 3), 0.0, 1.0)
    assert (back.mean, back.low, back.high) == (pytest.approx(2 / 3), 0.0, 1.0)
    one = probability_of_improvement(few, [[0.0]])
    assert one.mean == 1.0
    assert math.isnan(one.low)  # one seed has no interval
    assert math.isnan(one.high)


def test_the_profile_is_that_of_rliable():
    found = performance_profile(OURS, np.linspace(0, 1, 6))
    share, low, high = RLIABLE_PROFILE
    assert found.share == pytest.approx(share, abs=1e-6)
    assert found.low == pytest.approx(low, abs=0.03)
    assert found.high == pytest.approx(high, abs=0.03)


@pytest.mark.slow
def test_probabilities_of_improvement_cover_the_truth():
    rng = np.random.default_rng(5)
    x, y = rng.normal(0.5, 1, size=(300, 2, 20)), rng.normal(size=(300, 2, 20))
    found = [probability_of_improvement(a, b, resamples=800) for a, b in zip(x, y)]
    truth = scipy.stats.norm.cdf(0.5 / math.sqrt(2))
    assert 0.90 < np.mean([own.low <= truth <= own.high for own in found]) < 0.97
