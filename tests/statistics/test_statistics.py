"""Statistics: against rliable and scipy, in closed forms, in coverage, and at the edges."""

import math

import numpy as np
import pytest
import scipy.stats

from plasticity_bench.statistics import (
    NO_INTERVAL,
    bootstrap_mean,
    bootstrap_means,
    collapse_rate,
    format_interval,
    holm,
    interquartile_mean,
    known,
    mean,
    paired_difference,
    performance_profile,
    probability_of_improvement,
    ranks,
    sign_flip_p_value,
    slope,
    stratified_interval,
    worst_quartile_mean,
)
from plasticity_bench.statistics.differences import sign_flip_p_values
from plasticity_bench.statistics.ranks import tie_ranks

RNG = np.random.default_rng(7)
OURS = RNG.beta(4, 2, size=(3, 12)).round(3)
THEIRS = RNG.beta(2, 3, size=(3, 12)).round(3)

# What rliable 1.2.0 finds for these, with 20,000 resamples (5,000 of the improvement, 10,000 of the
# profile). It was run once: its releases need an arch that does not import beside pandas 3.
RLIABLE = {
    mean: (0.688417, 0.6336, 0.7424),
    interquartile_mean: (0.708222, 0.6378, 0.7722),
}
RLIABLE_IMPROVEMENT = (0.91358025, 0.81790123, 0.98148148)  # over the first nine seeds of THEIRS
RLIABLE_PROFILE = (
    [1.0, 1.0, 0.944444, 0.694444, 0.333333, 0.0],
    [1.0, 1.0, 0.8611, 0.5556, 0.1944, 0.0],
    [1.0, 1.0, 1.0, 0.8333, 0.5, 0.0],
)


# ---- means and their intervals -------------------------------------------------------------------


def test_it_is_the_percentile_bootstrap_of_scipy():
    sample = np.random.default_rng(4).gamma(2.0, size=12)
    ours = bootstrap_mean(sample, resamples=100_000)
    theirs = scipy.stats.bootstrap(
        (sample,), np.mean, n_resamples=100_000, method="percentile", rng=np.random.default_rng(1)
    ).confidence_interval
    assert ours.mean == pytest.approx(sample.mean())
    assert ours.low == pytest.approx(theirs.low, abs=0.01)
    assert ours.high == pytest.approx(theirs.high, abs=0.01)


def test_the_exact_bootstrap_of_two_values():
    """Means of resamples are 0, 1/2, 1 with probabilities 1/4, 1/2, 1/4."""
    assert bootstrap_mean([0.0, 1.0], level=0.4).low == 0.5
    assert bootstrap_mean([0.0, 1.0], level=0.6).low == 0.0
    assert bootstrap_mean([0.0, 1.0], level=0.6).high == 1.0


def test_it_is_seeded_and_handles_one_value_and_none():
    assert bootstrap_mean([1.0, 2.0, 4.0]) == bootstrap_mean([1.0, 2.0, 4.0])
    one = bootstrap_mean([0.3])
    assert (one.mean, one.low, one.high) == (0.3, 0.3, 0.3)
    assert np.isnan(bootstrap_mean([0.3, np.nan]).mean)


@pytest.mark.parametrize("statistic", list(RLIABLE))
def test_stratified_intervals_are_those_of_rliable(statistic):
    found = stratified_interval(OURS, statistic)
    point, low, high = RLIABLE[statistic]
    assert found.mean == pytest.approx(point, abs=1e-6)
    assert [found.low, found.high] == pytest.approx([low, high], abs=0.005)


@pytest.mark.parametrize("size", range(1, 14))
def test_the_interquartile_mean_is_the_trimmed_mean_of_scipy(size):
    runs = RNG.normal(size=(1, size))
    assert interquartile_mean(runs) == pytest.approx(scipy.stats.trim_mean(runs, 0.25, axis=None))


def test_streams_are_not_resampled():
    scores = np.array([[0.1] * 10, [0.9] * 10])
    assert stratified_interval(scores).low == pytest.approx(0.5)  # seeds do not vary at all


def test_means_of_many_rows_are_those_of_each_row():
    rows = [OURS[0], [0.3, np.nan], OURS[1, :5], [0.7], OURS[2], [1.0, np.inf]]
    found = bootstrap_means(rows)
    numbers = [[own.mean, own.low, own.high] for own in found]
    for index in (0, 2, 3, 4):
        alone = bootstrap_mean(rows[index])
        assert numbers[index] == pytest.approx([alone.mean, alone.low, alone.high], abs=1e-12)
    np.testing.assert_array_equal(numbers[1], [np.nan] * 3)
    np.testing.assert_array_equal(numbers[5], [np.inf, np.nan, np.nan])
    assert bootstrap_means([]) == []


def test_intervals_are_written_to_two_digits():
    assert format_interval(bootstrap_mean([0.25, 0.25])) == "0.25 [0.25, 0.25]"
    assert format_interval(bootstrap_mean([0.25, 0.25]), signed=True) == "+0.25 [+0.25, +0.25]"
    assert format_interval(NO_INTERVAL) == format_interval(None) == "n/a"


def test_one_stream_is_the_plain_bootstrap():
    one = stratified_interval(OURS[:1])
    plain = bootstrap_mean(OURS[0])
    assert [one.low, one.high] == pytest.approx([plain.low, plain.high], abs=0.005)


def test_parts_that_fit_into_memory_change_nothing_that_matters(monkeypatch):
    monkeypatch.setattr("plasticity_bench.statistics.intervals.MAX_DRAWN", 36 * 7)
    small = stratified_interval(OURS, resamples=3000)
    monkeypatch.undo()
    whole = stratified_interval(OURS, resamples=3000)
    assert [small.low, small.high] == pytest.approx([whole.low, whole.high], abs=0.01)


def test_scores_that_are_not_available_have_no_interval_and_can_be_left_out():
    scores = np.array([[0.5, np.nan], [0.2, 0.4]])
    assert math.isnan(stratified_interval(scores).low)
    assert known(scores).tolist() == [[0.5], [0.2]]  # the seed that has all
    assert known([[np.nan, np.nan], [0.2, 0.4]]).tolist() == [[0.2, 0.4]]
    assert known([[np.nan, 0.1], [0.2, np.nan], [0.3, 0.4]]).tolist() == [[0.3, 0.4]]
    assert known([[np.nan], [np.nan]]).size == 0
    rows = np.array([[[1.0, 2.0], [np.nan, 3.0]], [[4.0, 5.0], [6.0, 7.0]]])
    assert known(rows).tolist() == [[[2.0], [3.0]], [[5.0], [7.0]]]
    assert math.isnan(stratified_interval(known(scores)[:0]).mean)


@pytest.mark.parametrize("seed", range(20))
def test_a_rank_lies_in_its_interval(seed):
    """Close rows with few seeds: a row shares the rank of a leader that it hardly ever reaches."""
    draws = np.random.default_rng(seed)
    scores = draws.normal(size=(9, 1, 1)) * 0.3 + draws.normal(size=(9, 2, 6)) * 0.1
    for rank in ranks(scores, resamples=500):
        assert rank.low <= rank.rank <= rank.high


def test_few_pairs_cannot_differ_significantly():
    ours, theirs = np.ones((1, 6)), np.zeros((1, 6))
    for num_pairs, least in ((1, 1.0), (4, 0.125), (5, 0.0625), (6, 0.03125)):
        difference = paired_difference(ours[:, :num_pairs], theirs[:, :num_pairs])
        assert difference.p_value == difference.least_p_value == least
        assert difference.too_few_pairs == (num_pairs < 6)


def test_aggregates_in_closed_form():
    runs = np.arange(8.0).reshape(2, 4)
    assert interquartile_mean(runs) == (2 + 3 + 4 + 5) / 4
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


@pytest.mark.parametrize("shift", [0.0, 0.15])
def test_the_exact_sign_flip_test_is_that_of_scipy(shift):
    pairs = np.random.default_rng(1).normal(shift, 0.2, size=10)
    theirs = scipy.stats.permutation_test(
        (pairs,), np.mean, permutation_type="samples", n_resamples=np.inf
    )
    assert sign_flip_p_value(pairs) == pytest.approx(theirs.pvalue, abs=1e-12)


def test_many_pairs_are_flipped_at_random():
    pairs = np.random.default_rng(1).normal(0.08, 0.2, size=24)
    theirs = scipy.stats.permutation_test(
        (pairs,), np.mean, permutation_type="samples", n_resamples=20_000, rng=RNG
    )
    assert sign_flip_p_value(pairs) == pytest.approx(theirs.pvalue, abs=0.01)
    assert sign_flip_p_value(np.ones(24)) == pytest.approx(1 / 10_001, rel=2)  # never 0


def test_fewer_flips_are_a_random_sample_and_rows_have_the_same():
    pairs = np.random.default_rng(1).normal(0.08, 0.2, size=(3, 10))
    exact, few = sign_flip_p_values(pairs), sign_flip_p_values(pairs, flips=1000)
    assert exact == [sign_flip_p_value(row) for row in pairs]
    assert few == [sign_flip_p_value(row, flips=1000) for row in pairs]
    assert few != exact
    assert few == pytest.approx(exact, abs=0.05)
    broken = np.vstack([pairs[0], np.full(10, np.nan)])
    found = sign_flip_p_values(broken)
    assert found[0] == exact[0]
    assert math.isnan(found[1])
    assert sign_flip_p_values(np.array([[0.3], [-0.2]])) == [1.0, 1.0]


def test_the_smallest_p_values_in_closed_form():
    assert sign_flip_p_value(np.full(10, 0.1)) == 2 / 2**10
    assert sign_flip_p_value([0.1, 0.2, -0.05]) == 4 / 8  # sums .25, .35, .15: twice of two
    assert sign_flip_p_value(np.zeros(5)) == 1.0
    assert math.isnan(sign_flip_p_value([0.1, np.nan]))


def test_the_paired_difference_is_of_pairs():
    """Noise that both learners share does not blur how they differ."""
    noise = RNG.normal(size=(2, 10))
    found = paired_difference(noise + 0.1, noise)
    assert (found.interval.low, found.interval.high) == pytest.approx((0.1, 0.1))
    assert found.p_value < 1e-3
    assert found.num_seeds == 10
    back = paired_difference(noise, noise + 0.1)
    assert back.interval.mean == pytest.approx(-found.interval.mean)
    assert back.p_value == found.p_value


def test_holm_in_closed_form():
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.5, 0.6]) == [1.0, 1.0]
    assert holm([]) == []
    corrected = holm([0.02, math.nan])
    assert corrected[0] == 0.02
    assert math.isnan(corrected[1])


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
    assert (one.mean, one.low, one.high) == (1.0, 1.0, 1.0)


def test_the_profile_is_that_of_rliable():
    found = performance_profile(OURS, np.linspace(0, 1, 6))
    share, low, high = RLIABLE_PROFILE
    assert found.share == pytest.approx(share, abs=1e-6)
    assert found.low == pytest.approx(low, abs=0.03)
    assert found.high == pytest.approx(high, abs=0.03)


# ---- ranks ---------------------------------------------------------------------------------------


def test_rows_that_cannot_be_told_apart_share_a_rank():
    noise = np.random.default_rng(2).normal(0, 0.05, size=(4, 2, 10))
    scores = np.array([0.3, 0.9, 0.9, 0.5])[:, None, None] + noise
    found = ranks(scores)
    assert [own.rank for own in found] == [4, 1, 1, 3]
    assert [(own.low, own.high) for own in found] == [(4, 4), (1, 2), (1, 2), (3, 3)]


def test_equal_rows_are_one_group_and_few_seeds_tell_nothing_apart():
    same = np.tile(OURS, (3, 1, 1))
    assert [(own.rank, own.low, own.high) for own in ranks(same)] == [(1, 1, 1)] * 3
    few = np.array([[[0.9, 0.8, 0.9]], [[0.1, 0.2, 0.1]]])
    assert [own.rank for own in ranks(few)] == [1, 1]


def test_a_group_ends_at_the_first_row_that_its_leader_is_told_apart_from():
    """Neighbours are not told apart, and yet the last begins a group: the leader is above it."""
    wobble = np.tile([1.0, -1.0], 6)
    scores = np.stack([np.full(12, 0.90), 0.86 + 0.2 * wobble, np.full(12, 0.80)])[:, None, :]
    assert sign_flip_p_value(scores[1] - scores[2]) > 0.05
    assert sign_flip_p_value(scores[0] - scores[1]) > 0.05
    assert [own.rank for own in ranks(scores)] == [1, 1, 3]


def test_rank_intervals_draw_the_same_seeds_for_all_rows():
    """A seed that is hard for all rows moves none of them past another."""
    hard = np.linspace(0, 0.8, 10)
    scores = np.stack([hard + 0.01, hard])[:, None, :]
    assert [(own.low, own.high) for own in ranks(scores)] == [(1, 1), (2, 2)]


# ---- coverage ------------------------------------------------------------------------------------


def test_intervals_cover_as_often_as_the_docstring_says():
    """Normal data, 10 seeds: the percentile method covers about 90 % rather than 95 %."""
    rng = np.random.default_rng(0)
    samples = rng.normal(size=(600, 10))
    intervals = [bootstrap_mean(sample, resamples=1000) for sample in samples]
    covered = np.mean([i.low <= 0 <= i.high for i in intervals])
    assert 0.86 < covered < 0.94
    many = rng.normal(size=(300, 60))
    intervals = [bootstrap_mean(sample, resamples=1000) for sample in many]
    assert 0.90 < np.mean([i.low <= 0 <= i.high for i in intervals]) < 0.98


def covered(intervals, truth):
    return np.mean([own.low <= truth <= own.high for own in intervals])


@pytest.mark.parametrize("statistic", [mean, interquartile_mean])
def test_stratified_intervals_cover_what_seeds_vary_around(statistic):
    """Uniform scores on three streams of 20 seeds."""
    samples = np.random.default_rng(3).random((400, 3, 20))
    found = [stratified_interval(own, statistic, resamples=800) for own in samples]
    assert 0.90 < covered(found, 0.5) < 0.97


def test_stratified_intervals_speak_of_these_streams_alone():
    rng = np.random.default_rng(4)
    samples = rng.normal(0, 1, size=(300, 20, 1)) + rng.normal(0, 0.5, size=(300, 20, 10))
    narrow = [stratified_interval(own, resamples=500) for own in samples]
    assert covered(narrow, 0.0) < 0.5


def test_differences_and_improvements_cover_the_truth():
    rng = np.random.default_rng(5)
    pairs = rng.normal(0.3, 1, size=(400, 2, 20))
    found = [stratified_interval(own, resamples=800) for own in pairs]
    assert 0.90 < covered(found, 0.3) < 0.97
    x, y = rng.normal(0.5, 1, size=(300, 2, 20)), rng.normal(size=(300, 2, 20))
    found = [probability_of_improvement(a, b, resamples=800) for a, b in zip(x, y)]
    truth = scipy.stats.norm.cdf(0.5 / math.sqrt(2))
    assert 0.90 < covered(found, truth) < 0.97


def test_learners_that_are_alike_are_told_apart_as_seldom_as_promised():
    """Of four equal rows, one is given a place of its own in at most about 5 % of tables."""
    samples = np.random.default_rng(6).normal(size=(300, 4, 1, 10))
    apart = [max(tie_ranks(own)) > 1 for own in samples]
    assert np.mean(apart) < 0.12
    p_values = np.array([sign_flip_p_value(own[0]) for own in samples])
    assert 0.02 < np.mean(p_values < 0.05) < 0.08
