"""Ranks from paired differences, and p values that are corrected for all of them."""

import numpy as np
import pytest
import scipy.stats

from plasticity_bench.statistics import Rank, paired_difference, ranks, sign_flip_p_values

# ---- sign-flip tests -----------------------------------------------------------------------------


@pytest.mark.parametrize("shift", [0.0, 0.15])
@pytest.mark.parametrize("num_seeds", [5, 10])
def test_one_row_has_the_exact_p_value_of_scipy(num_seeds, shift):
    pairs = np.random.default_rng(1).normal(shift, 0.2, size=num_seeds)
    theirs = scipy.stats.permutation_test(
        (pairs,), np.mean, permutation_type="samples", n_resamples=np.inf
    )
    assert sign_flip_p_values([pairs]) == [pytest.approx(theirs.pvalue, abs=1e-12)]


def test_many_seeds_are_flipped_at_random():
    pairs = np.random.default_rng(1).normal(0.08, 0.2, size=24)
    theirs = scipy.stats.permutation_test(
        (pairs,), np.mean, permutation_type="samples", n_resamples=20_000, rng=1
    )
    assert sign_flip_p_values([pairs])[0] == pytest.approx(theirs.pvalue, abs=0.01)
    assert 0 < sign_flip_p_values([np.ones(24)])[0] < 1e-3


def test_p_values_in_closed_form():
    assert sign_flip_p_values([np.full(10, 0.1)]) == [2 / 2**10]
    assert sign_flip_p_values([[0.1, 0.2, -0.05]]) == [4 / 8]  # sums .25, .35, .15: twice of two
    assert sign_flip_p_values([[0.3]]) == [1.0]
    # Of four flips, each row alone is at its own distance in two. The third row, (1, -1), is as far
    # from 0 in the flips in which (2, 2) is at 0: corrected for it, nothing is left.
    assert sign_flip_p_values([[1.0, 3.0], [2.0, 2.0]]) == [0.5, 0.5]
    assert sign_flip_p_values([[1.0, 3.0], [2.0, 2.0], [1.0, -1.0]]) == [1.0, 1.0, 1.0]


def test_no_p_value_is_below_that_of_a_row_farther_from_0():
    rows = np.random.default_rng(1).normal(0.1, 0.2, size=(20, 10))
    corrected = np.array(sign_flip_p_values(list(rows)))
    alone = np.array([sign_flip_p_values([row])[0] for row in rows])
    order = np.argsort(-np.abs(rows.sum(-1)) / np.sqrt((rows**2).sum(-1)))
    assert (corrected >= alone).all()
    assert corrected.max() > alone.max()
    assert (np.diff(corrected[order]) >= 0).all()


def test_a_row_that_lacks_seeds_is_flipped_on_its_own():
    few, many = np.full(6, 0.1), np.random.default_rng(1).normal(0.1, 0.01, size=10)
    assert sign_flip_p_values([few]) == [2 / 2**6]
    assert sign_flip_p_values([few, many])[0] == pytest.approx(2 / 2**6, abs=0.005)
    assert sign_flip_p_values([[], many])[0] == 1.0


def test_rows_that_are_no_different_have_p_1_and_there_may_be_none():
    assert sign_flip_p_values(list(np.zeros((3, 8)))) == [1.0] * 3
    assert sign_flip_p_values([]) == []
    assert sign_flip_p_values([np.full(10, 0.1), np.zeros(10)]) == [2 / 2**10, 1.0]


def test_many_rows_are_significant_where_holm_has_no_p_value_small_enough():
    """Ten seeds: 100 rows that differ alike are as certain as one; Holm would say 100 * 2 / 1024."""
    rows = np.random.default_rng(3).normal(1.0, 0.1, size=(1, 10)) * np.ones((100, 1))
    assert sign_flip_p_values(list(rows)) == [2 / 2**10] * 100


def test_parts_that_fit_into_memory_change_nothing(monkeypatch):
    rows = list(np.random.default_rng(3).normal(0.1, 0.2, size=(7, 18)))
    whole = sign_flip_p_values(rows)
    monkeypatch.setattr("plasticity_bench.statistics.sign_flips.BLOCK", 1000)
    assert sign_flip_p_values(rows) == whole
    assert sign_flip_p_values(rows, seed=1) == pytest.approx(whole, abs=0.03)  # drawn: 18 seeds


# ---- ranks ---------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("num_seeds", [6, 10, 16])
def test_equal_rows_are_told_apart_in_five_percent_of_tables(num_seeds):
    """Five rows are ten pairs: uncorrected, a quarter of all tables would tell some apart."""
    samples = np.random.default_rng(6).normal(size=(1000, 5, 2, num_seeds))
    samples *= np.array([0.2, 1.0, 1.0, 1.0, 3.0])[:, None, None]  # some vary more than others
    apart = [any(r != Rank(1, 1, 5) for r in ranks(rows)) for rows in samples]
    assert 0.02 < np.mean(apart) < 0.065


def test_intervals_hold_every_position_at_once():
    means = np.array([0.5, 0.42, 0.4, 0.2, 0.0])
    noise = np.random.default_rng(7).normal(0, 0.05, size=(1000, 5, 1, 10))
    held = [
        all(r.low <= position <= r.high for position, r in enumerate(ranks(rows), 1))
        for rows in means[:, None, None] + noise
    ]
    assert np.mean(held) > 0.95


def test_rows_that_cannot_be_told_apart_share_a_rank():
    noise = np.random.default_rng(2).normal(0, 0.05, size=(4, 2, 10))
    scores = np.array([0.3, 0.9, 0.9, 0.5])[:, None, None] + noise
    assert ranks(scores) == [Rank(4, 4, 4), Rank(1, 1, 2), Rank(1, 1, 2), Rank(3, 3, 3)]


def test_equal_rows_are_one_group_and_few_seeds_tell_nothing_apart():
    same = np.tile(np.linspace(0, 1, 12), (3, 1, 1))
    assert ranks(same) == [Rank(1, 1, 3)] * 3
    few = np.array([[[0.9, 0.8, 0.9, 0.9, 0.9]], [[0.1, 0.2, 0.1, 0.2, 0.1]]])
    assert [own.rank for own in ranks(few)] == [1, 1]
    assert ranks(few[:1]) == [Rank(1, 1, 1)]


def test_a_group_ends_before_a_row_that_differs_from_any_in_it():
    """The first wobbles and differs from none; the last differs from the second."""
    wobble = np.tile([1.0, -1.0], 6)
    scores = np.stack([0.90 + 0.6 * wobble, np.full(12, 0.86), np.full(12, 0.80)])[:, None, :]
    assert paired_difference(scores[0], scores[2]).p_value > 0.05
    assert ranks(scores) == [Rank(1, 1, 3), Rank(1, 1, 2), Rank(3, 2, 3)]


@pytest.mark.parametrize("seed", range(20))
def test_a_rank_lies_in_its_interval(seed):
    draws = np.random.default_rng(seed)
    scores = draws.normal(size=(9, 1, 1)) * 0.3 + draws.normal(size=(9, 2, 8)) * 0.1
    found = ranks(scores)
    assert all(rank.low <= rank.rank <= rank.high for rank in found)
    assert len({rank.rank for rank in found}) > 1


def test_a_seed_that_is_hard_for_all_rows_moves_none_of_them_past_another():
    hard = np.linspace(0, 0.8, 10)
    scores = np.stack([hard + 0.01, hard])[:, None, :]
    assert ranks(scores) == [Rank(1, 1, 1), Rank(2, 2, 2)]


def test_a_seed_counts_once_on_however_many_streams():
    """Ten streams of five seeds are five pairs: their runs share examples and parameters."""
    scores = np.stack([np.ones((10, 5)), np.zeros((10, 5))])
    assert ranks(scores) == [Rank(1, 1, 2)] * 2
    assert paired_difference(*scores).p_value == 2 / 2**5
