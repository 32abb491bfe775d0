"""The C++ functions agree with PyTorch's, and nothing is lost where they cannot be built."""

import itertools

import pytest
import torch
from torch.fx.experimental.proxy_tensor import make_fx

from plasticity_bench import match_ranks
from plasticity_bench.programs.kernels import native
from plasticity_bench.programs.kernels.rank_matching import operator
from plasticity_bench.programs.kernels.substitution import substitute
from tests.programs.test_rank_matching import CASES, plainly, references

GENERATOR = torch.Generator().manual_seed(0)
bmm = torch.ops.plasticity_bench.bmm.default
match_ranks_native = torch.ops.plasticity_bench.match_ranks_native.default


@pytest.fixture(scope="module")
def library():
    if not native.load():
        pytest.skip("there is no C++ compiler")


def random(*shape):
    return torch.randn(*shape, generator=GENERATOR)


def test_products_of_all_shapes_and_layouts(library):
    rows, depths, columns = (1, 7, 8, 32, 45), (1, 10, 33, 128), (1, 10, 16, 31, 32, 50, 128)
    for n, m, k in itertools.product(rows, depths, columns):
        lefts = random(3, n, m), random(3, m, n).mT, random(3, n, 2 * m)[..., ::2]
        rights = random(3, m, k), random(3, k, m).mT, random(3, m, 3 * k)[..., ::3]
        for left, right in itertools.product(lefts, rights):
            exact = left.double() @ right.double()
            size = left.double().abs() @ right.double().abs()  # what rounding is relative to
            result = bmm(left, right)
            assert result.is_contiguous()
            assert ((result - exact).abs() <= 1e-6 * size + 1e-12).all(), (n, m, k)


def test_a_product_does_not_depend_on_its_batch(library):
    left, right = random(5, 32, 100), random(5, 40, 100).mT
    together = bmm(left, right)
    for i in range(5):
        assert torch.equal(bmm(left[i : i + 1], right[i : i + 1])[0], together[i])


def test_what_is_not_a_number_stays_where_it_belongs(library):
    left, right = random(1, 9, 20), random(1, 20, 40)
    left[0, 4, 3] = torch.nan
    result = bmm(left, right)
    assert result[0, 4].isnan().all()
    assert not result[0, [*range(4), *range(5, 9)]].isnan().any()


def with_odd(number):
    values = random(1_000)
    values[17], values[500:510] = number, 0.25
    return values


RANKED = {
    **{name: values for name, values in CASES.items() if values.dtype == torch.float32},
    "normal": random(100_000),
    "uniform": torch.rand(100_001, generator=GENERATOR),
    "exponential": torch.rand(5_000, generator=GENERATOR).log(),
    "ties": random(10_000).round(decimals=2),
    "crowds": torch.cat([random(300) * 1e-3, torch.rand(20_000, generator=GENERATOR)]),
    "as many as a byte counts": torch.cat([torch.zeros(256), torch.arange(1_000.0)]),
    "zeros of both signs": torch.tensor([0.0, -0.0, 1.0, -0.0, 0.0, -1.0] * 100),
    **{str(odd): with_odd(odd) for odd in (torch.nan, -torch.nan, torch.inf, -torch.inf, 3e38)},
}


@pytest.mark.parametrize("values", RANKED.values(), ids=RANKED.keys())
def test_ranking(library, values):
    ordered = references(values)
    matched = match_ranks_native(values.flatten(), ordered)
    assert torch.equal(matched, plainly(values, ordered).flatten())


def test_ranking_of_every_length(library):
    for size in (*range(1, 70), 255, 256, 257, 1_000):
        descending = torch.arange(size * 1.0).flip(0)
        for values in (random(size), random(size).round(decimals=1), descending):
            ordered = references(values)
            assert torch.equal(match_ranks_native(values, ordered), plainly(values, ordered))


def test_rows_are_ranked_apart_wherever_they_lie(library):
    values, ordered = random(40, 7).T, random(40, 7).sort(dim=0).values.T
    matched = match_ranks_native(values, ordered)
    for row in range(7):
        assert torch.equal(matched[row], plainly(values[row], ordered[row]))
    assert match_ranks_native(values[:0], ordered[:0]).shape == (0, 40)


def test_a_graph_computes_float32_natively(library):
    def function(left, right):
        ordered = right.flatten()[:24]
        ranks = match_ranks(left, ordered), match_ranks(left.double(), ordered.double())
        return left.bmm(right), left.double().bmm(right.double()), *ranks

    arguments = random(2, 3, 4), random(2, 4, 5)
    graph = make_fx(function)(*arguments)
    assert substitute(graph)
    targets = [node.target for node in graph.graph.nodes]
    assert targets.count(bmm) == 1
    assert targets.count(torch.ops.aten.bmm.default) == 1
    assert targets.count(match_ranks_native) == 1
    assert targets.count(operator) == 1
    torch.testing.assert_close(graph(*arguments), function(*arguments))


def test_without_a_compiler_pytorch_does_it(monkeypatch):
    monkeypatch.setenv(native.SWITCH, "off")
    native.load.cache_clear()
    try:
        assert not native.load()
        assert not native.loaded()
        left, right = random(2, 3, 4), random(2, 4, 5)
        graph = make_fx(torch.bmm)(left, right)
        assert not substitute(graph)
        assert torch.equal(graph(left, right), left.bmm(right))
        values = random(50)
        assert torch.equal(match_ranks(values, values.sort().values), values)
    finally:
        native.load.cache_clear()


def test_the_sources_are_part_of_the_package():
    assert [path.suffix for path in native.sources()] == [".h", ".h", ".cpp", ".cpp"]
