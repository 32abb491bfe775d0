"""The layer that makes a network's outputs is found by following the forward pass."""

import pytest
import torch
from torch import nn
from torch.nn import functional

import plasticity_bench as pb
from plasticity_bench.learners.lookup import find_learner
from plasticity_bench.networks.forward_graph import HeadError, forward_graph, head_parameters
from plasticity_bench.shipped import baseline_names

INPUTS = torch.randn(3, 8, 8, generator=torch.Generator().manual_seed(0))


class Net(nn.Module):
    """Modules in the order they are given, and a function for their forward pass."""

    def __init__(self, compute, **parts):
        super().__init__()
        for name, part in parts.items():
            setattr(self, name, part)
        self.compute = compute

    def forward(self, x):
        return self.compute(self, x.flatten(1))


def relu_of_a(net, x):
    return torch.relu(net.a(x))


def parameter(*shape):
    return nn.Parameter(torch.randn(shape))


def images(net, x):
    return torch.relu(net.a(x.reshape(-1, 1, 8, 8)))


FOUND = {
    "head made first": (
        Net(lambda n, x: n.h(relu_of_a(n, x)), h=nn.Linear(32, 10), a=nn.Linear(64, 32)),
        ["h.weight", "h.bias"],
    ),
    "no bias": (
        Net(
            lambda n, x: n.h(relu_of_a(n, x)), h=nn.Linear(32, 10, bias=False), a=nn.Linear(64, 32)
        ),
        ["h.weight"],
    ),
    "scaled by a number": (
        Net(lambda n, x: 0.3 * n.h(relu_of_a(n, x)), h=nn.Linear(32, 10), a=nn.Linear(64, 32)),
        ["h.weight", "h.bias"],
    ),
    "scaled by a parameter": (
        Net(
            lambda n, x: n.g * n.h(relu_of_a(n, x)) / 2,
            g=parameter(),
            h=nn.Linear(32, 10),
            a=nn.Linear(64, 32),
        ),
        ["h.weight", "h.bias"],
    ),
    "matmul": (
        Net(
            lambda n, x: relu_of_a(n, x) @ n.w + n.c,
            w=parameter(32, 10),
            c=parameter(10),
            a=nn.Linear(64, 32),
        ),
        ["w", "c"],
    ),
    "einsum": (
        Net(
            lambda n, x: torch.einsum("ni,oi->no", relu_of_a(n, x), n.w),
            w=parameter(10, 32),
            a=nn.Linear(64, 32),
        ),
        ["w"],
    ),
    "convolution, then the mean": (
        Net(
            lambda n, x: n.h(images(n, x)).mean((2, 3)), h=nn.Conv2d(4, 10, 1), a=nn.Conv2d(1, 4, 3)
        ),
        ["h.weight", "h.bias"],
    ),
    "a weight under another layer's name": (
        Net(
            lambda n, x: functional.linear(relu_of_a(n, x), n.b.weight.t()),
            a=nn.Linear(64, 32),
            b=nn.Linear(10, 32),
        ),
        ["b.weight"],
    ),
    "two heads, added": (
        Net(
            lambda n, x: n.h(relu_of_a(n, x)) + n.k(x),
            k=nn.Linear(64, 10),
            h=nn.Linear(32, 10),
            a=nn.Linear(64, 32),
        ),
        ["k.weight", "k.bias", "h.weight", "h.bias"],
    ),
    "two heads, side by side": (
        Net(
            lambda n, x: torch.cat([n.h(relu_of_a(n, x)), n.k(x)], -1),
            k=nn.Linear(64, 5),
            h=nn.Linear(32, 5),
            a=nn.Linear(64, 32),
        ),
        ["k.weight", "k.bias", "h.weight", "h.bias"],
    ),
}


def tied(net, x):
    return functional.linear(torch.relu(functional.linear(net.a(x), net.w)), net.w)


weight_norm = nn.utils.parametrizations.weight_norm
REFUSED = {
    "shares w with another layer": Net(tied, a=nn.Linear(64, 10), w=parameter(10, 10)),
    "computed from others": Net(
        lambda n, x: n.h(relu_of_a(n, x)), h=weight_norm(nn.Linear(32, 10)), a=nn.Linear(64, 32)
    ),
    "made by tanh": Net(lambda n, x: torch.tanh(n.h(x)), h=nn.Linear(64, 10)),
    "made by mul": Net(lambda n, x: n.h(x) * n.k(x), h=nn.Linear(64, 10), k=nn.Linear(64, 10)),
    "made by its inputs themselves": Net(lambda n, x: 2 * x[:, :10], h=nn.Linear(64, 10)),
    "a product of two layers' outputs": Net(
        lambda n, x: (n.h(x)[:, None] @ n.k(x).reshape(-1, 10, 10))[:, 0],
        h=nn.Linear(64, 10),
        k=nn.Linear(64, 100),
    ),
}


@pytest.mark.parametrize("name", FOUND)
def test_the_head_is_found(name):
    module, expected = FOUND[name]
    assert head_parameters(module, INPUTS) == expected


@pytest.mark.parametrize("reason", REFUSED)
def test_another_head_is_refused_with_the_reason(reason):
    with pytest.raises(HeadError, match=reason):
        head_parameters(REFUSED[reason], INPUTS)


def test_a_forward_pass_that_cannot_be_recorded_is_refused():
    branching = Net(lambda n, x: n.h(x) if x.sum().item() > 0 else -n.h(x), h=nn.Linear(64, 10))
    with pytest.raises(HeadError, match="its forward pass cannot be recorded"):
        head_parameters(branching, INPUTS)


FAMILIES = [
    pb.NetworkSpec(hidden=(8,), input_shape=(8, 8), num_outputs=10),
    pb.NetworkSpec(name="cnn", channels=(4,), hidden=(8,), input_shape=(3, 8, 8), num_outputs=10),
    pb.NetworkSpec(name="resnet18", width=2, input_shape=(3, 8, 8), num_outputs=10),
    pb.NetworkSpec(
        name="vit", dim=8, heads=2, depth=1, patch_size=4, input_shape=(3, 8, 8), num_outputs=10
    ),
]


@pytest.mark.parametrize("spec", FAMILIES, ids=lambda spec: spec.name)
def test_networks_that_ship_have_their_head_and_their_order(spec):
    module = pb.build_network(spec)
    inputs = torch.randn(2, *spec.input_shape)
    assert head_parameters(module, inputs) == ["head.weight", "head.bias"]
    order = forward_graph(module, inputs).order()
    assert order == [name for name, _ in module.named_parameters()]


@pytest.mark.parametrize("name", baseline_names())
def test_every_baseline_has_a_head(name):
    spec = FAMILIES[0]
    assert head_parameters(find_learner(name)().build(spec), torch.randn(2, 8, 8))


class HeadFirst(pb.Learner):
    def build(self, spec):
        return Net(
            lambda n, x: n.head(torch.relu(n.body(x))),
            head=nn.Linear(8, spec.num_outputs),
            body=nn.Linear(64, 8),
        )


class TanhLast(pb.Learner):
    def build(self, spec):
        return Net(lambda n, x: torch.tanh(n.head(x)), head=nn.Linear(64, spec.num_outputs))


def test_a_population_resets_the_layer_that_makes_the_outputs():
    population = pb.Population([pb.Replica(0, HeadFirst())], FAMILIES[0])
    population.reset_head()
    zero = {k: bool((v == 0).all()) for k, v in population.state.params.items()}
    assert zero == {
        "head.weight": True,
        "head.bias": True,
        "body.weight": False,
        "body.bias": False,
    }


def test_a_head_that_is_not_known_is_refused_before_anything_is_trained():
    stream = pb.make_stream(
        "plasticity/RandomLabelDigits-v0", num_tasks=2, updates_per_task=2, resets_head=True
    )
    population = pb.Population([pb.Replica(0, TanhLast())], FAMILIES[0])
    protocol = pb.Protocol(curvature_examples=16)
    with pytest.raises(pb.BadInputError, match="TanhLast's network is not known: .* made by tanh"):
        pb.evaluate(stream, population, protocol)
    assert population.state.step == 0


@pytest.mark.slow
def test_check_remarks_on_it():
    assert pb.check_learner(HeadFirst) == ()
    (remark,) = pb.check_learner(TanhLast)
    assert "cannot be run on streams that reset the head" in remark
