"""The counter-based random numbers: the published sequence, the stated distributions."""

import pytest
import torch
from torch.func import vmap

from plasticity_bench.learners.noise import Noise, fold, random_bits
from plasticity_bench.programs.tracing import program


def test_bits_are_splitmix64():
    """The sequence that the authors' C code gives for the seed 1234567."""
    published = [
        6457827717110365317,
        3203168211198807973,
        9817491932198370423,
        4593380528125082431,
        16408922859458223821,
    ]
    bits = random_bits(torch.tensor(1234567), 5)
    assert [b % 2**64 for b in bits.tolist()] == published


def test_bits_equal_a_python_twin():
    """Arbitrary-precision integers against wrapping int64, negative keys included."""

    def twin(state):
        mask = 2**64 - 1
        z = (state + 0x9E3779B97F4A7C15) & mask
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & mask
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & mask
        return z ^ (z >> 31)

    for key in (0, 1, -1, 2**63 - 1, -(2**63), 987654321987654321):
        assert random_bits(torch.tensor(key), 1).item() % 2**64 == twin(key % 2**64)


def test_normal_has_the_moments_of_a_standard_normal():
    x = Noise(torch.tensor(7)).normal(torch.empty(400_001)).double()
    n = len(x)
    assert abs(x.mean()) < 4 / n**0.5
    assert abs(x.var() - 1) < 4 * (2 / n) ** 0.5
    assert abs((x**3).mean()) < 4 * (15 / n) ** 0.5
    assert abs((x**4).mean() - 3) < 4 * (96 / n) ** 0.5
    half = n // 2  # the two numbers of one Box-Muller pair
    assert abs((x[:half] * x[half + 1 :]).mean()) < 4 / half**0.5
    assert abs((x[1:] * x[:-1]).mean()) < 4 / n**0.5


def test_uniform_fills_the_open_unit_interval():
    u = Noise(torch.tensor(7)).uniform(torch.empty(400_000))
    assert u.min() > 0
    assert u.max() < 1
    counts = torch.histc(u, 100, 0, 1)
    chi_square = ((counts - 4000) ** 2 / 4000).sum()
    assert chi_square < 149  # 0.999 quantile with 99 degrees of freedom


def test_calls_keys_and_shapes():
    like = torch.empty(3, 5)
    noise = Noise(torch.tensor(1))
    first, second = noise.normal(like), noise.normal(like)
    assert first.shape == (3, 5)
    assert not torch.equal(first, second)
    assert torch.equal(Noise(torch.tensor(1)).normal(like), first)
    assert not torch.equal(Noise(torch.tensor(2)).normal(like), first)


@pytest.mark.parametrize("draw", ["normal", "uniform"])
def test_a_replicas_noise_is_its_own_under_vmap(draw):
    keys = torch.arange(5)
    mapped = vmap(lambda key: getattr(Noise(key), draw)(torch.empty(17)))(keys)
    alone = torch.stack([getattr(Noise(key), draw)(torch.empty(17)) for key in keys])
    assert torch.equal(mapped, alone)


def test_fold_takes_integers_and_tensors_alike():
    key = torch.tensor(99)
    for index in (0, 1, 2**40):
        assert torch.equal(fold(key, index), fold(key, torch.tensor(index)))
    assert len({fold(key, index).item() for index in range(1000)}) == 1000


@pytest.mark.slow
@pytest.mark.parametrize("into_code", [False, True])
def test_noise_of_any_shape_is_the_same_in_a_program(into_code):
    """Matrices too."""

    def draw(keys):
        return torch.func.vmap(lambda key: Noise(key).uniform(torch.zeros(16, 24)))(keys)

    keys = torch.tensor([5, -77])
    (drawn,) = program(draw, (keys,), into_code=into_code)(keys)
    assert torch.equal(drawn, draw(keys))


def test_signs_are_independent_and_of_both_kinds_equally_often():
    noise = Noise(torch.tensor(7))
    one, other = (noise.signs(torch.zeros(300, 300)) for _ in range(2))
    assert one.unique().tolist() == [-1, 1]
    assert abs(one.mean()) < 4 / 300
    assert abs((one * other).mean()) < 4 / 300
    assert noise.signs(torch.zeros(3, dtype=torch.float64)).dtype == torch.float64
