"""Bootstrap intervals: against scipy, in coverage, and at the edges."""

import numpy as np
import pytest
from scipy.stats import bootstrap

from plasticity_bench.statistics import bootstrap_mean


def test_it_is_the_percentile_bootstrap_of_scipy():
    sample = np.random.default_rng(4).gamma(2.0, size=12)
    ours = bootstrap_mean(sample, resamples=100_000)
    theirs = bootstrap(
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


def test_it_is_seeded_and_handles_one_value_and_none():
    assert bootstrap_mean([1.0, 2.0, 4.0]) == bootstrap_mean([1.0, 2.0, 4.0])
    one = bootstrap_mean([0.3])
    assert (one.mean, one.low, one.high) == (0.3, 0.3, 0.3)
    assert np.isnan(bootstrap_mean([0.3, np.nan]).mean)
