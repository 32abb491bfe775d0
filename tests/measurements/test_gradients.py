"""Measurements of examples' gradients, churn and isometry: by hand, and by slow and obvious twins."""

import math
import re
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn
from torch.func import functional_call

from plasticity_bench.checks.measurement import example_probe
from plasticity_bench.measurements import MEASUREMENTS, Probe, curvature_volatility
from plasticity_bench.measurements import absolute_rank as absolute
from plasticity_bench.measurements.optimization_readiness import minibatches


def taken(name, probe, replica=0):
    return {key: values[replica] for key, values in MEASUREMENTS[name].measure(probe).items()}


def probe_of(module, inputs, targets):
    params = {name: value.detach()[None] for name, value in module.named_parameters()}
    return Probe(module, params, params, {}, inputs[None], targets[None])


def gradients(probe, replica):
    """Every example's gradient, by layer, one at a time in float64."""
    params, inputs, targets = list(probe.one_by_one())[replica]
    rows = {}
    for x, target in zip(inputs.double(), targets):
        leaves = {name: value.detach().double().requires_grad_() for name, value in params.items()}
        logits = functional_call(probe.module, leaves, (x[None],))
        loss = -logits.log_softmax(-1)[0, target]
        for name, g in zip(leaves, torch.autograd.grad(loss, list(leaves.values()))):
            rows.setdefault(name, []).append(g.flatten())
    return {name: torch.stack(each).numpy() for name, each in rows.items()}


def whole(probe, replica):
    return np.concatenate(list(gradients(probe, replica).values()), 1)


# Without a bias the gradient in the weights is (p - y) x^T: examples of the same class with
# logits of zero and orthogonal inputs have orthogonal gradients.
ZERO = nn.Linear(3, 2, bias=False)
nn.init.zeros_(ZERO.weight)


@pytest.mark.parametrize("replica", range(3))
def test_the_normalised_covariance_is_that_of_dense_gradients(replica):
    probe = example_probe()
    found = taken("gradient_covariance", probe, replica)
    rows = whole(probe, replica)
    n = len(rows)
    cosines = np.array([
        [a @ b / (np.linalg.norm(a) * np.linalg.norm(b)) for b in rows] for a in rows
    ])  # fmt: skip
    mean = np.mean([cosines[i, j] for i in range(n) for j in range(n) if i != j])
    assert found["gradient_cosine_mean_n16"] == pytest.approx(mean, abs=1e-5)
    shares = np.linalg.eigvalsh(cosines)[::-1] / n
    least = next(k for k in range(1, n + 1) if shares[:k].sum() >= 0.99)
    assert found["gradient_covariance_srank99_n16"] == least
    shares = shares[shares > 1e-7]
    entropy = -(shares * np.log(shares)).sum()
    assert found["gradient_covariance_effective_rank_n16"] == pytest.approx(
        math.exp(entropy), rel=1e-4
    )


def test_gradients_that_are_orthogonal_alike_or_opposite():
    labels = torch.zeros(3, dtype=torch.int64)
    orthogonal = taken(
        "gradient_covariance", probe_of(ZERO, torch.diag(torch.tensor([1.0, 2, 3])), labels)
    )
    assert orthogonal["gradient_cosine_mean_n3"] == pytest.approx(0, abs=1e-6)
    assert orthogonal["gradient_covariance_effective_rank_n3"] == pytest.approx(3)
    assert orthogonal["gradient_covariance_srank99_n3"] == 3
    alike = torch.tensor([[1.0, 0, 0], [2, 0, 0], [3, 0, 0]])
    found = taken("gradient_covariance", probe_of(ZERO, alike, labels))
    assert found["gradient_cosine_mean_n3"] == pytest.approx(1)
    assert found["gradient_covariance_srank99_n3"] == 1
    opposite = taken("gradient_covariance", probe_of(ZERO, alike[:2], torch.tensor([0, 1])))
    assert opposite["gradient_cosine_mean_n2"] == pytest.approx(-1)


def test_an_example_without_a_gradient_has_no_direction():
    inputs = torch.tensor([[1.0, 0, 0], [1, 0, 0], [0, 0, 0]])
    found = taken("gradient_covariance", probe_of(ZERO, inputs, torch.zeros(3, dtype=torch.int64)))
    assert found["gradient_cosine_mean_n3"] == pytest.approx(1)
    found = taken(
        "gradient_covariance", probe_of(ZERO, inputs[1:], torch.zeros(2, dtype=torch.int64))
    )
    assert math.isnan(found["gradient_cosine_mean_n2"])
    none = taken(
        "gradient_covariance", probe_of(ZERO, 0 * inputs, torch.zeros(3, dtype=torch.int64))
    )
    assert none["gradient_covariance_srank99_n3"] == 0
    ready = taken(
        "optimization_readiness", probe_of(ZERO, 0 * inputs, torch.zeros(3, dtype=torch.int64))
    )
    assert math.isnan(ready["optimization_readiness_b1_n3"])


@pytest.mark.parametrize("replica", range(3))
def test_readiness_is_that_of_minibatches_one_by_one(replica):
    probe = example_probe()
    rows = whole(probe, replica)
    squares = []
    for weights in minibatches(16, 2).numpy():
        chosen = np.flatnonzero(weights)
        assert len(chosen) == 2 and (weights[chosen] == 0.5).all()
        squares.append(np.square(rows[chosen].mean(0)).sum())
    assert len(squares) == 128
    expected = np.square(rows.mean(0)).sum() / np.mean(squares)
    found = taken("optimization_readiness", probe, replica)
    assert found == {"optimization_readiness_b2_n16": pytest.approx(expected, rel=1e-4)}


def test_readiness_by_hand():
    """Minibatches of one: all alike are 1; two orthogonal ones of the same length are 1/2."""
    labels = torch.zeros(2, dtype=torch.int64)
    alike = torch.tensor([[1.0, 0, 0], [1, 0, 0]])
    found = taken("optimization_readiness", probe_of(ZERO, alike, labels))
    assert found["optimization_readiness_b1_n2"] == pytest.approx(1)
    orthogonal = torch.tensor([[1.0, 0, 0], [0, 1, 0]])
    found = taken("optimization_readiness", probe_of(ZERO, orthogonal, labels))
    assert found["optimization_readiness_b1_n2"] == pytest.approx(1 / 2)


@pytest.mark.parametrize("replica", range(3))
def test_the_noise_scale_is_that_of_the_covariance(replica):
    probe = example_probe()
    found = taken("gradient_noise", probe, replica)
    by_parameter = gradients(probe, replica)
    layers = {"": by_parameter}
    for name, rows in by_parameter.items():
        layers.setdefault("/" + name.rpartition(".")[0], {})[name] = rows
    for layer, parameters in layers.items():
        rows = np.concatenate(list(parameters.values()), 1)
        trace = np.trace(np.cov(rows.T))
        expected = trace / np.square(rows.mean(0)).sum()
        assert found[f"gradient_noise_scale_n16{layer}"] == pytest.approx(expected, rel=1e-4)
    assert len(found) == len(layers)


def test_the_noise_scale_by_hand():
    """Gradients of 1 and 3 along one direction: mean 2, variance 2; and without any gradient."""
    labels = torch.zeros(2, dtype=torch.int64)
    found = taken("gradient_noise", probe_of(ZERO, torch.tensor([[1.0, 0, 0], [3, 0, 0]]), labels))
    assert found["gradient_noise_scale_n2"] == pytest.approx(2 / 4)
    none = taken("gradient_noise", probe_of(ZERO, torch.zeros(2, 3), labels))
    assert math.isnan(none["gradient_noise_scale_n2"])
    one = taken("gradient_noise", probe_of(ZERO, torch.ones(1, 3), labels[:1]))
    assert math.isnan(one["gradient_noise_scale_n1"])


def test_gradients_in_chunks_are_those_at_once(monkeypatch):
    expected = MEASUREMENTS["gradient_noise"].measure(example_probe())
    monkeypatch.setattr("plasticity_bench.measurements.gradient_noise.CHUNK", 300)
    found = MEASUREMENTS["gradient_noise"].measure(example_probe())
    for key, values in expected.items():
        np.testing.assert_allclose(found[key], values, rtol=1e-5)


# ---- curvature's volatility ---------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("replica", range(3))
def test_the_volatility_bound_is_that_of_dense_hessians(replica, monkeypatch):
    monkeypatch.setattr(curvature_volatility, "PRODUCTS", 200)
    probe = example_probe()
    found = taken("curvature_volatility", probe, replica)
    params, inputs, targets = list(probe.one_by_one())[replica]
    places, start = {"": []}, 0
    for name, value in params.items():
        positions = list(range(start, start + value.numel()))
        places.setdefault("/" + name.rpartition(".")[0], []).extend(positions)
        places[""] += positions
        start += value.numel()
    hessians = []
    for first in range(0, 16, 2):  # eight minibatches of two
        of_batch = replace(
            probe,
            params={name: value[None] for name, value in params.items()},
            inputs=inputs[None, first : first + 2],
            targets=targets[None, first : first + 2],
        )
        hessians.append(dense_hessian(of_batch, 0))
    for layer, chosen in places.items():
        spectra = [np.linalg.eigvalsh(hessian[np.ix_(chosen, chosen)]) for hessian in hessians]
        largest = np.array([spectrum[np.abs(spectrum).argmax()] for spectrum in spectra])
        expected = 2 * max(largest.mean(), 0) / np.square(largest).mean()
        key = f"curvature_volatility_bound_b2_n16{layer}"
        assert found[key] == pytest.approx(expected, rel=1e-3)
    assert len(found) == len(places)


def test_the_volatility_bound_by_hand():
    """Softmax regression at zero has (diag(p) - p p^T) x^T x: with p = 1/2 its eigenvalue |x|^2/2."""
    labels = torch.zeros(8, dtype=torch.int64)
    key = "curvature_volatility_bound_b1_n8"
    same = torch.tensor([[2**0.5, 0, 0]]).repeat(8, 1)
    assert taken("curvature_volatility", probe_of(ZERO, same, labels))[key] == pytest.approx(2)
    mixed = same * torch.tensor([1.0, 3.0] * 4).sqrt()[:, None]
    found = taken("curvature_volatility", probe_of(ZERO, mixed, labels))
    assert found[key] == pytest.approx(2 * 2 / (2**2 + 1))  # eigenvalues of 1 and 3
    flat = taken("curvature_volatility", probe_of(ZERO, torch.zeros(8, 3), labels))
    assert math.isnan(flat[key])
    few = taken("curvature_volatility", probe_of(ZERO, same[:7], labels[:7]))
    assert math.isnan(few["curvature_volatility_bound_b0_n7"])


# ---- churn --------------------------------------------------------------------------------------


@pytest.mark.parametrize("replica", range(3))
def test_churn_is_that_of_a_step_of_torchs_sgd(replica):
    probe = example_probe()
    params, inputs, targets = list(probe.one_by_one())[replica]
    module = probe.module
    with torch.no_grad():
        for name, value in module.named_parameters():
            value.copy_(params[name])
    optimizer = torch.optim.SGD(module.parameters(), lr=0.1)
    before = module(inputs[8:]).detach()
    nn.functional.cross_entropy(module(inputs[:8]), targets[:8]).backward()
    optimizer.step()
    after = module(inputs[8:]).detach()
    expected = np.mean([(b - a).norm().item() for a, b in zip(before, after)])
    found = taken("churn", example_probe(), replica)
    assert found["churn_outputs_sgd0.1_n16"] == pytest.approx(expected, rel=1e-4)
    changed = [a.argmax() != b.argmax() for a, b in zip(before, after)]
    assert found["churn_predictions_sgd0.1_n16"] == pytest.approx(np.mean(changed))


def test_churn_by_hand():
    """One step moves the weights by 0.1 (1/2, -1/2) x^T of the first example, and 10 x the second.

    Its outputs move by 0.05 (10, -10); with the second class one ahead by 0.5, the first wins.
    """
    labels = torch.zeros(2, dtype=torch.int64)
    module = nn.Linear(2, 2, bias=False)
    with torch.no_grad():
        module.weight.copy_(torch.tensor([[0.0, 0.0], [0.0, 0.5]]))
    found = taken("churn", probe_of(module, torch.tensor([[1.0, 0], [10, 1]]), labels))
    assert found["churn_outputs_sgd0.1_n2"] == pytest.approx(0.5 * math.sqrt(2))
    assert found["churn_predictions_sgd0.1_n2"] == 1
    found = taken("churn", probe_of(module, torch.tensor([[1.0, 0], [0, 1]]), labels))
    assert found["churn_outputs_sgd0.1_n2"] == 0
    assert found["churn_predictions_sgd0.1_n2"] == 0
    one = taken("churn", probe_of(module, torch.ones(1, 2), labels[:1]))
    assert all(map(math.isnan, one.values()))


# ---- isometry -----------------------------------------------------------------------------------


@pytest.mark.parametrize("replica", range(3))
def test_the_deviation_is_that_of_the_products(replica):
    probe = example_probe()
    found = taken("isometry", probe, replica)
    deviations, spreads = [], []
    for name, value in probe.params.items():
        if value.ndim == 3:
            weight = value[replica].double().numpy()
            product = min((weight @ weight.T, weight.T @ weight), key=len)
            deviations.append(np.square(product - np.eye(len(product))).sum())
            sigma = np.linalg.svd(weight, compute_uv=False)
            spreads.append(1 - sigma.sum() ** 2 / (len(sigma) * np.square(sigma).sum()))
            layer = name.removesuffix(".weight")
            assert found[f"deviation_from_isometry/{layer}"] == pytest.approx(deviations[-1])
            assert found[f"singular_value_spread/{layer}"] == pytest.approx(spreads[-1])
    assert len(deviations) == 3
    assert found["deviation_from_isometry"] == pytest.approx(sum(deviations))
    assert found["singular_value_spread"] == pytest.approx(np.mean(spreads))


def test_isometries_by_hand():
    module = nn.Sequential(nn.Conv2d(1, 2, 2, bias=False), nn.Flatten(), nn.Linear(2, 3))
    with torch.no_grad():
        module[0].weight.copy_(torch.eye(2, 4).reshape(2, 1, 2, 2))
        module[2].weight.copy_(2 * torch.eye(3, 2))
    found = taken(
        "isometry", probe_of(module, torch.zeros(2, 1, 2, 2), torch.zeros(2, dtype=torch.int64))
    )
    assert found["deviation_from_isometry/0"] == pytest.approx(0)
    assert found["deviation_from_isometry/2"] == pytest.approx(2 * 3**2)
    assert found["singular_value_spread/2"] == pytest.approx(0)
    with torch.no_grad():
        module[2].weight.copy_(torch.ones(3, 2))
    found = taken(
        "isometry", probe_of(module, torch.zeros(2, 1, 2, 2), torch.zeros(2, dtype=torch.int64))
    )
    assert found["singular_value_spread/2"] == pytest.approx(1 / 2)
    assert found["singular_value_spread"] == pytest.approx(1 / 4)
    with torch.no_grad():
        module[2].weight.zero_()
    found = taken(
        "isometry", probe_of(module, torch.zeros(2, 1, 2, 2), torch.zeros(2, dtype=torch.int64))
    )
    assert math.isnan(found["singular_value_spread/2"])


def test_a_network_without_layers_has_no_isometry():
    class Shift(nn.Module):
        def __init__(self):
            super().__init__()
            self.by = nn.Parameter(torch.ones(2))

        def forward(self, x):
            return x + self.by

    found = taken(
        "isometry", probe_of(Shift(), torch.zeros(2, 2), torch.zeros(2, dtype=torch.int64))
    )
    assert found and all(map(math.isnan, found.values()))


# ---- shares of a spectrum -----------------------------------------------------------------------


def dense_hessian(probe, replica):
    """By torch.autograd.functional, in float64."""
    params, inputs, targets = list(probe.one_by_one())[replica]
    shapes = {name: value.shape for name, value in params.items()}
    flat = torch.cat([value.flatten() for value in params.values()]).double()

    def loss(flat):
        parts = flat.split([math.prod(shape) for shape in shapes.values()])
        given = {name: part.reshape(shapes[name]) for name, part in zip(shapes, parts)}
        logits = functional_call(probe.module, given, (inputs.double(),))
        return nn.functional.cross_entropy(logits, targets)

    return torch.autograd.functional.hessian(loss, flat).numpy()


@pytest.mark.parametrize("threshold", [0.1, 0.01])
def test_shares_are_those_of_dense_matrices(threshold, monkeypatch):
    monkeypatch.setattr(absolute, "THRESHOLD", threshold)
    probe = example_probe()
    for replica in range(3):
        matrix = dense_hessian(probe, replica)
        share = np.mean(np.abs(np.linalg.eigvalsh(matrix)) > threshold)
        found = taken("hessian_absolute_rank", probe, replica)
        assert found["hessian_share_above0.1_n16"] == pytest.approx(share)
        assert found["hessian_share_above0.1_uncertainty_n16"] == 0
        rows = whole(probe, replica)
        share = np.mean(np.linalg.eigvalsh(rows.T @ rows / len(rows)) > threshold)
        found = taken("fisher_absolute_rank", probe, replica)
        assert found["fisher_share_above0.1_n16"] == pytest.approx(share)


def test_the_gauss_newton_matrix_of_softmax_regression_is_its_hessian():
    module = nn.Linear(3, 4)
    torch.manual_seed(0)
    probe = probe_of(module, 2 * torch.randn(12, 3), torch.arange(12) % 4)
    ours = taken("gauss_newton_absolute_rank", probe)["gauss_newton_share_above0.1_n12"]
    hessian = taken("hessian_absolute_rank", probe)["hessian_share_above0.1_n12"]
    assert ours == pytest.approx(hessian)
    assert 0 < ours < 1


def test_lanczos_estimates_the_share_of_a_larger_network(monkeypatch):
    probe = example_probe()
    exact = taken("hessian_absolute_rank", probe)["hessian_share_above0.1_n16"]
    monkeypatch.setattr(absolute, "DENSE_LIMIT", 10)
    found = taken("hessian_absolute_rank", example_probe())
    uncertainty = found["hessian_share_above0.1_uncertainty_n16"]
    assert abs(found["hessian_share_above0.1_n16"] - exact) <= max(2 * uncertainty, 0.02)


def test_a_share_is_not_relative():
    """Scaled by ten, more eigenvalues are above; the relative rank stays as it is."""
    spectrum = np.array([0.05, -0.2, 0.01, 0.0])
    assert absolute.share_above(spectrum, 10) == 0.1
    assert absolute.share_above(10 * spectrum, 10) == 0.2
    assert absolute.share_above(spectrum, 10, np.array([1.0, 2.5, 1, 1])) == 0.25


# ---- units and features -------------------------------------------------------------------------


def test_features_of_places_are_those_of_the_flattened_outputs():
    torch.manual_seed(0)
    module = nn.Sequential(
        nn.Conv2d(1, 3, 2), nn.ReLU(), nn.Flatten(), nn.Linear(12, 6), nn.ReLU(), nn.Linear(6, 2)
    )
    inputs = torch.randn(10, 1, 3, 3)
    probe = probe_of(module, inputs, torch.zeros(10, dtype=torch.int64))
    found = taken("feature_rank_places", probe)
    for layer, outputs in (("1", module[:2](inputs)), ("4", module[:5](inputs))):
        sigma = np.linalg.svd(outputs.detach().double().flatten(1).numpy(), compute_uv=False)
        shares = sigma / sigma.sum()
        least = next(k for k in range(1, 11) if shares[:k].sum() >= 0.99)
        assert found[f"feature_srank99_places_n10/{layer}"] == least
        shares = shares[shares > 1e-7]
        expected = math.exp(-(shares * np.log(shares)).sum())
        assert found[f"feature_effective_rank_places_n10/{layer}"] == pytest.approx(
            expected, rel=1e-4
        )
    channels = taken("feature_rank", probe)
    assert channels["feature_srank99_n10/1"] <= 3 < found["feature_srank99_places_n10/1"]
    assert channels["feature_srank99_n10/4"] == found["feature_srank99_places_n10/4"]
    assert found["feature_srank99_places_n10"] == found["feature_srank99_places_n10/4"]


def test_rarely_active_units_by_hand():
    """Of 200 examples, unit 0 is active on all, 1 on one (0.5 %), 2 on two (1 %), 3 on none."""
    inputs = torch.zeros(200, 4)
    inputs[:, 0] = 1e-9
    inputs[0, 1] = 1e9
    inputs[:2, 2] = 1
    module = nn.Sequential(nn.Linear(4, 4, bias=False), nn.ReLU(), nn.Linear(4, 2))
    with torch.no_grad():
        module[0].weight.copy_(torch.eye(4))
    found = taken(
        "rarely_active_units", probe_of(module, inputs, torch.zeros(200, dtype=torch.int64))
    )
    assert found["rarely_active_units0.01_n200"] == 0.5
    assert found["rarely_active_units0.01_n200/1"] == 0.5


def test_every_number_has_its_count_of_examples_in_its_name():
    for name in (
        *("gradient_covariance", "gradient_noise", "optimization_readiness", "churn"),
        "curvature_volatility",
    ):
        for key in MEASUREMENTS[name].measure(example_probe()):
            assert re.search(r"_n16(/|$)", key), key
