"""Programs compute what PyTorch computes, the same bits interpreted and compiled."""

import itertools
import math
import shutil

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

import plasticity_bench as pb
from benchmarks import bits
from plasticity_bench.learners.lookup import find_learner
from plasticity_bench.programs import tracing
from plasticity_bench.programs.executor import Executor
from plasticity_bench.programs.kernels import building
from plasticity_bench.programs.program import UnsupportedError
from plasticity_bench.recording.fx_graphs import recorded
from plasticity_bench.shipped import baseline_names

pytestmark = pytest.mark.skipif(
    not any(map(shutil.which, building.COMPILERS)), reason="there is no C++ compiler"
)


DRAWS = torch.Generator().manual_seed(5)


def normal(*shape):
    return torch.randn(*shape, generator=DRAWS)


def run(function, *arguments, into_code=False):
    """The results of a program, and of the function itself."""
    program = tracing.program(function, arguments, into_code=into_code)
    assert isinstance(program, Executor)
    results = program(*arguments)
    expected = torch.utils._pytree.tree_leaves(function(*arguments))
    return program, results, expected


ELEMENTWISE = {
    "arithmetic": lambda x, y: (x + 2 * y - x / 3) * -y,
    "alpha": lambda x, y: torch.add(x, y, alpha=0.3),
    "powers": lambda x, y: (
        x**2,
        x**3,
        x.abs() ** 0.5,
        x.abs() ** 1.7,
        (x.abs() + 1) ** -0.5,
        1 / x,
    ),
    "roots": lambda x, y: (x.abs().sqrt(), (x.square() + 1e-8).rsqrt()),
    "exponentials": lambda x, y: (
        x.exp(),
        (x * 9).exp(),
        x.expm1(),
        x.abs().log(),
        x.abs().log1p(),
    ),
    "sigmoids": lambda x, y: (x.sigmoid(), x.tanh(), (x * 1e-3).tanh(), x.erf(), (x * 4).erf()),
    "circular": lambda x, y: (x.sin(), x.cos(), (x * 1000).sin()),
    "activations": lambda x, y: (
        functional.relu(x),
        functional.gelu(x),
        functional.leaky_relu(x, 0.1),
        functional.silu(x),
        functional.elu(x),
    ),
    "comparisons": lambda x, y: (
        x > y,
        x <= 0,
        x == x,
        (x > 0) & (y > 0),
        ~(x > y),
        (x > 0) ^ (y > 0),
    ),
    "selection": lambda x, y: (torch.where(x > y, x, y), x.clamp(-0.5, 0.5), torch.maximum(x, y)),
    "rounding": lambda x, y: (x.floor(), x.ceil(), x.round(), x.trunc(), x.sign(), x.abs()),
    "types": lambda x, y: (x.double() / 3, (x * 10).long(), (x > 0).float() * y, (x > 0).long()),
    "broadcasting": lambda x, y: (x - x.mean(1, keepdim=True), x * y[0], x[:, :1] + y),
    "views": lambda x, y: (x.t() + y.t(), x.reshape(4, 15) * 2, x[1:4, ::2], torch.cat([x, y], 1)),
}
OTHERS = {
    "sums": lambda x, y: (x.sum(), x.sum(0), x.sum(1), x.t().sum(1), x[:, ::2].sum(0), x.mean((0, 1))),
    "extremes": lambda x, y: (x.amax(1), x.amin(0), x.argmax(1), x.max(0), x.argmin()),
    "spread": lambda x, y: (x.var(1), x.var(correction=0), x.std(0), x.norm(), x.norm(dim=1)),
    "counts": lambda x, y: ((x > 0).sum(), (x > 0).any(1), (x > 9).any(), (x > -9).all(0)),
    "cumulated": lambda x, y: (x.cumsum(1), x.cumsum(0)),
    "products": lambda x, y: (x @ y.t(), x.t() @ y, (x @ y.t()).t() + 1, torch.outer(x[0], y[1])),
    "softmax": lambda x, y: (x.softmax(1), x.log_softmax(0), x.logsumexp(1)),
    "entropy": lambda x, y: functional.cross_entropy(x, y[:, 0].abs().long()),
    "norms": lambda x, y: (functional.layer_norm(x, (10,)), functional.layer_norm(x, (10,), y[0], y[1]), functional.normalize(x)),
    "indices": lambda x, y: (x.gather(1, y.abs().long()), x.scatter_add(1, y.abs().long(), y)),
    "sorted": lambda x, y: (x.sort(1), x.topk(3, 1), x[:, torch.tensor([3, 1])]),
}  # fmt: skip


def compare(results, expected, tolerance=2e-6):
    assert len(results) == len(expected)
    for found, wanted in zip(results, expected, strict=True):
        assert found.dtype == wanted.dtype and found.shape == wanted.shape
        if wanted.is_floating_point():
            scale = wanted.abs().max().clamp_min(1e-3).item() if wanted.numel() else 1
            torch.testing.assert_close(found, wanted, rtol=1e-5, atol=tolerance * scale)
        else:
            assert torch.equal(found, wanted)


@pytest.mark.parametrize("name", [*ELEMENTWISE, *OTHERS])
def test_operations_are_pytorchs_up_to_rounding(name):
    function = {**ELEMENTWISE, **OTHERS}[name]
    program, results, expected = run(function, normal(6, 10), normal(6, 10))
    compare(results, expected)
    allowed = {"sorted": {"aten.index.Tensor", "aten.sort.default", "aten.topk.default"}}
    assert set(program.called) <= allowed.get(name, set())


@pytest.mark.slow
@pytest.mark.parametrize("name", ELEMENTWISE)
def test_compiled_operations_have_the_same_bits(name):
    arguments = normal(6, 300), normal(6, 300)
    function = ELEMENTWISE[name]
    if name == "views":
        function = lambda x, y: (x.t() + y.t(), x.reshape(4, 450) * 2, torch.cat([x, y], 1))
    _, interpreted, _ = run(function, *arguments)
    _, compiled, _ = run(function, *arguments, into_code=True)
    for one, other in zip(interpreted, compiled, strict=True):
        assert torch.equal(one.nan_to_num(7), other.nan_to_num(7))


def test_numbers_that_are_known_when_a_program_is_made():
    def function(x, y):
        half = x.new_full((1,), 0.5)
        mask = half - 1 <= -0.5
        zero = x.new_full((), 0.0)
        return (
            torch.where(mask, x, y),
            torch.where(~mask, x, half.double()),
            torch.where(mask, half, y).expand(6, 10) + 1,
            torch.lerp(x, y, 0.1),
            torch.lerp(x, y, 0.9),
            half.double() * 3 + x,
            (half * 3).long() + x,
            1 / -zero,
            -zero + x,
            zero / zero + x,
            half.expand(6, 10).sum(0),
        )

    _, results, expected = run(function, normal(6, 10), normal(6, 10))
    for found, wanted in zip(results, expected, strict=True):
        assert found.dtype == wanted.dtype
        torch.testing.assert_close(found, wanted, equal_nan=True)


def test_special_numbers():
    x = torch.tensor([math.nan, math.inf, -math.inf, 0.0, -0.0, 1e-40, -1.0, 3e38])
    functions = {
        "exp": torch.exp, "log": torch.log, "tanh": torch.tanh, "erf": torch.erf, "sqrt": torch.sqrt,
        "sigmoid": torch.sigmoid, "relu": torch.relu, "abs": torch.abs, "neg": torch.neg,
        "maximum": lambda v: torch.maximum(v, torch.zeros(8)), "max": lambda v: v.amax(),
        "argmax": lambda v: v.argmax(), "isnan": torch.isnan, "clamp": lambda v: v.clamp(-1, 1),
        "square": torch.square, "reciprocal": torch.reciprocal,
    }  # fmt: skip
    for name, function in functions.items():
        _, (found,), (wanted,) = run(function, x)
        assert torch.allclose(found, wanted, rtol=1e-6, equal_nan=True) or torch.equal(
            found, wanted
        ), name


@pytest.mark.parametrize(
    ("name", "reference", "low", "high", "ulps"),
    [
        ("exp", np.exp, -80, 80, 1),
        ("log", np.log, 1e-30, 1e30, 1),
        ("tanh", np.tanh, -10, 10, 1),
        ("sin", np.sin, -1e4, 1e4, 1),
        ("cos", np.cos, -1e4, 1e4, 1),
        ("erf", None, -5, 5, 1),
    ],
)
def test_elementary_functions_are_correct_to_the_last_bit_but_one(name, reference, low, high, ulps):
    """They are computed in double precision: rounding to float32 is all that is lost."""
    scipy = pytest.importorskip("scipy.special")
    reference = reference or scipy.erf
    x = torch.linspace(low, high, 20001) if low < 0 else torch.logspace(-30, 30, 20001)
    _, (found,), _ = run(getattr(torch, name), x)
    wanted = reference(x.numpy().astype(np.float64))
    spacing = np.spacing(np.abs(wanted.astype(np.float32)))
    assert (np.abs(found.numpy().astype(np.float64) - wanted) <= ulps * 0.51 * spacing).all()


def test_a_sum_does_not_depend_on_the_layout():
    x = normal(3, 40, 50)

    def sums(v):
        return v.sum((1, 2)), v.permute(1, 2, 0).contiguous().sum((0, 1))

    _, (one, other), _ = run(sums, x)
    assert torch.equal(one, other)


def test_integers_wrap_and_shift_as_pytorchs():
    x = torch.randint(-(2**62), 2**62, (100,), generator=DRAWS)
    function = lambda v: (v * 6364136223846793005 + 1, (v >> 7) ^ v, v & 255, v % 7, v // 1)
    _, results, expected = run(function, x)
    compare(results, expected)


@pytest.mark.parametrize("groups", [1, 2])
@pytest.mark.parametrize(
    ("stride", "padding", "dilation"), [(1, 0, 1), (1, 1, 1), (2, 1, 1), (1, 2, 2)]
)
def test_convolutions(groups, stride, padding, dilation):
    weight, bias = normal(6, 4 // groups, 3, 3), normal(6)

    def both(x, w, b):
        def loss(*values):
            y = functional.conv2d(*values, stride, padding, dilation, groups)
            return (y.square() * 0.5).sum(), y

        gradients, y = torch.func.grad(loss, (0, 1, 2), has_aux=True)(x, w, b)
        return (*gradients, y)

    program, results, expected = run(both, normal(3, 4, 9, 8), weight, bias)
    compare(results, expected, 1e-5)
    assert program.called == []


def convolved(x, w):
    """A convolution, and gradients of its image and weight."""

    def loss(*values):
        y = functional.conv2d(*values, padding=1)
        return (y.square() * 0.5).sum(), y

    gradients, y = torch.func.grad(loss, (0, 1), has_aux=True)(x, w)
    return y, *gradients


@pytest.mark.parametrize("out", [1, 2, 4, 5, 8, 12, 17, 40])
@pytest.mark.parametrize("kernel", [(1, 1), (2, 2), (3, 3), (1, 4), (5, 5), (3, 6), (2, 7)])
def test_a_convolution_is_a_product_with_the_unfolded_images(kernel, out):
    """The same bits: chains of multiply-adds in one order, whatever shapes the kernels are cut in."""
    x, w = normal(3, 5, 8, 19), normal(out, 5, *kernel)
    _, (y, _, of_weight), _ = run(convolved, x, w)
    unfolded = functional.unfold(x, kernel, padding=1)  # (images, depth, places)
    left = w.flatten(1).expand(3, -1, -1).contiguous()
    _, (product,), _ = run(torch.bmm, left, unfolded)
    assert torch.equal(product.view(y.shape), y)
    gradients = y.flatten(2).movedim(0, 1).flatten(1)[None]
    places = unfolded.movedim(1, 2).flatten(0, 1)[None]
    _, (product,), _ = run(torch.bmm, gradients.contiguous(), places.contiguous())
    assert torch.equal(product.view(w.shape), of_weight)


@pytest.mark.parametrize("dims", [(0, 0), (1, 0), (2, 1), (None, 0)])
def test_convolutions_of_replicas_are_those_of_each(dims):
    """Images of all replicas are read where they lie, the dimension of replicas being any."""
    x, w = normal(4, 3, 2, 9, 8), normal(3, 6, 2, 3, 3)
    x = x[:, 0] if dims[0] is None else x.movedim(1, dims[0]).contiguous()
    w = w.movedim(0, dims[1]).contiguous()
    _, together, _ = run(torch.func.vmap(convolved, dims), x, w)
    for replica in range(3):
        image = x if dims[0] is None else x.select(dims[0], replica).contiguous()
        _, alone, _ = run(convolved, image, w.select(dims[1], replica).contiguous())
        for one, other in zip(alone, together, strict=True):
            assert torch.equal(one, other[replica])


@pytest.mark.parametrize(
    "kwargs", [{"kernel_size": 2}, {"kernel_size": 3, "stride": 2, "padding": 1}]
)
def test_pooling(kwargs):
    def both(x):
        def loss(v):
            y = functional.max_pool2d(v, **kwargs)
            return y.square().sum(), y

        gradient, y = torch.func.grad(loss, has_aux=True)(x)
        return gradient, y

    program, results, expected = run(both, normal(2, 3, 7, 6))
    compare(results, expected)
    assert program.called == []


@pytest.mark.slow
def test_products_of_all_shapes_and_layouts():
    for n, m, k in itertools.product((1, 7, 8, 32, 45), (1, 10, 33, 128), (1, 10, 16, 31, 50, 128)):
        lefts = normal(3, n, m), normal(3, m, n).mT, normal(3, n, 2 * m)[..., ::2]
        rights = normal(3, m, k), normal(3, k, m).mT, normal(3, m, 3 * k)[..., ::3]
        tensors = [*lefts, *rights]
        strided = [(t.contiguous(), t.stride()) for t in tensors]

        def products(*values, strided=strided):
            views = [
                v.mT.contiguous().mT if s[-1] != 1 else v for v, (_, s) in zip(values, strided)
            ]
            return [a @ b for a in views[:3] for b in views[3:]]

        _, results, _ = run(products, *(t for t, _ in strided))
        pairs = itertools.product(lefts, rights)
        for result, (left, right) in zip(results, pairs, strict=True):
            exact = left.double() @ right.double()
            size = left.double().abs() @ right.double().abs()  # what rounding is relative to
            assert ((result - exact).abs() <= 1e-6 * size + 1e-12).all(), (n, m, k)


def test_what_is_not_a_number_stays_where_it_belongs():
    left, right = normal(1, 9, 20), normal(1, 20, 40)
    left[0, 4, 3] = torch.nan
    _, (result,), _ = run(torch.bmm, left, right)
    assert result[0, 4].isnan().all()
    assert not result[0, [*range(4), *range(5, 9)]].isnan().any()


RANKED = {
    "normal": normal(100_000),
    "ties": normal(10_000).round(decimals=2),
    "few values": torch.randint(-3, 3, (5000,), generator=DRAWS).float(),
    "zeros of both signs": torch.tensor([0.0, -0.0, 1.0, -0.0, 0.0, -1.0] * 100),
    "reversed": torch.arange(500.0, -500.0, -1.0),
    "odd": torch.cat([normal(100), torch.tensor([math.nan, math.inf, -math.inf, 3e38, 1e-45])]),
    **{str(size): normal(size).round(decimals=1) for size in (1, 2, 63, 256, 257)},
}


@pytest.mark.parametrize("values", RANKED.values(), ids=RANKED.keys())
def test_ranking(values):
    ordered = normal(values.numel()).sort().values
    program, (matched,), _ = run(pb.match_ranks, values, ordered)
    order = values.sort(stable=True).indices
    assert torch.equal(matched[order], ordered)
    assert program.called == []


def test_without_a_compiler_updates_are_records_that_may_vary(monkeypatch):
    monkeypatch.setenv(building.SWITCH, "off")
    building.library.cache_clear()
    try:
        population = trained(Own(), [0], updates=2)
    finally:
        building.library.cache_clear()
    assert population.varies == ("PLASTICITY_BENCH_KERNELS is off",)


def test_results_that_are_arguments_or_views_of_them():
    _, results, expected = run(lambda x, y: (x, y.t(), x[1], y + 1, x), normal(3, 4), normal(3, 4))
    compare(results, expected)


def test_carried_results_are_overwritten_no_sooner_than_by_the_call_after_the_next():
    program = tracing.program(lambda x, y: (x + y, x.sum()), (normal(4), normal(4)), num_carried=1)
    x, y = normal(4), normal(4)
    first, _ = program(x, y)
    kept = first.clone()
    second, _ = program(first, y)
    assert torch.equal(first, kept) and torch.equal(second, kept + y)
    third, _ = program(second, y)
    assert torch.equal(second, kept + y) and torch.equal(third, kept + y + y)


def test_arguments_need_not_be_contiguous():
    program = tracing.program(lambda x: (x * 2,), (normal(3, 4),))
    x = normal(4, 3)
    assert torch.equal(program(x.t())[0], x.t() * 2)


def test_what_others_see_is_not_changed_in_place():
    def function(x):
        y = x * 2
        view = y[0]
        y.add_(1)
        return y, view

    with pytest.raises(UnsupportedError, match="in place"):
        tracing.program(function, (normal(3, 4),))


def test_more_dimensions_than_the_executor_has_are_refused():
    with pytest.raises(UnsupportedError, match="9 dimensions"):
        tracing.program(lambda x: x.reshape((2,) * 9) + 1, (normal(512),))


def test_more_constants_than_there_are_registers_take_several_groups():
    def function(x):
        for number in range(40):
            x = torch.where(x > number, x * (number + 0.5), x.clamp(-number - 0.25, 99 + number))
        return x

    _, results, expected = run(function, normal(50))
    compare(results, expected)


class Network(nn.Module):
    def __init__(self, spec):
        super().__init__()
        self.first = nn.Linear(64, 12)
        self.second = nn.Linear(12, 10)

    def forward(self, x):
        return self.second(torch.tanh(self.first(x.flatten(1))))


class Own(pb.Learner):
    def build(self, spec):
        return Network(spec)


SPEC = pb.NetworkSpec(hidden=(12, 12), input_shape=(8, 8), num_outputs=10)


def trained(learner, seeds, into_code=False, updates=12):
    replicas = [pb.Replica(seed, learner) for seed in seeds]
    population = pb.Population(replicas, SPEC, compile_updates=into_code)
    for update in range(updates):
        batches = [torch.Generator().manual_seed(1000 * seed + update) for seed in seeds]
        inputs = torch.stack([torch.rand(16, 8, 8, generator=g) for g in batches])
        targets = torch.stack([torch.randint(10, (16,), generator=g) for g in batches])
        population.update(inputs, targets)
    return population


@pytest.mark.parametrize(
    "name", ["own", *(pytest.param(name, marks=pytest.mark.slow) for name in ("adam", "upgd"))]
)
def test_a_replica_has_the_same_bits_beside_any_others(name):
    learner = Own() if name == "own" else find_learner(name)()
    alone = trained(learner, [3]).tensors()
    among = trained(learner, [0, 3, 5]).tensors()
    assert all(torch.equal(alone[key][0], among[key][1]) for key in alone)
    logits = trained(learner, [3]).predict(torch.ones(1, 5, 8, 8))[0]
    assert torch.equal(logits, trained(learner, [0, 3]).predict(torch.ones(2, 5, 8, 8))[1])


@pytest.mark.system
@pytest.mark.parametrize("name", baseline_names())
def test_every_baseline_has_the_same_bits_interpreted_and_compiled(name):
    learner = bits.acting(name)
    interpreted, compiled = (trained(learner, [0, 1], code) for code in (False, True))
    assert compiled.compiled == learner.vectorized
    one, other = interpreted.tensors(), compiled.tensors()
    assert all(torch.equal(one[k].nan_to_num(7), other[k].nan_to_num(7)) for k in one)


def test_indices_that_a_program_computed_stay_within_the_image():
    """Those of max pooling's gradient are a tensor like any other: a wrong one is no address."""
    image = torch.randn(1, 1, 4, 4)
    _, indices = torch.nn.functional.max_pool2d(image, 2, return_indices=True)

    def backward(gradient, indices):
        sizes = ([2, 2], [2, 2], [0, 0], [1, 1], False)
        aten = torch.ops.aten
        return [aten.max_pool2d_with_indices_backward(gradient, image, *sizes, indices)]

    gradient = torch.ones(1, 1, 2, 2)
    run = Executor(recorded(backward, [gradient, indices]))
    (expected,) = backward(gradient, indices)
    assert torch.equal(run(gradient, indices)[0], expected)
    for wrong in (1 << 33, -1, 16, -(1 << 40)):
        (found,) = run(gradient, torch.full_like(indices, wrong))
        assert not found.any()
