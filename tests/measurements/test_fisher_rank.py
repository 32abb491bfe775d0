"""The empirical Fisher's rank: closed forms, a dense twin, invariances, and the edges."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.func import functional_call
from torch.nn import functional

from plasticity_bench.measurements import layer_gram
from plasticity_bench.measurements.fisher_rank import fisher_srank
from plasticity_bench.measurements.layer_gram import direct_gram, gram, loss_gradient
from plasticity_bench.measurements.spectrum import srank
from plasticity_bench.networks import ACTIVATIONS, NetworkSpec, build_network, initial_parameters


def network(activation="relu", norm="none", hidden=(7, 6)):
    spec = NetworkSpec(
        hidden=hidden, activation=activation, norm=norm, input_shape=(3, 3), num_outputs=4
    )
    return build_network(spec)


def replicas(module_of, seeds):
    """Stacked parameters of newly made modules, with every parameter moved off its default."""
    params = [initial_parameters(module_of, seed) for seed in seeds]
    generator = torch.Generator().manual_seed(9)
    return {
        name: torch.stack([p[name] for p in params])
        + 0.1 * torch.randn(len(seeds), *value.shape, generator=generator)
        for name, value in params[0].items()
    }


def data(num_replicas, n, shape=(3, 3), classes=4):
    generator = torch.Generator().manual_seed(1)
    inputs = torch.randn(num_replicas, n, *shape, generator=generator)
    return inputs, torch.randint(classes, (num_replicas, n), generator=generator)


def dense_fisher(module, params, inputs, targets):
    """The p x p matrix (1/n) sum of g g^T, each g by ordinary autograd on one example."""
    leaves = {name: value.clone().requires_grad_() for name, value in params.items()}
    rows = []
    for example, target in zip(inputs, targets, strict=True):
        logits = functional_call(module, leaves, (example[None],))
        loss = functional.cross_entropy(logits, target[None])
        gradients = torch.autograd.grad(loss, list(leaves.values()))
        rows.append(torch.cat([g.flatten() for g in gradients]))
    gradients = torch.stack(rows).double()
    return gradients.T @ gradients / len(targets)


NETWORKS = {
    **{name: lambda name=name: network(name) for name in ACTIVATIONS},
    "layer norm": lambda: network(norm="layer"),
    "no biases": lambda: nn.Sequential(
        nn.Flatten(), nn.Linear(9, 8, bias=False), nn.Tanh(), nn.Linear(8, 4, bias=False)
    ),
}


@pytest.mark.parametrize("make", NETWORKS.values(), ids=NETWORKS.keys())
def test_the_layerwise_spectrum_is_that_of_the_dense_matrix(make):
    assert_spectra_are_dense(make, tolerance=2e-7)


def assert_spectra_are_dense(make, tolerance):
    """Two replicas' Gram matrices have the non-zero eigenvalues of the p x p matrix, and agree with
    the direct way."""
    module, params, (inputs, targets) = make(), replicas(make, [0, 1]), data(2, 20)
    grams = gram(module, params, inputs, targets, loss_gradient)
    for i in range(2):
        own = {name: value[i] for name, value in params.items()}
        dense = torch.linalg.eigvalsh(dense_fisher(module, own, inputs[i], targets[i]))
        ours = torch.linalg.eigvalsh(grams[i].double())
        np.testing.assert_allclose(ours, dense[-20:], atol=tolerance * float(dense[-1]))
        direct = direct_gram(module, own, inputs[i], targets[i], loss_gradient)
        torch.testing.assert_close(grams[i], direct, rtol=1e-4, atol=1e-6)


class Shared(nn.Module):
    """One layer used twice: its two parts add before they are squared, so no formula covers it."""

    def __init__(self):
        super().__init__()
        self.inner, self.head = nn.Linear(9, 9), nn.Linear(9, 4)

    def forward(self, x):
        return self.head(self.inner(torch.tanh(self.inner(x.flatten(1)))))


class Positions(nn.Module):
    """A layer that is applied at three positions of each example."""

    def __init__(self):
        super().__init__()
        self.inner, self.head = nn.Linear(3, 5), nn.Linear(15, 4)

    def forward(self, x):
        return self.head(torch.tanh(self.inner(x)).flatten(1))


class Convolution(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.head = nn.Conv2d(1, 3, 2), nn.Linear(12, 4)

    def forward(self, x):
        return self.head(torch.relu(self.conv(x[:, None])).flatten(1))


def test_the_rank_is_that_of_the_dense_matrix_at_0_99():
    module, params, (inputs, targets) = network(), replicas(network, [0, 1, 2]), data(3, 60)
    ranks = fisher_srank(module, params, inputs, targets)
    for i in range(3):
        own = {name: value[i] for name, value in params.items()}
        spectrum = torch.linalg.eigvalsh(dense_fisher(module, own, inputs[i], targets[i])).flip(0)
        shares = spectrum.cumsum(0) / spectrum.sum()
        assert ranks[i] == 1 + int((shares < 0.99).sum())


class Tied(nn.Module):
    """Two layers with one weight."""

    def __init__(self):
        super().__init__()
        self.one, self.two, self.head = nn.Linear(9, 9), nn.Linear(9, 9), nn.Linear(9, 4)
        self.two.weight = self.one.weight

    def forward(self, x):
        return self.head(torch.tanh(self.two(torch.tanh(self.one(x.flatten(1))))))


class Functional(nn.Module):
    """A weight that is also used outside its layer."""

    def __init__(self):
        super().__init__()
        self.inner, self.head = nn.Linear(9, 9), nn.Linear(9, 4)

    def forward(self, x):
        hidden = torch.tanh(self.inner(x.flatten(1)))
        return self.head(torch.tanh(functional.linear(hidden, self.inner.weight)))


@pytest.mark.parametrize("make", [Shared, Positions, Convolution, Tied, Functional])
def test_so_it_is_where_formulas_cover_a_part_or_nothing(make):
    assert_spectra_are_dense(make, tolerance=1e-6)


def test_logistic_regression_has_a_closed_form():
    """A linear softmax network: g_i = (p_i - y_i) x (a_i, 1), so K is a product of two Grams."""

    def make():
        return nn.Sequential(nn.Flatten(), nn.Linear(9, 4))

    module, params, (inputs, targets) = make(), replicas(make, [3]), data(1, 15)
    a = inputs[0].flatten(1).double().numpy()
    weight, bias = params["1.weight"][0].double().numpy(), params["1.bias"][0].double().numpy()
    logits = a @ weight.T + bias
    probabilities = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    errors = probabilities - np.eye(4)[targets[0].numpy()]
    expected = (a @ a.T + 1) * (errors @ errors.T) / 15
    ours = gram(module, params, inputs, targets, loss_gradient)[0]
    np.testing.assert_allclose(ours, expected, atol=1e-5)


def test_at_the_true_distribution_the_fisher_is_the_hessian():
    """With targets averaged under the model's own predictions, E[g g^T] = Hessian (softmax).

    Checked for logistic regression against `torch.func.hessian`: every example is repeated with
    each class, weighted by its probability, which the layer-wise formula knows nothing about.
    """

    def make():
        return nn.Sequential(nn.Flatten(), nn.Linear(9, 4))

    module, params, (inputs, _) = make(), replicas(make, [3]), data(1, 6)
    own = {name: value[0].double() for name, value in params.items()}
    x = inputs[0].double()
    weights = functional_call(module, own, (x,)).softmax(-1)  # (6, 4)

    def loss(flat):
        weight, bias = flat[:36].reshape(4, 9), flat[36:]
        logits = x.flatten(1) @ weight.T + bias
        return -(weights * logits.log_softmax(-1)).sum() / 6

    flat = torch.cat([own["1.weight"].flatten(), own["1.bias"]])
    hessian = torch.func.hessian(loss)(flat)
    repeated, classes = x.repeat_interleave(4, 0), torch.arange(4).repeat(6)
    gram = direct_gram(module, own, repeated, classes, loss_gradient) * 24  # undo 1/n
    root = (weights.flatten() / 6).sqrt()
    ours = torch.linalg.eigvalsh(root[:, None] * gram * root)
    np.testing.assert_allclose(ours[-18:], torch.linalg.eigvalsh(hessian)[-18:], atol=1e-9)


def test_permuting_hidden_units_and_examples_changes_nothing():
    module, params, (inputs, targets) = network(), replicas(network, [0, 1]), data(2, 40)
    before = fisher_srank(module, params, inputs, targets)
    order = torch.randperm(7, generator=torch.Generator().manual_seed(2))
    moved = dict(params)
    moved["linear0.weight"] = params["linear0.weight"][:, order]
    moved["linear0.bias"] = params["linear0.bias"][:, order]
    moved["linear1.weight"] = params["linear1.weight"][:, :, order]
    assert np.array_equal(fisher_srank(module, moved, inputs, targets), before)
    shuffled = torch.randperm(40, generator=torch.Generator().manual_seed(3))
    again = fisher_srank(module, params, inputs[:, shuffled], targets[:, shuffled])
    assert np.array_equal(again, before)


def test_a_dead_network_keeps_only_its_output_bias():
    module, params, (inputs, targets) = network(), replicas(network, [0]), data(1, 50)
    dead = {name: value.clone() for name, value in params.items()}
    dead["linear1.bias"] -= 1000.0  # no unit of the last hidden layer is ever active
    assert fisher_srank(module, dead, inputs, targets).tolist() == [3.0]  # classes - 1


def test_a_network_without_gradients_has_rank_zero():
    def make():
        return nn.Sequential(nn.Flatten(), nn.Linear(9, 5), nn.ReLU(), nn.Linear(5, 4, bias=False))

    module, params, (inputs, targets) = make(), replicas(make, [0]), data(1, 50)
    params["1.bias"] -= 1000.0
    assert fisher_srank(module, params, inputs, targets).tolist() == [0.0]


def test_parameters_that_are_not_numbers_are_refused():
    module, params, (inputs, targets) = network(), replicas(network, [0]), data(1, 5)
    params["head.bias"][0, 0] = math.nan
    with pytest.raises(ValueError, match="needs finite parameters"):
        fisher_srank(module, params, inputs, targets)


def test_measuring_leaves_the_network_as_it_was():
    module = nn.Sequential(nn.Flatten(), nn.Linear(9, 5), nn.Dropout(0.5), nn.Linear(5, 4))
    params, (inputs, targets) = replicas(lambda: module, [0]), data(1, 10)
    module.train()
    one = fisher_srank(module, params, inputs, targets)
    assert module.training
    assert not any(m._forward_hooks for m in module.modules())
    assert np.array_equal(one, fisher_srank(module, params, inputs, targets))  # no dropout


def test_the_layerwise_way_is_the_one_taken(monkeypatch):
    def only_to_check(module, params, inputs, targets, seeds):
        assert len(targets) <= 3, "the slow way was taken"
        return direct_gram(module, params, inputs, targets, seeds)

    monkeypatch.setattr(layer_gram, "direct_gram", only_to_check)
    for norm in ("none", "layer"):
        module = network(norm=norm)
        fisher_srank(module, replicas(lambda m=norm: network(norm=m), [0]), *data(1, 5))


# ---- srank --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("eigenvalues", "share", "rank"),
    [
        ([0.0, 0.0], 0.99, 0),
        ([5.0], 0.99, 1),
        ([1.0] * 100, 0.99, 99),  # the share is reached exactly
        ([1.0] * 10, 1.0, 10),
        ([98.0, 1.0, 1.0], 0.99, 2),
        ([98.0, 1.0, 1.0], 0.98, 1),
        ([1.0, -1.0], 0.99, 2),  # negative ones count by magnitude
        ([1.0, 1e-8, 1e-8], 1.0, 1),  # below the noise of float32
        ([1.0, 1e-6, 1e-6], 1.0, 3),  # above it
    ],
)
def test_srank_by_hand(eigenvalues, share, rank):
    assert srank(np.array(eigenvalues), share) == rank


@settings(deadline=None)
@given(
    values=st.lists(st.floats(-1e3, 1e3, allow_subnormal=False), min_size=1, max_size=30),
    share=st.floats(0.01, 1.0),
    scale=st.floats(1e-6, 1e6),
)
def test_srank_is_the_definition(values, share, scale):
    """Against a loop; and scaling the matrix changes nothing."""
    spectrum = np.array(values)
    sizes = sorted((abs(v) for v in values), reverse=True)
    sizes = [v for v in sizes if v > 1e-7 * sizes[0]]
    total, partial, expected = math.fsum(sizes), [], 0
    for size in sizes:
        if math.fsum(partial) >= share * total * (1 - 1e-12):
            break
        partial.append(size)
        expected += 1
    assert srank(spectrum, share) == expected
    assert srank(np.array([4.0, 2.0, 1.0]) * scale, 0.8) == 2


def test_srank_refuses_what_is_not_a_number():
    with pytest.raises(ValueError, match="not finite"):
        srank(np.array([1.0, np.nan]))
