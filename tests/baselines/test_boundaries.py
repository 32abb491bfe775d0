"""Baselines that act at task boundaries: they change what they say, and nothing else."""

from collections import OrderedDict

import pytest
import torch
from torch import nn

import plasticity_bench as pb
from plasticity_bench.networks import initial_parameters
from plasticity_bench.seeding import Branch, integer
from tests.support.helpers import SPEC, new_state, replica, same, stacked_batch, train


def begun(name, **hyperparameters):
    """The states before and after a boundary, and the new network, of one of two replicas."""
    learner, _ = new_state(name, **hyperparameters)
    population = train(learner, [3, 1], 20)
    before = [leaf.clone() for leaf in torch.utils._pytree.tree_leaves(population.state)]
    structure = torch.utils._pytree.tree_structure(population.state)
    before = torch.utils._pytree.tree_unflatten([leaf[1] for leaf in before], structure)
    population.begin_task(2)
    after = torch.utils._pytree.tree_map(lambda leaf: leaf[1], population.state)
    fresh = initial_parameters(lambda: pb.build_network(SPEC), integer(1, Branch.PARAMETERS, 2))
    return population, before, after, fresh


def on_layer(learner, **layers):
    return learner.on_network(nn.Sequential(OrderedDict(layers)))


@pytest.mark.slow
def test_shrink_and_perturb_mixes_the_old_network_with_a_new_one():
    _, before, after, fresh = begun("shrink_and_perturb_tasks", shrink=0.25, perturb=0.5)
    for name, value in before.params.items():
        torch.testing.assert_close(after.params[name], 0.75 * value + 0.5 * fresh[name])
        assert not after.moments["first"][name].any()
        assert not after.moments["second"][name].any()
        assert torch.equal(after.initial[name], before.initial[name])
    assert after.step == 0


def test_to_shrink_all_and_add_a_new_network_is_to_begin_anew():
    whole, _ = new_state("shrink_and_perturb_tasks", shrink=1.0, perturb=1.0)
    fresh, _ = new_state("fresh")
    one, other = train(whole, [0], 15), train(fresh, [0], 15)
    for population in (one, other):
        population.begin_task(1)
        for step in range(15, 25):
            population.update(*stacked_batch([0], step))
    for name, value in one.state.params.items():
        assert torch.equal(value, other.state.params[name])


def test_a_head_reset_renews_the_last_layer_and_its_moments_alone():
    _, before, after, fresh = begun("head_reset")
    for name, value in before.params.items():
        is_head = name.startswith("head.")
        assert torch.equal(after.params[name], fresh[name] if is_head else value)
        for moment in ("first", "second"):
            assert before.moments[moment][name].any()
            kept = torch.equal(after.moments[moment][name], before.moments[moment][name])
            assert kept != is_head
            assert after.moments[moment][name].any() != is_head
    assert after.step == before.step == 20


def test_the_optimiser_moves_a_head_that_was_reset():
    population, _, after, _ = begun("head_reset")
    reset = after.params["head.weight"].clone()
    population.update(*stacked_batch([3, 1], 20))
    change = (population.state.params["head.weight"][1] - reset).abs()
    assert (change > 0).float().mean() > 0.5  # some units are silent on a batch
    assert change.max() < 0.01


def test_an_optimiser_reset_keeps_the_parameters_and_forgets_the_rest():
    population, before, after, _ = begun("optimizer_reset")
    assert same(list(before.params.values()), list(after.params.values()))
    assert after.step == 0
    for moment in ("first", "second"):
        assert not any(value.any() for value in after.moments[moment].values())
    # As torch.optim.Adam would go on, newly made.
    module = pb.build_network(SPEC)
    module.load_state_dict({name: value.clone() for name, value in after.params.items()})
    optimizer = torch.optim.Adam(module.parameters(), lr=1e-3)
    for step in range(20, 30):
        inputs, targets = stacked_batch([3, 1], step)
        population.update(inputs, targets)
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(module(inputs[1]), targets[1]).backward()
        optimizer.step()
    for name, value in module.named_parameters():
        ours = population.state.params[name][1]
        torch.testing.assert_close(ours, value.detach(), rtol=0, atol=2e-5)


def test_boundaries_concern_each_replica_alone():
    learner, _ = new_state("shrink_and_perturb_tasks")
    together, alone = train(learner, [3, 1], 10), train(learner, [1], 10)
    together.begin_task(1)
    alone.begin_task(1)
    assert same(replica(together, 1), replica(alone, 0))


# ---- FIRE ---------------------------------------------------------------------------------------


@pytest.mark.slow
def test_fire_makes_rows_or_columns_orthogonal_and_keeps_the_rest():
    _, before, after, _ = begun("fire", step_size=1e-2, iterations=60)
    for name, value in after.params.items():
        if value.ndim == 1:
            assert torch.equal(value, before.params[name])
            continue
        outputs, inputs = value.shape
        gram = value @ value.T if outputs <= inputs else value.T @ value
        expected = outputs / inputs * torch.eye(min(outputs, inputs))
        torch.testing.assert_close(gram, expected, atol=1e-5, rtol=0)
    assert after.step == 0
    assert not any(value.any() for value in after.moments["second"].values())


@pytest.mark.slow
def test_fire_iterated_for_long_finds_the_nearest_such_matrix():
    """By the singular vectors: another way to the same factor."""
    _, before, after, _ = begun("fire", step_size=1e-2, iterations=60)
    for name, value in before.params.items():
        if value.ndim == 2:
            left, _, right = torch.linalg.svd(value.double(), full_matrices=False)
            expected = left @ right * (value.shape[0] / value.shape[1]) ** 0.5
            torch.testing.assert_close(after.params[name].double(), expected, atol=1e-4, rtol=0)


def test_ten_iterations_leave_small_singular_values_below_one():
    learner, _ = new_state("fire")
    learner = on_layer(learner, linear=nn.Linear(64, 64))
    weight = torch.randn(64, 64, generator=torch.Generator().manual_seed(0))
    state = learner.restart({"linear.weight": weight, "linear.bias": torch.zeros(64)})
    sizes = torch.linalg.svdvals(
        learner.begin_task(state, state.params, None).params["linear.weight"]
    )
    assert sizes.max() < 1 + 1e-5
    assert (sizes < 0.9).float().mean() == 1 / 8


def test_fire_treats_each_place_of_a_kernel_by_itself():
    learner, _ = new_state("fire", iterations=60)
    learner = on_layer(learner, conv=nn.Conv2d(2, 4, 3, bias=False))
    weight = torch.randn(4, 2, 3, 3, generator=torch.Generator().manual_seed(0))
    state = learner.restart({"conv.weight": weight})
    after = learner.begin_task(state, state.params, None).params["conv.weight"]
    for i in range(3):
        for j in range(3):
            place = after[:, :, i, j]
            assert (place.T @ weight[:, :, i, j]).trace() > 0
            expected = torch.eye(2) * 2 / 81
            torch.testing.assert_close(place.T @ place, expected, atol=1e-6, rtol=0)


# ---- DASH ---------------------------------------------------------------------------------------


def dash_by_hand(params, batches, rate, floor):
    """The authors' way: a frozen module's gradients, then cosines row by row."""
    module = pb.build_network(SPEC)
    module.load_state_dict(params)
    averages = {name: torch.zeros_like(value) for name, value in params.items()}
    for inputs, targets in batches:
        module.zero_grad()
        torch.nn.functional.cross_entropy(module(inputs), targets).backward()
        for name, value in module.named_parameters():
            averages[name] = (1 - rate) * averages[name] - rate * value.grad
    shrunk = {}
    for name, value in params.items():
        rows = value if value.ndim == 2 else value[None]
        average = averages[name] if value.ndim == 2 else averages[name][None]
        scale = torch.cosine_similarity(average, rows, dim=-1).clamp(floor, 1)
        shrunk[name] = (rows * scale[:, None]).reshape(value.shape)
    return shrunk


def test_dash_shrinks_by_the_gradients_of_the_new_task():
    population, before, _, _ = begun("dash", window=4, rate=0.3, floor=0.2)
    batches = []
    for step in range(20, 24):
        inputs, targets = stacked_batch([3, 1], step)
        population.update(inputs, targets)
        batches.append((inputs[1], targets[1]))
        if step < 23:
            for name, value in before.params.items():
                assert torch.equal(population.state.params[name][1], value)
    expected = dash_by_hand(before.params, batches, 0.3, 0.2)
    for name, value in expected.items():
        ours = population.state.params[name][1]
        torch.testing.assert_close(ours, value, atol=1e-5, rtol=1e-4)
        kept = population.state.moments["second"][name][1]
        assert torch.equal(kept, before.moments["second"][name])
    assert population.state.step[1] == 20
    population.update(*stacked_batch([3, 1], 24))
    change = population.state.params["head.weight"][1] - expected["head.weight"]
    assert 0 < change.abs().max() < 0.01
    assert population.state.step[1] == 21


@pytest.mark.parametrize("floor", [0.1, 1.0])
def test_dash_never_shrinks_by_more_than_its_floor(floor):
    population, before, _, _ = begun("dash", window=1, floor=floor)
    population.update(*stacked_batch([3, 1], 20))
    for name, value in before.params.items():
        ratio = population.state.params[name][1] / value
        assert (ratio >= floor - 1e-5).all()
        assert (ratio <= 1 + 1e-5).all()


def test_dash_shrinks_a_convolution_kernel_by_kernel():
    learner, _ = new_state("dash", window=1, floor=0.0)
    learner = on_layer(learner, conv=nn.Conv2d(2, 3, 2))
    params = {"conv.weight": torch.randn(3, 2, 2, 2), "conv.bias": torch.randn(3)}
    state = learner.begin_task(learner.restart(params), params, None)
    gradients = {name: torch.randn(value.shape) for name, value in params.items()}
    after = learner.apply_gradients(gradients, state, None).params["conv.weight"]
    for i in range(3):
        for j in range(2):
            a, b = params["conv.weight"][i, j].flatten(), -gradients["conv.weight"][i, j].flatten()
            cosine = max(0.0, (a @ b / (a.norm() * b.norm())).item())
            torch.testing.assert_close(after[i, j].flatten(), cosine * a)


def test_dash_is_adam_until_a_task_begins():
    dash, adam = train(new_state("dash")[0], [0], 15), train(new_state("adam")[0], [0], 15)
    for name, value in adam.state.params.items():
        assert torch.equal(dash.state.params[name], value)
