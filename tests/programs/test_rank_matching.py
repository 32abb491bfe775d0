"""Pairing by rank is exact: against `torch.sort`, on random, tied and adversarial numbers."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from torch.func import grad, vmap

from plasticity_bench import match_ranks
from plasticity_bench.programs.kernels import rank_matching

GENERATOR = torch.Generator().manual_seed(0)
CASES = {
    "random": torch.randn(5000, generator=GENERATOR),
    "one": torch.tensor([3.0]),
    "none": torch.empty(0),
    "all equal": torch.full((1000,), -0.25),
    "few values": torch.randint(-3, 3, (5000,), generator=GENERATOR).float(),
    "sorted": torch.arange(-500.0, 500.0),
    "reversed": torch.arange(500.0, -500.0, -1.0),
    "organ pipe": torch.cat([torch.arange(500.0), torch.arange(500.0, 0.0, -1.0)]),
    "tiny and huge": torch.tensor([1e38, -1e38, 1e-45, -1e-45, 0.0, 1.0, -1.0]).repeat(100),
    "infinite": torch.tensor([torch.inf, 1.0, -torch.inf, -1.0] * 10),
    "neighbours": torch.tensor([1.0, 1.0000001, 0.99999994, 1.0] * 50),
    "matrix": torch.randn(30, 40, generator=GENERATOR),
    "not contiguous": torch.randn(40, 30, generator=GENERATOR).T[::2],
    "double": torch.randn(1000, generator=GENERATOR, dtype=torch.float64),
    "larger than a chunk": torch.randn(rank_matching.CHUNK + 3, generator=GENERATOR),
}


def plainly(values, ordered):
    """By the definition: the i-th smallest value gets the i-th reference."""
    order = values.flatten().sort(stable=True).indices
    matched = torch.empty_like(values.flatten())
    matched[order] = ordered
    return matched.reshape(values.shape)


def references(values):
    generator = torch.Generator().manual_seed(1)
    return torch.randn(values.numel(), generator=generator, dtype=values.dtype).sort().values


@pytest.mark.parametrize("values", CASES.values(), ids=CASES.keys())
def test_every_value_meets_the_reference_of_its_rank(values):
    ordered = references(values)
    before = values.clone()
    assert torch.equal(match_ranks(values, ordered), plainly(values, ordered))
    assert torch.equal(values, before)


@given(arrays(np.float32, st.integers(0, 200), elements=st.floats(-4, 4, width=32)))
def test_it_ranks_whatever_it_is_given(array):
    values = torch.from_numpy(array) + 0.0  # -0 equals 0, but its bits come first
    ordered = torch.arange(float(len(array)))
    assert torch.equal(match_ranks(values, ordered), plainly(values, ordered))


@pytest.mark.parametrize("values", CASES.values(), ids=CASES.keys())
def test_the_distance_and_its_gradient_are_those_of_sorted_values(values):
    ordered = references(values)
    finite = values.nan_to_num(posinf=9, neginf=-9).clamp(-9, 9)

    def by_rank(v):
        return (v - match_ranks(v, ordered)).square().sum()

    def by_sorting(v):
        return (v.flatten().sort(stable=True).values - ordered).square().sum()

    assert by_rank(finite).item() == pytest.approx(by_sorting(finite).item(), rel=1e-5)
    torch.testing.assert_close(grad(by_rank)(finite), grad(by_sorting)(finite), rtol=0, atol=1e-5)


def test_replicas_are_ranked_apart(monkeypatch):
    rows = torch.randn(7, 6, 5, generator=GENERATOR)
    each = torch.randn(7, 30, generator=GENERATOR).sort(dim=1).values
    expected = torch.stack([plainly(v, r) for v, r in zip(rows, each, strict=True)])
    assert torch.equal(vmap(match_ranks)(rows, each), expected)
    monkeypatch.setattr(rank_matching, "CHUNK", 64)  # two replicas at a time, and one left over
    assert torch.equal(vmap(match_ranks)(rows, each), expected)
    last = vmap(match_ranks, in_dims=(2, None), out_dims=2)(rows.movedim(0, 2), each[0])
    for i in range(7):
        assert torch.equal(last[..., i], plainly(rows[i], each[0]))


def test_no_gradient_flows_through_the_references():
    values = CASES["matrix"]
    gradient = grad(lambda v: match_ranks(v, references(values)).sum() + v.sum())(values)
    assert torch.equal(gradient, torch.ones_like(values))
