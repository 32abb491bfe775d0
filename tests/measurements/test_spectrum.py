"""Numbers from eigenvalues: closed forms, definitions in a loop, invariances, the edges."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plasticity_bench.measurements.spectrum import (
    effective_rank,
    epsilon_rank,
    factor_srank,
    negative_mass,
    participation_ratio,
    sharpness,
    srank,
    trace,
)

ALL = (
    srank,
    factor_srank,
    effective_rank,
    participation_ratio,
    epsilon_rank,
    sharpness,
    trace,
    negative_mass,
)
RANKS = ALL[:5]
spectra = st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=30).map(np.array)


@pytest.mark.parametrize("of", ALL)
def test_the_zero_matrix_gives_zero(of):
    for zero in (np.zeros(0), np.zeros(1), np.zeros(9), -np.zeros(3)):
        assert of(zero) == 0


@pytest.mark.parametrize("of", ALL)
@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_is_refused(of, bad):
    with pytest.raises(ValueError, match="not finite"):
        of(np.array([1.0, bad]))


@pytest.mark.parametrize("of", RANKS)
def test_equal_eigenvalues(of):
    """n equal ones have rank n by every definition; srank needs 99 of 100."""
    expected = 99 if of in (srank, factor_srank) else 100
    assert of(np.full(100, 0.3)) == pytest.approx(expected)
    assert of(np.array([7.0])) == pytest.approx(1)


def test_by_hand():
    spectrum = np.array([4.0, -2.0, 1.0, 1.0])
    shares = [0.5, 0.25, 0.125, 0.125]
    assert effective_rank(spectrum) == pytest.approx(
        math.exp(-sum(p * math.log(p) for p in shares))
    )
    assert participation_ratio(spectrum) == pytest.approx(64 / 22)
    assert negative_mass(spectrum) == pytest.approx(0.25)
    assert sharpness(spectrum) == 4.0
    assert sharpness(-spectrum) == 2.0
    assert trace(spectrum) == 4.0
    assert [epsilon_rank(spectrum, e) for e in (0.2, 0.25, 0.5)] == [4, 2, 1]
    assert [srank(spectrum, share) for share in (0.5, 0.75, 0.76, 0.99)] == [1, 2, 3, 4]


def test_the_two_conventions_for_gram_matrices():
    """G = diag(3, 1, 1, 1): eigenvalues of G G^T 9, 1, 1, 1; singular values of G 3, 1, 1, 1."""
    eigenvalues = np.array([9.0, 1.0, 1.0, 1.0])
    assert srank(eigenvalues, 0.75) == 1
    assert factor_srank(eigenvalues, 0.75) == 3
    factor = np.random.default_rng(0).normal(size=(20, 30)) * np.geomspace(1, 1e-2, 20)[:, None]
    gram = np.linalg.eigvalsh(factor @ factor.T)
    assert factor_srank(gram) == srank(np.linalg.svd(factor, compute_uv=False))
    assert srank(gram) == srank(np.linalg.svd(factor, compute_uv=False) ** 2)
    assert factor_srank(gram) > srank(gram)


def test_negative_rounding_errors_have_no_square_root():
    assert factor_srank(np.array([1.0, -1e-3])) == 1


def test_noise_below_the_floor_counts_nowhere():
    """Thousands of rounding errors would otherwise be most of an entropy."""
    noisy = np.concatenate([[1.0, 1.0], np.full(1000, 5e-8), np.full(1000, -5e-8)])
    clean = noisy[:2]
    for of in (*RANKS, negative_mass):
        assert of(noisy) == pytest.approx(of(clean), rel=1e-12)


@settings(deadline=None)
@given(spectrum=spectra, exponent=st.integers(-900, 900))
def test_scaling_and_order_change_no_rank(spectrum, exponent):
    """Also where squares and sums would overflow or vanish: the largest is about 1e3 2^900."""
    scaled = np.ldexp(spectrum, exponent)
    if not np.array_equal(np.ldexp(scaled, -exponent), spectrum):
        return  # it underflows
    for of in (*RANKS, negative_mass):
        assert of(scaled) == of(spectrum)
        assert of(spectrum[::-1]) == pytest.approx(of(spectrum), rel=1e-12)


@settings(deadline=None)
@given(spectrum=spectra)
def test_bounds(spectrum):
    """1 <= participation ratio <= effective rank <= number above the noise, all from 1 to n."""
    above = epsilon_rank(spectrum, 0.0)
    if above == 0:
        return
    assert 1 - 1e-9 <= participation_ratio(spectrum) <= effective_rank(spectrum) * (1 + 1e-9)
    assert effective_rank(spectrum) <= above * (1 + 1e-9)
    assert srank(spectrum, 0.9) <= srank(spectrum) <= above <= len(spectrum)
    squares = spectrum[np.abs(spectrum) > 1e-3 * np.abs(spectrum).max()] ** 2
    assert factor_srank(squares, 0.9) >= srank(squares, 0.9)
    assert 0.0 <= negative_mass(spectrum) <= 1.0
    assert negative_mass(-spectrum) == pytest.approx(1 - negative_mass(spectrum), abs=1e-9)


@settings(deadline=None)
@given(
    values=st.lists(st.floats(-10, 10), min_size=1, max_size=8),
    counts=st.lists(st.integers(1, 5), min_size=8, max_size=8),
)
def test_counts_are_repetitions(values, counts):
    nodes, number = np.array(values), np.array(counts[: len(values)], dtype=float)
    repeated = np.repeat(nodes, number.astype(int))
    for of in (effective_rank, participation_ratio, negative_mass):
        assert of(nodes, number) == pytest.approx(of(repeated), rel=1e-9)
    assert srank(nodes, 0.9, number) == srank(repeated, 0.9)
