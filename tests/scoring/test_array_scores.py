"""Scores of plain arrays are those of the table, and wrong shapes are refused."""

import math

import numpy as np
import pytest

import plasticity_bench as pb
from plasticity_bench.errors import BadInputError
from plasticity_bench.scoring.scores import Means, score
from plasticity_bench.statistics import mean_interval

DRAWS = np.random.default_rng(3)


def test_worked_numbers():
    assert pb.trainability([0.5, 0.9, 0.05], [0.9, 0.5, 0.9], 0.1).tolist() == pytest.approx(
        [0.5, 2.0, -0.0625]
    )
    assert pb.retained_plasticity([0.5, 0.9], [0.9, 0.5], 0.1).tolist() == pytest.approx([0.5, 2.0])
    assert pb.curvature_retention([4.0, 10.0], [7.0, 7.0], 1.0).tolist() == [0.5, 1.5]
    assert math.isnan(pb.trainability([0.5], [0.1], 0.1)[0])


@pytest.mark.parametrize("trial", range(20))
def test_each_is_the_score_of_the_table(trial):
    a, r, o, k, kr, ko = DRAWS.uniform(0, 1, 6)
    c, f = DRAWS.uniform(0, 0.5, 2)
    expected = score(
        *(Means(x, y, f, c, diverged=False, seconds=1.0) for x, y in ((a, k), (r, kr), (o, ko)))
    )
    for ours, theirs in (
        (pb.trainability(a, r, c), expected.trainability),
        (pb.retained_plasticity(a, o, c), expected.retained_plasticity),
        (pb.curvature_retention(k, ko, f), expected.curvature_retention),
        (pb.curvature_retention(k, kr, f), expected.curvature_to_reference),
    ):
        assert ours == pytest.approx(theirs, nan_ok=True)


def test_every_score_that_the_numbers_allow_with_its_interval():
    accuracy, reference, own_fresh = DRAWS.uniform(0.3, 0.9, (3, 2, 8))
    rank, own_fresh_rank = DRAWS.uniform(2, 9, (2, 2, 8))
    scores = pb.score_arrays(accuracy, reference, 0.1)
    assert list(scores) == ["trainability"]
    assert scores["trainability"] == mean_interval(pb.trainability(accuracy, reference, 0.1))
    scores = pb.score_arrays(
        accuracy,
        reference,
        np.full((2, 1), 0.1),
        own_fresh=own_fresh,
        rank=rank,
        own_fresh_rank=own_fresh_rank,
        floor=1.0,
    )
    assert list(scores) == ["trainability", "retained_plasticity", "curvature_retention"]
    retained = (accuracy - 0.1) / (own_fresh - 0.1)
    assert scores["retained_plasticity"].mean == pytest.approx(retained.mean())
    assert scores["retained_plasticity"] == mean_interval(retained)


def test_seeds_on_which_the_reference_gains_nothing_are_left_out():
    scores = pb.score_arrays([0.5, 0.5, 0.5], [0.9, 0.1, 0.9], 0.1)
    assert scores["trainability"].mean == 0.5
    assert math.isnan(pb.score_arrays([0.5], [0.1], 0.1)["trainability"].mean)
    rounded = float(np.float32(0.14))  # above 0.14
    assert math.isnan(pb.trainability([0.5], [rounded], 0.14)[0])


@pytest.mark.parametrize(
    ("arguments", "options", "sentence"),
    [
        (([0.5, 0.4], [0.5], 0.1), {}, r"reference is of shape \(1,\), but accuracy of \(2,\)"),
        ((0.5, 0.5, 0.1), {}, "accuracy must be"),
        (([], [], 0.1), {}, "accuracy must be"),
        (([0.5], [0.5], [0.1, 0.2]), {}, r"chance is of shape \(2,\)"),
        (([0.5], [0.5], 0.1), {"own_fresh": [0.1, 0.2]}, "own_fresh is of shape"),
        (([0.5], [0.5], 0.1), {"rank": [3.0]}, "Curvature retention needs own_fresh_rank too"),
        (([0.5], [0.5], 0.1), {"rank": [3.0], "own_fresh_rank": [4.0]}, "needs floor too"),
    ],
)
def test_what_does_not_fit_is_refused(arguments, options, sentence):
    with pytest.raises(BadInputError, match=sentence):
        pb.score_arrays(*arguments, **options)


def test_arrays_that_do_not_fit_masked_and_complex_numbers():
    ones = np.ones(3)
    with pytest.raises(BadInputError, match="do not fit"):
        pb.trainability(ones, np.ones((3, 1)), 0.1)
    with pytest.raises(BadInputError, match="complex"):
        pb.trainability(ones * 1j, ones, 0.1)
    masked = np.ma.masked_array([1.0, 0.5, 0.1], mask=[False, True, False])
    assert np.isnan(pb.trainability(masked, ones, 0.1)).tolist() == [False, True, False]


def test_what_is_masked_is_not_known():
    masked = np.ma.masked_array([0.5, 0.9, 0.5], mask=[0, 1, 0])
    assert np.isnan(pb.trainability(masked, [0.9] * 3, 0.1)).tolist() == [False, True, False]
    assert np.isnan(pb.trainability([0.5] * 3, masked, 0.1)).tolist() == [False, True, False]
    assert pb.score_arrays(masked, [0.9] * 3, 0.1)["trainability"].mean == 0.5
