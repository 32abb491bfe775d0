"""Predictions of held-out groups against a slow loop, and worlds whose R squared is known."""

import math

import numpy as np
import pytest

from plasticity_bench.statistics import held_out_errors


def slow(x, y, groups):
    """Every point by itself: counts, and the normal equations of a line."""
    found = []
    for i in range(len(x)):
        points = [
            (x[j], y[j])
            for j in range(len(x))
            if groups[j] != groups[i] and math.isfinite(x[j]) and math.isfinite(y[j])
        ]
        if len(points) < 3 or not (math.isfinite(x[i]) and math.isfinite(y[i])):
            found.append((math.nan, math.nan))
            continue

        def share(value, points=points):
            return sum((a < value) + 0.5 * (a == value) for a, _ in points) / len(points)

        design = np.array([[1, share(a)] for a, _ in points])
        learnt = [b for _, b in points]
        line = np.linalg.lstsq(design, learnt, rcond=None)[0]  # of least norm if all x are equal
        if len({a for a, _ in points}) == 1:
            line = [np.mean(learnt), 0]
        predicted = line[0] + line[1] * share(x[i])
        found.append(((y[i] - predicted) ** 2, (y[i] - np.mean(learnt)) ** 2))
    return np.array(found).T


@pytest.mark.parametrize("seed", range(6))
def test_it_is_the_slow_loop(seed):
    draws = np.random.default_rng(seed)
    x = draws.integers(0, 1 + 4 * (seed > 0), 24).astype(float)  # of seed 0, all are equal
    y = draws.normal(size=24)
    x[draws.integers(0, 24, 3)], y[draws.integers(0, 24, 2)] = np.nan, np.nan
    groups = draws.integers(0, 5, 24)
    found = held_out_errors(x, y, groups)
    np.testing.assert_allclose([found.model, found.mean], slow(x, y, groups), atol=1e-12)


def test_the_unit_of_x_does_not_matter_nor_does_the_direction():
    draws = np.random.default_rng(7)
    x, groups = draws.normal(size=60), np.repeat(np.arange(6), 10)
    y = x + draws.normal(size=60)
    first = held_out_errors(x, y, groups)
    for other in (1000 * x - 3, np.exp(x), -x):
        np.testing.assert_allclose(held_out_errors(other, y, groups).model, first.model, atol=1e-9)


def test_what_depends_on_the_rank_alone_is_predicted_and_noise_is_not():
    draws = np.random.default_rng(8)
    x, groups = draws.normal(size=2000), np.repeat(np.arange(20), 100)
    right = held_out_errors(x, -np.argsort(np.argsort(x)) / 2000, groups)
    assert 1 - right.model.sum() / right.mean.sum() > 0.999
    noise = [held_out_errors(draws.permutation(x[:100]), x[:100], groups[::20]) for _ in range(50)]
    assert sum(e.model.sum() for e in noise) > sum(e.mean.sum() for e in noise)  # R2 below 0


def test_one_group_predicts_nothing():
    found = held_out_errors([1, 2, 3, 4], [1, 2, 3, 4], [0, 0, 0, 0])
    assert np.isnan(found.model).all() and np.isnan(found.mean).all()
