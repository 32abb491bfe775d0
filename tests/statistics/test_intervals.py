"""Intervals of means: against scipy, in closed form, in coverage, and at the edges."""

import math

import numpy as np
import pytest
import scipy.stats

from plasticity_bench.statistics import (
    NO_INTERVAL,
    Interval,
    format_interval,
    known,
    mean_interval,
    mean_intervals,
    paired_difference,
)

RNG = np.random.default_rng(7)
SCORES = RNG.beta(4, 2, size=(3, 12)).round(3)


def ends(interval):
    return [interval.mean, interval.low, interval.high]


@pytest.mark.parametrize("level", [0.5, 0.95])
@pytest.mark.parametrize("num_seeds", [2, 5, 12])
def test_it_is_the_interval_of_the_t_test_of_scipy(num_seeds, level):
    values = SCORES[0, :num_seeds]
    theirs = scipy.stats.ttest_1samp(values, 0).confidence_interval(level)
    assert ends(mean_interval(values, level=level)) == pytest.approx([values.mean(), *theirs])


def test_the_closed_forms_of_two_and_three_seeds():
    """With one degree of freedom t is Cauchy's; with two, t = (2p - 1) sqrt(2 / (4p(1 - p)))."""
    t = math.tan(math.pi * 0.475)  # 12.706
    assert ends(mean_interval([0.0, 1.0])) == pytest.approx([0.5, 0.5 - t / 2, 0.5 + t / 2])
    t = 0.95 * math.sqrt(2 / (4 * 0.975 * 0.025))  # 4.303
    half = t / math.sqrt(3)  # the standard deviation is 1
    assert ends(mean_interval([1.0, 2.0, 3.0])) == pytest.approx([2.0, 2.0 - half, 2.0 + half])


def test_a_seed_is_averaged_over_streams_first():
    assert mean_interval(SCORES) == mean_interval(SCORES.mean(axis=0))
    opposite = np.stack(
        [SCORES[0], 1 - SCORES[0]]
    )  # what a seed gains on one, it loses on the other
    assert ends(mean_interval(opposite)) == pytest.approx([0.5] * 3)


def test_one_seed_has_a_mean_and_no_interval():
    for scores in ([0.3], [[0.1], [0.5]]):
        found = mean_interval(scores)
        assert found.mean == pytest.approx(0.3)
        assert math.isnan(found.low)
        assert math.isnan(found.high)
        assert format_interval(found) == "0.30"


def test_no_seeds_and_scores_that_are_not_available_have_nothing():
    for scores in (
        [],
        np.empty((0, 4)),
        np.empty((2, 0)),
        [0.3, np.nan],
        [[0.1, 0.2], [np.nan, 1]],
    ):
        np.testing.assert_array_equal(ends(mean_interval(scores)), [np.nan] * 3)
    np.testing.assert_array_equal(ends(mean_interval([1.0, np.inf])), [np.inf, np.nan, np.nan])
    scores = np.array([[0.5, np.nan, 0.7], [0.2, 0.4, 0.8]])
    assert mean_interval(known(scores)) == mean_interval([0.35, 0.75])


def test_means_of_many_rows_are_those_of_each_row():
    rows = [SCORES[0], [0.3, np.nan], SCORES[1, :5], [0.7], SCORES, []]
    for row, found in zip(rows, mean_intervals(rows), strict=True):
        np.testing.assert_array_equal(ends(found), ends(mean_interval(row)))
    assert mean_intervals([]) == []


def test_intervals_are_written_to_two_digits():
    assert format_interval(mean_interval([0.25, 0.25])) == "0.25 [0.25, 0.25]"
    assert format_interval(mean_interval([0.25, 0.25]), signed=True) == "+0.25 [+0.25, +0.25]"
    assert format_interval(Interval(0.25, math.nan, math.nan), signed=True) == "+0.25"
    assert format_interval(NO_INTERVAL) == format_interval(None) == "n/a"


# ---- coverage: 95 %, where percentiles of the bootstrap have 82 to 92 % ---------------------------


def covered(intervals, truth):
    return np.mean([own.low <= truth <= own.high for own in intervals])


@pytest.mark.parametrize("num_seeds", [5, 10, 20])
@pytest.mark.parametrize("skewed", [False, True])
def test_intervals_of_few_seeds_hold_as_often_as_they_say(num_seeds, skewed):
    rng, size = np.random.default_rng(0), (6000, num_seeds)
    draws, truth = (rng.beta(4, 2, size), 4 / 6) if skewed else (rng.normal(size=size), 0.0)
    assert 0.94 - 0.005 * skewed < covered(mean_intervals(list(draws)), truth) < 0.96


@pytest.mark.parametrize("num_seeds", [5, 10, 20])
def test_means_over_streams_hold_although_a_seed_is_easy_on_all_of_them(num_seeds):
    """Streams of one seed are correlated, and one varies more than the other."""
    rng = np.random.default_rng(1)
    noise = rng.normal(size=(6000, 2, num_seeds)) * np.array([1.0, 0.2])[:, None]
    draws = 0.3 + noise + rng.normal(size=(6000, 1, num_seeds))
    assert 0.94 < covered(mean_intervals(list(draws)), 0.3) < 0.96


def test_differences_hold_and_noise_that_both_share_does_not_blur_them():
    rng = np.random.default_rng(2)
    shared, noise = rng.normal(size=(4000, 2, 5)), rng.normal(0, 0.1, size=(4000, 2, 5))
    pairs = zip(shared + 0.3 + noise, shared, strict=True)
    found = [paired_difference(ours, theirs).interval for ours, theirs in pairs]
    assert 0.94 < covered(found, 0.3) < 0.96
    assert np.mean([own.high - own.low for own in found]) < 0.25


def test_intervals_speak_of_these_streams_alone():
    rng = np.random.default_rng(4)
    samples = rng.normal(0, 1, size=(300, 20, 1)) + rng.normal(0, 0.5, size=(300, 20, 10))
    assert covered(mean_intervals(list(samples)), 0.0) < 0.5
