"""Every family of networks, with every activation and norm, is trained and measured like any other."""

from collections import OrderedDict

import numpy as np
import pytest
import torch
from torch import nn
from torch.func import functional_call, grad, vmap
from torch.nn import functional

import plasticity_bench as pb
from plasticity_bench.measurements import MEASUREMENTS, layer_gram
from plasticity_bench.measurements.fisher_rank import fisher_srank
from plasticity_bench.measurements.layer_gram import direct_gram, gram, loss_gradient
from plasticity_bench.networks import ACTIVATIONS, NORMS
from plasticity_bench.networks.resnet import BasicBlock
from plasticity_bench.networks.vit import Attention, MeanToken, Patches
from tests.support import curvature_networks as nets
from tests.support.helpers import replica, same, stacked_batch, train

pytestmark = pytest.mark.slow

GIVEN = {
    "mlp": {"hidden": (32, 6)},
    "cnn": {"channels": (4, 32), "kernel_size": 3, "hidden": (6,)},
    "resnet18": {"width": 2},
    "vit": {"patch_size": 4, "dim": 6, "depth": 2, "heads": 2, "mlp_ratio": 2},
    "gpt": {"dim": 6, "depth": 2, "heads": 2, "mlp_ratio": 2},
}
CLASSES = 4


def spec_of(family, **changes):
    given = {**GIVEN[family], **changes}
    return pb.NetworkSpec(name=family, **given, input_shape=(8, 8), num_outputs=CLASSES)


def possible(family, activation, norm):
    if family == "resnet18" and activation in ("crelu", "fourier"):
        return False
    return norm != "group" or family not in ("vit", "gpt")


MATRIX = [
    (family, activation, norm)
    for family in GIVEN
    for activation in ACTIVATIONS
    for norm in NORMS
    # Every activation, and every norm, of each family; not every pair of them.
    if possible(family, activation, norm) and (norm == "layer" or activation in ("relu", "crelu"))
]


class Descent(pb.Learner):
    optimizer = "sgd"
    step_size = 0.05


@pytest.mark.parametrize("family", ["mlp", "cnn"])
def test_curvature_of_learnt_slopes_is_exact(family):
    """They have no formula, and go the slow way."""
    spec = spec_of(family, activation="prelu")
    module = pb.build_network(spec)
    params = nets.double(nets.replicas(lambda: pb.build_network(spec), [0]))
    inputs, targets = nets.data(1, 6, (8, 8))
    ours = gram(module, params, inputs.double(), targets, loss_gradient)
    expected = by_hand(module, nets.replica(params, 0), inputs[0].double(), targets[0])
    torch.testing.assert_close(ours[0], expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(("family", "activation", "norm"), [m for m in MATRIX if m[1] != "prelu"])
def test_curvature_is_exact_by_formulas_alone(family, activation, norm, monkeypatch):
    """Against gradients of one example at a time; and no parameter goes the slow way."""
    spec = spec_of(family, activation=activation, norm=norm)
    module = pb.build_network(spec)
    params = nets.double(nets.replicas(lambda: pb.build_network(spec), [0, 1]))
    inputs, targets = nets.data(2, 6, (8, 8))
    expected = [
        by_hand(module, nets.replica(params, i), inputs[i].double(), targets[i]) for i in range(2)
    ]

    def only_to_check(*arguments):
        assert len(arguments[3]) <= 3 and len(arguments) == 5, "the slow way was taken"
        return direct_gram(*arguments)

    monkeypatch.setattr(layer_gram, "direct_gram", only_to_check)
    ours = gram(module, params, inputs.double(), targets, loss_gradient)
    torch.testing.assert_close(ours, torch.stack(expected), rtol=1e-9, atol=1e-12)


def by_hand(module, params, inputs, targets):
    def loss(params, example, target):
        logits = functional_call(module, params, (example[None],))
        return functional.cross_entropy(logits, target[None])

    gradients = vmap(grad(loss), (None, 0, 0))(params, inputs, targets)
    rows = torch.cat([value.flatten(1) for value in gradients.values()], 1)
    return rows @ rows.T / len(targets)


# Populations record their update, which takes time that grows with a network's depth.
TRAINED = [(f, a) for f in GIVEN for a in ACTIVATIONS if possible(f, a, "layer")]


@pytest.mark.parametrize(("family", "activation"), TRAINED)
def test_a_population_is_trained_and_measured(family, activation):
    spec = spec_of(
        family, activation=activation, **({"depth": 1} if family in ("vit", "gpt") else {})
    )
    seeds = [0, 1]
    population = train(Descent(), seeds, 2, spec=spec)
    inputs, targets = stacked_batch(seeds, 5, size=12, spec=spec)
    logits = population.predict(inputs)
    for i in range(2):
        own = {name: value[i] for name, value in population.state.params.items()}
        alone = functional_call(population.module, own, (inputs[i],))
        torch.testing.assert_close(logits[i], alone, rtol=1e-4, atol=1e-5)
    params = population.state.params
    ranks = fisher_srank(population.module, params, inputs, targets)
    assert ((ranks >= 1) & (ranks <= 12)).all()
    state = population.state
    probe = pb.Probe(population.module, params, state.initial, state.moments, inputs, targets)
    for name in ("feature_rank", "dormant_units"):
        measured = MEASUREMENTS[name].measure(probe)
        assert all(np.isfinite(values).all() for values in measured.values())
    assert_units_are_features(probe, spec)


def assert_units_are_features(probe, spec):
    times = 2 if spec.activation in ("crelu", "fourier") else 1
    units = [outputs.shape[-1] for outputs in probe.hidden.values()]
    expected = {
        "mlp": [32, 6],
        "cnn": [4, 32, 6],
        "resnet18": [2, *(4 * [2]), *(4 * [4]), *(4 * [8]), *(4 * [16])],
        "vit": [12],
        "gpt": [12],
    }
    assert units == [times * width for width in expected[spec.name]]


@pytest.mark.parametrize("family", GIVEN)
def test_a_replicas_run_does_not_depend_on_the_others(family):
    """To the bit without convolutions; these are computed in groups when there are several replicas,
    which rounds otherwise, and run one replica at a time on a CPU."""
    spec = spec_of(family)
    together = train(Descent(), [0, 1, 2], 4, spec=spec)
    alone = train(Descent(), [1], 4, spec=spec)
    if not spec.convolves:
        assert same(replica(together, 1), replica(alone, 0))
    for one, other in zip(replica(together, 1), replica(alone, 0), strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=1e-5)
    if family == "cnn":
        again = train(Descent(), [0, 1, 2], 4, spec=spec)
        assert same(replica(together, 1), replica(again, 1))


class OneBlock(Descent):
    """One residual block: compiling all eight takes a minute."""

    def build(self, spec):
        layers = OrderedDict(
            unflatten=nn.Unflatten(1, (1, 8)),
            block=BasicBlock(1, 4, 2, spec),
            pool=nn.AdaptiveAvgPool2d(1),
            flatten=nn.Flatten(),
            head=nn.Linear(4, CLASSES),
        )
        return nn.Sequential(layers)


class OneAttention(Descent):
    """What is particular to a transformer."""

    def build(self, spec):
        layers = OrderedDict(
            unflatten=nn.Unflatten(1, (1, 8)),
            patches=Patches(4),
            embed=nn.Linear(16, 6),
            attention=Attention(6, 2),
            mean=MeanToken(),
            head=nn.Linear(6, CLASSES),
        )
        return nn.Sequential(layers)


@pytest.mark.parametrize(
    "learner", [OneBlock(), OneAttention()], ids=["a residual block", "attention"]
)
def test_compiled_updates_agree_with_recorded_ones(learner):
    spec = spec_of("resnet18")
    seeds = [0, 1]
    recorded, compiled = (
        pb.Population([pb.Replica(s, learner) for s in seeds], spec, compile_updates=compiles)
        for compiles in (False, True)
    )
    for step in range(3):
        batch = stacked_batch(seeds, step, spec=spec)
        (loss, _), (expected, _) = compiled.update(*batch), recorded.update(*batch)
        torch.testing.assert_close(loss, expected)
    assert compiled.compiled, compiled.fallback
    for i in seeds:
        for one, other in zip(replica(compiled, i), replica(recorded, i), strict=True):
            torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-6)


def test_a_linear_network_is_trained_and_measured():
    spec = spec_of("mlp", hidden=())
    population = train(Descent(), [0, 1], 3, spec=spec)
    inputs, targets = stacked_batch([0, 1], 5, size=12, spec=spec)
    assert (fisher_srank(population.module, population.state.params, inputs, targets) > 1).all()
