"""Baselines that constrain or penalise weights: invariants, by hand, and against direct code."""

import functools
from collections import OrderedDict
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

import plasticity_bench as pb
from plasticity_bench.learners.lookup import find_learner
from tests.support.helpers import SPEC, assert_equals_plain, moved, new_state, train

ADAM = functools.partial(torch.optim.Adam, lr=1e-3)
SGD = functools.partial(torch.optim.SGD, lr=1e-2)
CNN = pb.NetworkSpec(
    name="cnn", channels=(3,), kernel_size=3, hidden=(6,), input_shape=(4, 4), num_outputs=5
)


def linear_layers(module):
    return [part for part in module.modules() if isinstance(part, nn.Linear)]


# ---- weight clipping ----------------------------------------------------------------------------


def test_weights_and_biases_are_clipped_to_multiples_of_their_initial_range():
    for spec in (SPEC, CNN):
        learner, state = new_state("weight_clipping", spec, bound=0.5)
        after = learner.after_update(state._replace(params=moved(state.params, 3.0)), None)
        module = learner.build(spec)
        for name, layer in module.named_children():
            if not hasattr(layer, "weight"):
                continue
            limit = 0.5 / layer.weight[0].numel() ** 0.5
            for own in ("weight", "bias"):
                assert after.params[f"{name}.{own}"].abs().max().item() == pytest.approx(limit)


def test_what_is_within_the_range_is_not_clipped_and_norms_never_are():
    learner, state = new_state("weight_clipping", bound=1.0)
    assert all(
        torch.equal(value, state.params[name])
        for name, value in learner.after_update(state, None).params.items()
    )
    learner, state = new_state("weight_clipping", replace(SPEC, norm="layer"), bound=0.0)
    after = learner.after_update(state._replace(params=moved(state.params)), None)
    for name, value in after.params.items():
        assert value.any() == name.startswith("norm"), name


def test_weight_clipping_equals_a_direct_implementation():
    learner, _ = new_state("weight_clipping", bound=1.0)

    def after(module, start, step):
        for layer in linear_layers(module):
            for value in (layer.weight, layer.bias):
                value.clamp_(-(layer.in_features**-0.5), layer.in_features**-0.5)

    assert_equals_plain(learner, ADAM, after=after, atol=2e-5)


# ---- normalise and project ----------------------------------------------------------------------


@pytest.mark.parametrize("project_head", [True, False])
def test_nap_keeps_the_norm_of_each_layers_weights(project_head):
    state = train(new_state("nap", step_size=1e-2, project_head=project_head)[0], [0], 30).state
    for name, value in state.params.items():
        same = value.norm().item() == pytest.approx(state.initial[name].norm().item(), rel=1e-5)
        is_kept = name.startswith("linear") or (project_head and name.startswith("head"))
        assert same == (is_kept and name.endswith("weight")), name


def test_nap_equals_a_direct_implementation():
    learner, _ = new_state("nap")
    assert isinstance(learner.build(SPEC)[2], nn.LayerNorm)

    def after(module, start, step):
        for name, part in module.named_children():
            if isinstance(part, nn.Linear):
                part.weight.mul_(start[f"{name}.weight"].norm() / part.weight.norm())

    assert_equals_plain(learner, ADAM, after=after)


def test_projecting_changes_no_direction():
    learner, state = new_state("nap")
    params = moved(state.params)
    after = learner.after_update(state._replace(params=params), None).params
    for name, value in params.items():
        cosine = (value * after[name]).sum() / (value.norm() * after[name].norm())
        assert cosine.item() == pytest.approx(1, abs=1e-5)


# ---- spectral -----------------------------------------------------------------------------------


def true_spectral(params, k):
    total = 0.0
    for name, value in params.items():
        if value.ndim >= 2:
            total += (torch.linalg.svdvals(value.flatten(1))[0] ** k - 1) ** 2
        elif "norm" in name and name.endswith("weight"):
            total += ((value - 1) ** 2).sum()
        else:
            total += value.norm() ** (2 * k)
    return total.item()


@pytest.mark.parametrize(
    "spec",
    [SPEC, CNN, pb.NetworkSpec(hidden=(6,), norm="layer", input_shape=(4, 4), num_outputs=5)],
)
def test_power_iteration_reaches_the_penalty_of_the_svd(spec):
    learner, state = new_state("spectral", spec, strength=0.3, k=2)
    params = moved(state.params, 0.1)
    state = state._replace(params=params)
    for _ in range(400):
        state = learner.after_update(state, None)
    expected = 0.3 * true_spectral(params, 2)
    assert learner.penalty(params, state).item() == pytest.approx(expected, rel=1e-4)


def test_the_estimate_follows_the_weights_as_they_learn():
    learner, _ = new_state("spectral")
    population = train(learner, [0], 200)
    weight = population.state.params["linear1.weight"][0]
    vector = population.state.memory["linear1.weight"][0]
    sigma = torch.linalg.svdvals(weight)[0]
    assert (weight @ vector).norm().item() == pytest.approx(sigma.item(), rel=0.02)


def test_the_gradient_of_the_spectral_penalty_is_that_of_the_singular_value():
    """For W = diag(3, 1): sigma = 3, and the derivative 2 (9 - 1) 2 * 3 is in its corner alone."""
    learner, _ = new_state("spectral", strength=1.0)
    learner = learner.on_network(nn.Sequential(OrderedDict(a=nn.Linear(2, 2, bias=False))))
    params = {"a.weight": torch.diag(torch.tensor([3.0, 1.0]))}
    state = learner.restart(params)
    for _ in range(60):
        state = learner.after_update(state, None)
    gradient = torch.func.grad(learner.penalty)(params, state)["a.weight"]
    torch.testing.assert_close(gradient, torch.tensor([[96.0, 0.0], [0.0, 0.0]]), atol=1e-3, rtol=0)


def test_spectral_equals_a_direct_implementation():
    learner, _ = new_state("spectral", strength=1e-2, optimizer="sgd", step_size=1e-2)
    vectors = {}

    def penalty(module, start):
        total = 0.0
        for layer in linear_layers(module):
            weight = layer.weight
            if layer not in vectors:
                vectors[layer] = nn.functional.normalize(
                    weight.detach().T @ weight.detach().sum(1), dim=0
                )
            total = (
                total + ((weight @ vectors[layer]).norm() ** 2 - 1) ** 2 + layer.bias.norm() ** 4
            )
        return 1e-2 * total

    def after(module, start, step):
        for layer in linear_layers(module):
            v = layer.weight.T @ (layer.weight @ vectors[layer])
            vectors[layer] = v / v.norm()

    assert_equals_plain(learner, SGD, penalty=penalty, after=after, atol=1e-5)


# ---- Parseval -----------------------------------------------------------------------------------


def test_parseval_by_hand():
    """W = [[1, 2], [0, 1]]: W W^T - 2 I = [[3, 2], [2, -1]], of squared norm 18; width 2."""
    learner, _ = new_state("parseval", strength=0.1)
    layers = OrderedDict(a=nn.Linear(2, 2), head=nn.Linear(2, 3))
    learner = learner.on_network(nn.Sequential(layers))
    params = {
        "a.weight": torch.tensor([[1.0, 2.0], [0.0, 1.0]]),
        "a.bias": torch.ones(2),
        "head.weight": torch.randn(3, 2),
    }
    penalty = learner.penalty(params, learner.restart(params))
    assert penalty.item() == pytest.approx(0.1 * 32**2 * 18, rel=1e-5)


def test_parseval_is_zero_for_orthogonal_rows_of_its_length():
    spec = pb.NetworkSpec(hidden=(16, 12), init="orthogonal", input_shape=(4, 4), num_outputs=5)
    learner, state = new_state("parseval", spec)  # relu's gain is the root of 2
    assert learner.penalty(state.params, state).item() == pytest.approx(0, abs=1e-6)


def test_parseval_equals_a_direct_implementation():
    learner, _ = new_state("parseval", strength=1e-3, optimizer="sgd", step_size=1e-2)

    def penalty(module, start):
        total = 0.0
        for layer in linear_layers(module)[:-1]:
            weight = layer.weight
            total = (
                total
                + (64 / len(weight)) ** 2
                * torch.dist(weight @ weight.T, 2 * torch.eye(len(weight))) ** 2
            )
        return 1e-3 * total

    assert_equals_plain(learner, SGD, penalty=penalty)


# ---- L2 and effective rank ----------------------------------------------------------------------


def rank_of(outputs):
    """The effective rank of outputs, by the baseline: those of a layer whose weights are I."""
    layers = OrderedDict(a=nn.Linear(6, 6, bias=False), act=nn.Identity(), head=nn.Linear(6, 2))
    learner = find_learner("l2_effective_rank")().on_network(nn.Sequential(layers))
    params = {
        "a.weight": torch.eye(6),
        "head.weight": torch.zeros(2, 6),
        "head.bias": torch.zeros(2),
    }
    return learner._mean_rank(params, outputs).item()


def test_the_effective_rank_counts_directions_of_equal_size():
    outputs = 3 * nn.init.orthogonal_(torch.empty(8, 6))
    assert rank_of(outputs) == pytest.approx(6, rel=1e-4)
    assert rank_of(torch.randn(8, 1) @ torch.randn(1, 6)) == pytest.approx(1, abs=1e-3)
    assert rank_of(torch.zeros(8, 6)) == 1


def test_the_effective_rank_is_that_of_numpy():
    outputs = torch.randn(7, 6, generator=torch.Generator().manual_seed(0))
    sizes = np.linalg.svd(outputs.double().numpy(), compute_uv=False)
    shares = sizes / sizes.sum()
    assert rank_of(outputs) == pytest.approx(np.exp(-(shares * np.log(shares)).sum()), rel=1e-5)


def test_silent_layers_have_no_gradient_and_no_nan():
    learner, state = new_state("l2_effective_rank")
    silent = {name: torch.zeros_like(value) for name, value in state.params.items()}
    state = state._replace(params=silent, step=torch.tensor(1))
    after = learner.observe_inputs(torch.randn(8, 4, 4), state, None)
    assert not any(value.any() for value in after.params.values())


def test_layer_norm_and_l2_equal_a_direct_implementation():
    learner, _ = new_state("layer_norm_l2", strength=0.1)

    def penalty(module, start):
        assert isinstance(module[2], nn.LayerNorm)
        return 0.05 * sum((value**2).sum() for value in module.parameters())

    assert_equals_plain(learner, ADAM, penalty=penalty)
