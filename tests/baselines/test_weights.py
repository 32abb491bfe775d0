"""Baselines that constrain or penalise weights: invariants, by hand, and against direct code."""

import functools
import math

import numpy as np
import pytest
import torch
from torch import nn

import plasticity_bench as pb
from tests.support.helpers import SPEC, assert_equals_plain, batch, moved, new_state, train

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
    gains = {"norm.weight": torch.tensor([9.0]), "norm.bias": torch.tensor([-9.0])}
    assert learner.after_update(learner.restart(gains), None).params == gains


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


def hidden_of(outputs):
    return {"a": pb.Hidden(outputs, ("a.weight",), "head.weight")}


def test_the_rank_penalty_rewards_directions_of_equal_size():
    """Orthogonal outputs of one size have the rank 6, of which the logarithm is rewarded."""
    learner, state = new_state("l2_effective_rank", strength=0.0, rank_strength=0.5)
    outputs = 3 * nn.init.orthogonal_(torch.empty(8, 6))
    penalty = learner.hidden_penalty(hidden_of(outputs), state)
    assert penalty.item() == pytest.approx(-0.5 * math.log(6), rel=1e-4)
    single = torch.randn(8, 1) @ torch.randn(1, 6)
    assert learner.hidden_penalty(hidden_of(single), state).item() == pytest.approx(0, abs=1e-3)
    assert learner.hidden_penalty(hidden_of(torch.zeros(8, 6)), state).item() == 0


def test_the_rank_penalty_is_that_of_numpy_and_its_gradient_that_of_differences():
    learner, state = new_state("l2_effective_rank", strength=0.0, rank_strength=0.5)
    outputs = torch.randn(7, 5, generator=torch.Generator().manual_seed(0)).double()

    def by_numpy(values):
        sizes = np.linalg.svd(values.numpy(), compute_uv=False)
        shares = sizes / sizes.sum()
        return 0.5 * (shares * np.log(shares)).sum()

    value = learner.hidden_penalty(hidden_of(outputs), state)
    assert value.item() == pytest.approx(by_numpy(outputs), rel=1e-9)
    gradient = torch.func.grad(lambda x: learner.hidden_penalty(hidden_of(x), state))(outputs)
    for place in ((0, 0), (3, 4), (6, 2)):
        step = torch.zeros_like(outputs)
        step[place] = 1e-6
        difference = (by_numpy(outputs + step) - by_numpy(outputs - step)) / 2e-6
        assert gradient[place].item() == pytest.approx(difference, rel=1e-5, abs=1e-9)


def test_silent_layers_have_no_gradient_and_no_nan():
    learner, state = new_state("l2_effective_rank")
    gradient = torch.func.grad(lambda x: learner.hidden_penalty(hidden_of(x), state))
    assert not gradient(torch.zeros(8, 6)).any()


def test_l2_and_effective_rank_equal_a_direct_implementation():
    learner, _ = new_state(
        "l2_effective_rank", strength=0.01, rank_strength=0.05, optimizer="sgd", step_size=1e-2
    )
    module = learner.build(SPEC)
    module.load_state_dict({k: v[0] for k, v in train(learner, [1], 0).state.params.items()})
    seen = {}
    for part in module:
        if isinstance(part, nn.ReLU):
            part.register_forward_hook(lambda m, i, o: seen.update({m: o}))
    optimizer = SGD(module.parameters())
    for step in range(30):
        inputs, targets = batch(1, step)
        loss = nn.functional.cross_entropy(module(inputs), targets)
        loss = loss + 0.005 * sum((value**2).sum() for value in module.parameters())
        for outputs in seen.values():
            sizes = torch.linalg.svdvals(outputs)
            loss = loss - 0.05 * torch.special.entr(sizes / sizes.sum()).sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    population = train(learner, [3, 1], 30)
    for name, value in module.named_parameters():
        ours = population.state.params[name][1]
        torch.testing.assert_close(ours, value.detach(), rtol=0, atol=1e-4)


def test_layer_norm_and_l2_equal_a_direct_implementation():
    learner, _ = new_state("layer_norm_l2", strength=0.1)

    def penalty(module, start):
        assert isinstance(module[2], nn.LayerNorm)
        return 0.05 * sum((value**2).sum() for value in module.parameters())

    assert_equals_plain(learner, ADAM, penalty=penalty)
