"""The Hessian: dense twins, block Lanczos against spectra that are known, and the edges."""

import math

import curvlinops
import numpy as np
import pytest
import torch
from torch import nn

from plasticity_bench.measurements import (
    gauss_newton_spectrum,
    hessian_curvature,
    hessian_spectrum,
    last_layers_spectrum,
)
from plasticity_bench.measurements import hessian as hessian_module
from plasticity_bench.measurements.hessian_products import HessianProducts
from plasticity_bench.measurements.lanczos import block_lanczos
from plasticity_bench.measurements.last_layers import last_layers_parameters
from plasticity_bench.measurements.spectrum import (
    effective_rank,
    negative_mass,
    participation_ratio,
    sharpness,
    srank,
    trace,
)
from tests.support import curvature_networks as nets


def case(make, n=10, seeds=(0, 1), precise=True):
    module, params, (inputs, targets) = make(), nets.replicas(make, seeds), nets.data(len(seeds), n)
    if precise:
        params, inputs, module = nets.double(params), inputs.double(), module.double()
    return module, params, inputs, targets


@pytest.mark.slow
@pytest.mark.parametrize("make", nets.NETWORKS.values(), ids=nets.NETWORKS)
def test_the_spectrum_is_that_of_the_dense_matrix(make):
    module, params, inputs, targets = case(make)
    ours = hessian_spectrum(module, params, inputs, targets)
    for i in range(2):
        flat = nets.Flat(module, nets.replica(params, i), inputs[i], targets[i])
        dense = torch.linalg.eigvalsh(flat.hessian())
        np.testing.assert_allclose(ours[i], dense, atol=1e-12 * float(dense.abs().max()))
        matrix = HessianProducts(module, nets.replica(params, i), inputs[i], targets[i]).matrix()
        torch.testing.assert_close(matrix, flat.hessian(), rtol=0, atol=1e-12)


@pytest.mark.parametrize("make", nets.NETWORKS.values(), ids=nets.NETWORKS)
def test_products_are_differences_of_gradients(make):
    """No second derivative at all: (g(w + e v) - g(w - e v)) / 2 e."""
    module, params, inputs, targets = case(make, seeds=[0])
    flat = nets.Flat(module, nets.replica(params, 0), inputs[0], targets[0])
    gradient = torch.func.grad(flat.loss)
    products = HessianProducts(module, nets.replica(params, 0), inputs[0], targets[0])
    vectors = torch.randn(3, products.size, generator=torch.Generator().manual_seed(4)).double()
    for vector, product in zip(vectors, products(vectors)):
        step = 1e-5 * vector
        differences = (gradient(flat.vector + step) - gradient(flat.vector - step)) / 2e-5
        torch.testing.assert_close(product, differences, rtol=0, atol=1e-6)


@pytest.mark.parametrize("name", ["relu", "gelu", "convolution"])
def test_curvlinops_agrees(name):
    """An independent library, on the same network and data. (With layer norm its products are not
    the differences of gradients that the test above compares with; ours are.)"""
    module, params, inputs, targets = case(nets.NETWORKS[name], seeds=[0])
    module.load_state_dict(nets.replica(params, 0))
    operator = curvlinops.HessianLinearOperator(
        module, nn.CrossEntropyLoss(), list(module.parameters()), [(inputs[0], targets[0])],
        check_deterministic=False,
    )  # fmt: skip
    size = sum(p.numel() for p in module.parameters())
    theirs = torch.linalg.eigvalsh((operator @ torch.eye(size, dtype=torch.float64)).detach())
    ours = hessian_spectrum(module, params, inputs, targets)[0]
    np.testing.assert_allclose(ours, theirs, atol=1e-12 * float(theirs.abs().max()))


def test_for_softmax_regression_it_is_the_gauss_newton_matrix():
    module, params, inputs, targets = case(nets.softmax_regression)
    hessian = hessian_spectrum(module, params, inputs, targets)
    gauss_newton = gauss_newton_spectrum(module, params, inputs, targets)
    for i in range(2):
        expected = nets.non_zero(gauss_newton[i], 40)
        np.testing.assert_allclose(hessian[i], expected, atol=1e-12)


@pytest.mark.parametrize("activation", ["relu", "leaky_relu", "identity"])
def test_piecewise_linear_networks_have_the_trace_of_their_gauss_newton_matrix(activation):
    """Their logits are linear in every single parameter: the residual's diagonal is 0."""
    module, params, inputs, targets = case(lambda: nets.mlp(activation))
    hessian = hessian_spectrum(module, params, inputs, targets)
    gauss_newton = gauss_newton_spectrum(module, params, inputs, targets)
    for one, other in zip(hessian, gauss_newton):
        assert trace(one) == pytest.approx(trace(other), rel=1e-10)
        assert negative_mass(one) > 0.05  # and yet they differ


def test_permuting_hidden_units_changes_nothing():
    module, params, inputs, targets = case(nets.mlp)
    order = torch.randperm(7, generator=torch.Generator().manual_seed(2))
    moved = dict(params)
    for name in ("linear0.weight", "linear0.bias"):
        moved[name] = params[name][:, order]
    moved["linear1.weight"] = params["linear1.weight"][:, :, order]
    for of in (hessian_spectrum, last_layers_spectrum):
        before, after = of(module, params, inputs, targets), of(module, moved, inputs, targets)
        np.testing.assert_allclose(after, before, atol=1e-12)


def test_a_dead_network():
    """The output bias alone is left: classes - 1 directions. Without it, none."""
    module, params, inputs, targets = case(nets.mlp, seeds=[0], precise=False)
    params["linear1.bias"] -= 1000.0
    for limit in (0, 4096):
        found = hessian_curvature(module, params, inputs, targets, dense_limit=limit, block=2)
        assert found.srank90.value[0] in {2.0, 3.0}
        assert 2.0 < found.effective_rank.value[0] <= 3.0
        assert found.negative_mass.value[0] == pytest.approx(0.0, abs=1e-6)

    def unbiased():
        return nn.Sequential(nn.Flatten(), nn.Linear(9, 5), nn.ReLU(), nn.Linear(5, 4, bias=False))

    module, params, inputs, targets = case(unbiased, seeds=[0], precise=False)
    params["1.bias"] -= 1000.0
    for limit in (0, 4096):
        found = hessian_curvature(module, params, inputs, targets, dense_limit=limit)
        for name in ("srank90", "effective_rank", "participation_ratio", "negative_mass"):
            estimate = getattr(found, name)
            assert (estimate.value[0], estimate.uncertainty[0]) == (0.0, 0.0)
        assert found.sharpness.value[0] == 0.0


@pytest.mark.parametrize("limit", [0, 4096])
def test_values_that_are_not_finite(limit):
    module, params, inputs, targets = case(nets.mlp, precise=False)
    huge = {name: value.clone() for name, value in params.items()}
    huge["head.weight"][1], huge["linear1.bias"][1] = 0.0, 1e25  # whose square overflows
    found = hessian_curvature(module, huge, inputs, targets, dense_limit=limit)
    for estimate in (found.srank90, found.effective_rank, found.sharpness):
        assert np.isfinite(estimate.value[0])
        assert np.isnan(estimate.value[1])
    params["head.bias"][0, 0] = math.nan
    with pytest.raises(ValueError, match="needs finite parameters"):
        hessian_curvature(module, params, inputs, targets, dense_limit=limit)


def test_small_networks_are_measured_exactly():
    module, params, inputs, targets = case(nets.mlp)
    found = hessian_curvature(module, params, inputs, targets)
    assert found.exact
    for i, spectrum in enumerate(hessian_spectrum(module, params, inputs, targets)):
        assert found.effective_rank.value[i] == effective_rank(spectrum)
        assert found.srank90.value[i] == srank(spectrum, 0.9)
        assert found.participation_ratio.value[i] == participation_ratio(spectrum)
        assert found.negative_mass.value[i] == negative_mass(spectrum)
        assert found.sharpness.value[i] == sharpness(spectrum)
    assert not found.effective_rank.uncertainty.any()


def test_matrices_that_are_too_large_are_refused(monkeypatch):
    module, params, inputs, targets = case(nets.mlp)
    monkeypatch.setattr(hessian_module, "DENSE_LIMIT", 145)  # one less than it has
    with pytest.raises(ValueError, match="146 parameters"):
        hessian_spectrum(module, params, inputs, targets)
    assert not hessian_curvature(module, params, inputs, targets, dense_limit=145).exact


def test_one_start_vector_has_no_spread():
    with pytest.raises(ValueError, match="at least 2"):
        hessian_curvature(*case(nets.mlp), dense_limit=0, block=1)


@pytest.mark.slow
@pytest.mark.parametrize("make", [nets.mlp, nets.Residual, nets.Attention])
def test_a_replica_among_others_is_that_replica_alone(make):
    module, params, inputs, targets = case(make, seeds=[0, 1, 2], precise=False)
    together = hessian_spectrum(module, params, inputs, targets)
    estimates = hessian_curvature(module, params, inputs, targets, dense_limit=0, steps=10)
    for i in range(3):
        own = {name: value[i : i + 1] for name, value in params.items()}
        data = inputs[i : i + 1], targets[i : i + 1]
        assert np.array_equal(hessian_spectrum(module, own, *data)[0], together[i])
        alone = hessian_curvature(module, own, *data, dense_limit=0, steps=10)
        assert alone.effective_rank.value[0] == estimates.effective_rank.value[i]


def test_measuring_leaves_the_network_as_it_was():
    module, params, inputs, targets = case(nets.LibraryAttention, precise=False)
    module.train()
    one = hessian_spectrum(module, params, inputs, targets)
    assert module.training
    assert np.array_equal(one, hessian_spectrum(module, params, inputs, targets))  # no dropout
    assert not any(value.requires_grad for value in params.values())


# ---- the last two layers ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "first", "size"),
    [
        (nets.mlp, "linear1.weight", 76),
        (lambda: nets.mlp(norm="layer"), "linear1.weight", 88),  # with the norm between
        (nets.softmax_regression, "1.weight", 40),  # there is but one
        (nets.convolutional, "1.weight", 67),
        (nets.Residual, "skip.weight", 40),
    ],
)
def test_the_last_two_layers_block_is_a_part_of_the_dense_matrix(make, first, size):
    module, params, inputs, targets = case(make)
    names = list(params)
    assert last_layers_parameters(module, inputs[0]) == names[names.index(first) :]
    ours = last_layers_spectrum(module, params, inputs, targets)
    for i in range(2):
        flat = nets.Flat(module, nets.replica(params, i), inputs[i], targets[i])
        block = flat.hessian()[-size:, -size:]
        dense = torch.linalg.eigvalsh(block)
        np.testing.assert_allclose(ours[i], dense, atol=1e-12 * float(dense.abs().max()))


# ---- block Lanczos ------------------------------------------------------------------------------


def matrix_of(eigenvalues, seed=0):
    generator = torch.Generator().manual_seed(seed)
    size = len(eigenvalues)
    basis = torch.linalg.qr(torch.randn(size, size, generator=generator, dtype=torch.float64))[0]
    return basis @ torch.diag(torch.as_tensor(eigenvalues)) @ basis.T


def lanczos(eigenvalues, block, steps, seed=0, dtype=torch.float64):
    matrix = matrix_of(eigenvalues).to(dtype)
    return block_lanczos(
        lambda rows: rows @ matrix, len(matrix), block=block, steps=steps, like=matrix, seed=seed
    )


@pytest.mark.parametrize("block", [2, 3, 4])
def test_a_full_run_finds_every_eigenvalue(block):
    spectrum = np.linspace(-1.0, 2.0, 48) ** 3
    run = lanczos(spectrum, block, 100)
    np.testing.assert_allclose(np.linalg.eigvalsh(run.tridiagonal), np.sort(spectrum), atol=1e-12)


def test_the_gauss_rule_is_exact_for_polynomials():
    """Of degree up to 2 steps - 1, for every start vector: z^T H^k z. The rules' counts are these
    weights as long as no node has converged, but for a factor that makes them sum to the size."""
    spectrum = np.sin(np.arange(60.0)) + 0.3
    run, matrix = lanczos(spectrum, 2, 5), matrix_of(spectrum).numpy()
    values, vectors = np.linalg.eigh(run.tridiagonal)
    weights = (run.start.T @ vectors[:2]) ** 2
    start = torch.randn(60, 2, generator=torch.Generator().manual_seed(0)).double().numpy()
    power = start
    for degree in range(10):
        np.testing.assert_allclose(weights @ values**degree, (start * power).sum(0), rtol=1e-9)
        power = matrix @ power
    shares = weights / weights.sum(1, keepdims=True)
    np.testing.assert_allclose(run.gauss().counts, 60 * shares)


def test_the_radau_rule_has_nodes_at_zero_and_is_exact_for_one_degree_more():
    spectrum = np.linspace(0.5, 2.0, 60)
    run, matrix = lanczos(spectrum, 2, 5), matrix_of(spectrum).numpy()
    rule = run.radau()
    assert (np.abs(rule.nodes) < 1e-12).sum() == 2
    start = torch.randn(60, 2, generator=torch.Generator().manual_seed(0)).double().numpy()
    power, total = start, (start**2).sum(0)
    for degree in range(11):
        ours = rule.counts @ rule.nodes**degree * total / 60
        np.testing.assert_allclose(ours, (start * power).sum(0), rtol=1e-9)
        power = matrix @ power


def test_converged_nodes_stand_for_one_eigenvalue_each():
    spectrum = np.concatenate([[-50.0, 30.0, 100.0], np.linspace(0, 0.1, 200)])
    for rule in (lanczos(spectrum, 2, 20).gauss(), lanczos(spectrum, 2, 20).radau()):
        for eigenvalue in (-50.0, 30.0, 100.0):
            near = np.abs(rule.nodes - eigenvalue) < 1e-6
            assert rule.counts[:, near].sum(1) == pytest.approx([1.0, 1.0], abs=1e-3)
        np.testing.assert_allclose(rule.counts.sum(1), 203)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_low_rank_and_multiple_eigenvalues_end_it_early(dtype):
    low = lanczos(np.concatenate([np.arange(1.0, 8.0), np.zeros(193)]), 4, 40, dtype=dtype)
    assert len(low.tridiagonal) <= 16
    rule = low.gauss()
    assert effective_rank(rule.nodes, rule.counts.mean(0)) == pytest.approx(
        effective_rank(np.arange(1.0, 8.0)), rel=1e-5
    )
    identity = lanczos(np.ones(200), 4, 40, dtype=dtype).gauss()
    assert srank(identity.nodes, 0.9, identity.counts.mean(0)) == 180
    assert lanczos(np.zeros(200), 4, 40, dtype=dtype).gauss().counts.sum() == 800


@pytest.mark.slow
@pytest.mark.parametrize("steps", [20, 60])
def test_the_stated_uncertainty_covers_the_error(steps):
    """A spectrum as networks have, a few large eigenvalues and a long tail of both signs, with too
    few products to resolve it. With 60 steps the two rules all but agree, and the spread between
    start vectors is what is left."""
    ranks = np.arange(1.0, 601.0)
    spectrum = ranks**-1.2 * np.where(ranks % 3 == 0, -1, 1)
    truth, covered, errors = effective_rank(spectrum), 0, []
    for seed in range(20):
        value, uncertainty = hessian_module._of_run(lanczos(spectrum, 4, steps, seed))[
            "effective_rank"
        ]
        covered += abs(value - truth) <= 2 * uncertainty
        errors.append(abs(value - truth) / truth)
    assert covered >= 17
    assert np.median(errors) < 0.1


@pytest.mark.slow
def test_lanczos_agrees_with_the_dense_hessian_of_a_network():
    """At half as many products as there are parameters."""
    module, params, inputs, targets = case(lambda: nets.mlp(hidden=(24, 20)), n=60, precise=False)
    exact = hessian_curvature(module, params, inputs, targets)
    found = hessian_curvature(module, params, inputs, targets, dense_limit=0, steps=100)
    for name, tolerance in {
        "effective_rank": 0.03,
        "srank90": 0.03,
        "participation_ratio": 0.03,
        "negative_mass": 0.03,
        "sharpness": 1e-5,
    }.items():
        truth, estimate = getattr(exact, name).value, getattr(found, name)
        np.testing.assert_allclose(estimate.value, truth, rtol=tolerance, err_msg=name)
        assert (estimate.uncertainty <= tolerance * truth).all()
