"""The Gauss-Newton spectrum, and the Gram matrices below it and the Fisher: dense twins, closed
forms, invariances, curvlinops, the edges."""

import math

import curvlinops
import numpy as np
import pytest
import torch
from torch import nn

from plasticity_bench.measurements import (
    fisher_spectrum,
    fisher_srank,
    gauss_newton_spectrum,
    gauss_newton_srank,
    layer_gram,
)
from plasticity_bench.measurements.gauss_newton import output_factor
from plasticity_bench.measurements.spectrum import srank, trace
from tests.support import curvature_networks as nets


def spectra(make, n=10, seeds=(0, 1), precise=True):
    module, params, (inputs, targets) = make(), nets.replicas(make, seeds), nets.data(len(seeds), n)
    if precise:
        params, inputs = nets.double(params), inputs.double()
        module = module.double()  # its buffers
    return module, params, inputs, targets


@pytest.mark.parametrize("make", nets.NETWORKS.values(), ids=nets.NETWORKS)
def test_the_spectrum_is_that_of_the_dense_matrix(make):
    module, params, inputs, targets = spectra(make)
    ours = gauss_newton_spectrum(module, params, inputs, targets)
    assert ours.shape == (2, 30)
    for i in range(2):
        flat = nets.Flat(module, nets.replica(params, i), inputs[i], targets[i])
        dense = nets.non_zero(torch.linalg.eigvalsh(flat.gauss_newton()), 30)
        np.testing.assert_allclose(ours[i], dense, atol=1e-12 * float(dense[-1]))


@pytest.mark.parametrize("make", nets.NETWORKS.values(), ids=nets.NETWORKS)
def test_the_fisher_is_that_of_the_dense_matrix(make):
    module, params, inputs, targets = spectra(make)
    ours = fisher_spectrum(module, params, inputs, targets)
    for i in range(2):
        flat = nets.Flat(module, nets.replica(params, i), inputs[i], targets[i])
        jacobian = torch.func.jacrev(flat.logits)(flat.vector)
        errors = flat.logits(flat.vector).softmax(-1) - torch.eye(4)[targets[i]]
        gradients = torch.einsum("nc,ncp->np", errors, jacobian)
        dense = nets.non_zero(torch.linalg.eigvalsh(gradients.T @ gradients / 10), 10)
        np.testing.assert_allclose(ours[i], dense, atol=1e-12 * float(dense[-1]))


class Mixed(nn.Module):
    """Tokens in front of examples: the first dimension is not the examples'."""

    def __init__(self, tokens=3):
        super().__init__()
        self.tokens = tokens
        self.inner, self.head = nn.Linear(3, 5), nn.Linear(5, 4)

    def forward(self, x):
        return self.head(torch.tanh(self.inner(x.transpose(0, 1)[: self.tokens])).mean(0))


class Twice(nn.Module):
    """A layer that is applied twice, before one that is not."""

    def __init__(self):
        super().__init__()
        self.inner, self.head = nn.Linear(9, 9), nn.Linear(9, 4)

    def forward(self, x):
        return self.head(self.inner(torch.tanh(self.inner(x.flatten(1)))))


OTHERS = {"mixed": lambda: Mixed(2), "twice": Twice}


@pytest.mark.parametrize("name", [*nets.NETWORKS, *OTHERS])
def test_formulas_cover_what_they_should(name, monkeypatch):
    """All of a network, or all but the parameters that no layer with a formula owns."""
    directly = []
    direct = layer_gram.direct_gram

    def noted(module, params, inputs, targets, seeds, names=None):
        if len(targets) > 3:
            directly.append(names)
        return direct(module, params, inputs, targets, seeds, names)

    monkeypatch.setattr(layer_gram, "direct_gram", noted)
    make = (nets.NETWORKS | OTHERS)[name]
    gauss_newton_spectrum(*spectra(make, seeds=[0]))
    expected = {
        "attention": [["position", "token"]],
        "library attention": [[f"layer.self_attn.{own}" for own in (
            "in_proj_bias", "in_proj_weight", "out_proj.bias", "out_proj.weight")]],
        "mixed": [["inner.bias", "inner.weight"]],
        "twice": [["inner.bias", "inner.weight"]],
    }  # fmt: skip
    assert directly == expected.get(name, [])


def test_large_layers_are_formed_in_pieces(monkeypatch):
    module, params, inputs, targets = spectra(nets.Residual)
    whole = gauss_newton_spectrum(module, params, inputs, targets)
    monkeypatch.setattr(layer_gram, "CHUNK", 1)
    pieces = gauss_newton_spectrum(module, params, inputs, targets)
    np.testing.assert_allclose(pieces, whole, atol=1e-12)


def test_layers_over_another_dimension_are_not_taken_for_layers_over_examples():
    """Three tokens beside three, and beside seven, examples."""
    for n in (3, 7):
        module, params, inputs, targets = spectra(Mixed, n=n)
        ours = gauss_newton_spectrum(module, params, inputs, targets)[0]
        flat = nets.Flat(module, nets.replica(params, 0), inputs[0], targets[0])
        dense = nets.non_zero(torch.linalg.eigvalsh(flat.gauss_newton()), 3 * n)
        np.testing.assert_allclose(ours, dense, atol=1e-12)


def test_the_factor_of_the_output_curvature():
    """B B^T = diag p - p p^T, also for predictions that are all but certain."""
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(50, 7, generator=generator, dtype=torch.float64)
    logits[0, 3], logits[1, 0], logits[2] = 60.0, 60.0, 0.0
    factor = output_factor(logits, torch.zeros(50, dtype=torch.int64)).movedim(0, -1)
    assert factor.shape == (50, 7, 6)
    p = logits.softmax(-1)
    expected = torch.diag_embed(p) - p[:, :, None] * p[:, None, :]
    torch.testing.assert_close(factor @ factor.mT, expected, rtol=1e-9, atol=1e-16)


def test_for_softmax_regression_it_is_the_hessian_and_a_kronecker_sum():
    module, params, inputs, targets = spectra(nets.softmax_regression, n=8)
    ours = gauss_newton_spectrum(module, params, inputs, targets)[0]
    flat = nets.Flat(module, nets.replica(params, 0), inputs[0], targets[0])
    hessian = torch.linalg.eigvalsh(flat.hessian())
    np.testing.assert_allclose(ours, nets.non_zero(hessian, 24), atol=1e-13)
    p = flat.logits(flat.vector).softmax(-1)
    examples = torch.cat([inputs[0].flatten(1), torch.ones(8, 1)], 1)
    blocks = [
        torch.kron(torch.diag(p[i]) - torch.outer(p[i], p[i]), torch.outer(a, a))
        for i, a in enumerate(examples)
    ]
    closed = torch.linalg.eigvalsh(torch.stack(blocks).mean(0))
    np.testing.assert_allclose(ours, nets.non_zero(closed, 24), atol=1e-13)


def test_uniform_predictions_give_copies_of_linear_regressions_spectrum():
    """With zero weights p = 1/C, so that H_i = (1 - 1 1^T / C) / C: the spectrum is C - 1 copies of
    that of X^T X / n, over C."""
    module, params, inputs, targets = spectra(nets.softmax_regression, n=20, seeds=[0])
    params = {name: torch.zeros_like(value) for name, value in params.items()}
    ours = gauss_newton_spectrum(module, params, inputs, targets)[0]
    examples = torch.cat([inputs[0].flatten(1), torch.ones(20, 1)], 1)
    regression = torch.linalg.eigvalsh(examples.T @ examples / 20)
    copies = nets.non_zero(regression.repeat(3) / 4, 60)
    np.testing.assert_allclose(ours, copies, atol=1e-13)


@pytest.mark.parametrize(("width", "rank"), [(1, 11), (2, 20), (20, 27)])
def test_deep_linear_networks_have_a_known_rank(width, rank):
    """f = V W x. Outputs move, up to a constant that softmax ignores, by C (V dW + dV W) x, where
    C = 1 - 1 1^T / classes. With r = rank(C V): of the (classes - 1) x inputs maps, those of
    C V dW have dimension r x inputs, those of dV W have (classes - 1) rank W, and the two share
    r rank W. With classes 4, inputs 9."""
    r = min(width, 3)
    assert rank == r * 9 + 3 * min(width, 9) - r * min(width, 9)

    def make():
        return nn.Sequential(
            nn.Flatten(), nn.Linear(9, width, bias=False), nn.Linear(width, 4, bias=False)
        )

    module, params, inputs, targets = spectra(make, n=20, seeds=[5])
    ours = gauss_newton_spectrum(module, params, inputs, targets)[0]
    assert srank(ours, 1.0) == rank
    flat = nets.Flat(module, nets.replica(params, 0), inputs[0], targets[0])
    assert int(torch.linalg.matrix_rank(flat.gauss_newton(), hermitian=True)) == rank


@pytest.mark.parametrize("make", [nets.mlp, nets.softmax_regression, nets.convolutional])
def test_its_trace_is_the_true_fishers(make):
    """The mean over labels drawn from the model of squared gradients."""
    module, params, inputs, targets = spectra(make, seeds=[0])
    ours = trace(gauss_newton_spectrum(module, params, inputs, targets)[0])
    p = nets.Flat(module, nets.replica(params, 0), inputs[0], targets[0])
    probabilities = p.logits(p.vector).softmax(-1)
    expected = 0.0
    for label in range(4):
        seeded = torch.full_like(targets, label)
        gram = layer_gram.gram(module, params, inputs, seeded, layer_gram.loss_gradient)[0]
        expected += float((gram.diagonal() * probabilities[:, label]).sum())
    assert ours == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("of", [fisher_spectrum, gauss_newton_spectrum])
def test_permuting_units_and_examples_and_doubling_the_data_change_nothing(of):
    module, params, inputs, targets = spectra(nets.mlp)
    before = of(module, params, inputs, targets)
    order = torch.randperm(7, generator=torch.Generator().manual_seed(2))
    moved = dict(params)
    for name in ("linear0.weight", "linear0.bias"):
        moved[name] = params[name][:, order]
    moved["linear1.weight"] = params["linear1.weight"][:, :, order]
    np.testing.assert_allclose(of(module, moved, inputs, targets), before, atol=1e-13)
    shuffled = torch.randperm(10, generator=torch.Generator().manual_seed(3))
    again = of(module, params, inputs[:, shuffled], targets[:, shuffled])
    np.testing.assert_allclose(again, before, atol=1e-13)
    twice = of(module, params, inputs.repeat(1, 2, 1, 1), targets.repeat(1, 2))
    np.testing.assert_allclose(twice[:, -before.shape[1] :], before, atol=1e-13)


@pytest.mark.parametrize("of", [fisher_spectrum, gauss_newton_spectrum])
@pytest.mark.parametrize("make", [nets.mlp, nets.Residual, nets.Attention])
def test_a_replica_among_others_is_that_replica_alone(of, make):
    module, params, inputs, targets = spectra(make, seeds=[0, 1, 2], precise=False)
    together = of(module, params, inputs, targets)
    for i in range(3):
        own = {name: value[i : i + 1] for name, value in params.items()}
        alone = of(module, own, inputs[i : i + 1], targets[i : i + 1])[0]
        np.testing.assert_allclose(together[i], alone, atol=1e-6 * alone[-1])


def test_float32_agrees_with_float64():
    module, params, inputs, targets = spectra(nets.mlp, n=30, precise=False)
    single = gauss_newton_spectrum(module, params, inputs, targets)
    precise = gauss_newton_spectrum(module, nets.double(params), inputs.double(), targets)
    np.testing.assert_allclose(single, precise, atol=1e-6 * precise.max())
    ranks = [srank(spectrum) for spectrum in precise]
    assert gauss_newton_srank(module, params, inputs, targets).tolist() == ranks


def test_collapsed_predictions_need_eigenvalues_in_float64():
    """All of the curvature is the output bias's, three eigenvalues, beside which float32 has
    noise of both signs; in float64 the noise lies below the floor."""
    module, params, inputs, targets = spectra(nets.mlp, n=60, seeds=[0], precise=False)
    params["linear1.bias"] -= 1000.0
    matrix = layer_gram.gram(module, params, inputs, targets, output_factor)[0]
    largest = float(torch.linalg.eigvalsh(matrix.double())[-1])
    rough = torch.linalg.eigvalsh(matrix).double().numpy()
    fine = torch.linalg.eigvalsh(matrix.double()).numpy()
    assert np.abs(rough[:-3]).max() > 5 * np.abs(fine[:-3]).max()
    assert np.abs(fine[:-3]).max() < 1e-6 * largest
    assert gauss_newton_srank(module, params, inputs, targets).tolist() == [3.0]


def test_a_dead_network_keeps_its_output_bias_or_nothing():
    module, params, inputs, targets = spectra(nets.mlp, seeds=[0])
    params["linear1.bias"] -= 1000.0
    assert gauss_newton_srank(module, params, inputs, targets).tolist() == [3.0]

    def unbiased():
        return nn.Sequential(nn.Flatten(), nn.Linear(9, 5), nn.ReLU(), nn.Linear(5, 4, bias=False))

    module, params, inputs, targets = spectra(unbiased, seeds=[0])
    params["1.bias"] -= 1000.0
    assert gauss_newton_srank(module, params, inputs, targets).tolist() == [0.0]
    assert not gauss_newton_spectrum(module, params, inputs, targets).any()


def test_values_that_are_not_finite():
    module, params, inputs, targets = spectra(nets.mlp, precise=False)
    huge = {name: value.clone() for name, value in params.items()}
    huge["head.weight"][1], huge["linear1.bias"][1] = 0.0, 1e25  # whose square overflows
    ranks = gauss_newton_srank(module, huge, inputs, targets)
    assert np.isfinite(ranks[0])
    assert np.isnan(ranks[1])
    assert np.isnan(fisher_srank(module, huge, inputs, targets)[1])
    params["head.bias"][0, 0] = math.nan
    with pytest.raises(ValueError, match="needs finite parameters"):
        gauss_newton_spectrum(module, params, inputs, targets)


@pytest.mark.parametrize("name", ["relu", "layer norm", "convolution"])
def test_curvlinops_agrees(name):
    """An independent library, on the same network and data."""
    make = nets.NETWORKS[name]
    module, params, inputs, targets = spectra(make, seeds=[0])
    module.load_state_dict(nets.replica(params, 0))
    operator = curvlinops.GGNLinearOperator(
        module, nn.CrossEntropyLoss(), list(module.parameters()), [(inputs[0], targets[0])],
        check_deterministic=False,
    )  # fmt: skip
    size = sum(p.numel() for p in module.parameters())
    matrix = operator @ torch.eye(size, dtype=torch.float64)
    theirs = nets.non_zero(torch.linalg.eigvalsh(matrix.detach()), 30)
    ours = gauss_newton_spectrum(module, params, inputs, targets)[0]
    np.testing.assert_allclose(ours, theirs, atol=1e-12 * float(theirs[-1]))
