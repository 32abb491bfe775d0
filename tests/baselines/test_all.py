"""Each baseline has the property that defines it."""

import numpy as np
import pytest
import torch
from scipy.stats import wasserstein_distance

import plasticity_bench as pb
from plasticity_bench.learners.lookup import find_learner
from plasticity_bench.learners.noise import Noise
from plasticity_bench.networks import initial_parameters
from plasticity_bench.seeding import Branch, integer
from plasticity_bench.shipped import baseline_names
from tests.support.helpers import SPEC, moved, new_state, replica, same, stacked_batch, train


def test_the_promised_baselines_are_there():
    assert {
        "adam",
        "fresh",
        "l2",
        "l2_init",
        "layer_norm",
        "sgd",
        "shrink_and_perturb",
        "wasserstein",
    } <= set(baseline_names())


@pytest.mark.slow
@pytest.mark.parametrize("name", baseline_names())
def test_every_baseline_learns_one_small_task(name):
    cls = find_learner(name)
    rate = 1e-1 if cls.optimizer == "sgd" else 1e-2
    # UPGD's utilities are large, and useful weights are still, for 1 / (1 - utility_decay) updates.
    quick = {"utility_decay": 0.9} if name == "upgd" else {}
    population = train(cls(step_size=rate, **quick), [0, 1], 0)
    inputs, targets = stacked_batch([0, 1], 0)
    first, _ = population.update(inputs, targets)
    for _ in range(150):
        last, _ = population.update(inputs, targets)
    assert (last < 0.7 * first).all()


# ---- fresh: forgets -----------------------------------------------------------------------------


def test_fresh_forgets_everything_at_a_task():
    population = train(find_learner("fresh")(), [0, 1], 20)
    population.begin_task(3)
    for index, seed in enumerate([0, 1]):
        fresh = initial_parameters(
            lambda: pb.build_network(SPEC), integer(seed, Branch.PARAMETERS, 3)
        )
        for name, value in fresh.items():
            assert torch.equal(population.state.params[name][index], value)
            assert torch.equal(population.state.initial[name][index], value)
            assert not population.state.moments["first"][name].any()
            assert not population.state.moments["second"][name].any()
        assert population.state.step[index] == 0


def test_fresh_learns_a_task_the_same_whatever_came_before():
    """Its run on task 2 equals, bit for bit, a run that never saw tasks 0 and 1."""
    learner = find_learner("fresh")()
    before, without = train(learner, [4], 25), train(learner, [4], 0)
    for population in (before, without):
        population.begin_task(2)
        for step in range(100, 120):
            population.update(*stacked_batch([4], step))
    assert same(replica(before, 0), replica(without, 0))


def test_these_use_task_boundaries_and_no_others():
    users = {name for name in baseline_names() if find_learner(name).overrides("begin_task")}
    assert users == {
        "dash",
        "fire",
        "fresh",
        "head_reset",
        "optimizer_reset",
        "sdp",
        "shrink_and_perturb_tasks",
    }


# ---- sgd and adam -------------------------------------------------------------------------------


def test_sgd_and_adam_add_nothing_to_the_optimiser():
    for name in ("sgd", "adam"):
        cls = find_learner(name)
        assert cls().optimizer == name
        assert not any(cls.overrides(hook) for hook in ("penalty", "after_update", "begin_task"))


# ---- regularisers -------------------------------------------------------------------------------


def test_l2_is_half_the_squared_norm():
    learner, state = new_state("l2", strength=0.4)
    expected = 0.2 * sum((v.double() ** 2).sum() for v in state.params.values())
    assert learner.penalty(state.params, state).item() == pytest.approx(expected.item(), rel=1e-5)


def test_the_anchor_of_l2_init_is_the_initial_parameters():
    learner, state = new_state("l2_init", strength=0.4)
    assert learner.penalty(state.params, state).item() == 0
    params = moved(state.params)
    distance = sum(((params[k] - state.params[k]).double() ** 2).sum() for k in params)
    state = state._replace(params=params)
    assert learner.penalty(params, state).item() == pytest.approx(0.2 * distance.item(), rel=1e-5)


def test_the_anchor_of_l2_init_does_not_drift():
    """After updates and a new task it is still the very first network."""
    population = train(find_learner("l2_init")(), [0], 30)
    population.begin_task(1)
    population.update(*stacked_batch([0], 30))
    start = initial_parameters(lambda: pb.build_network(SPEC), integer(0, Branch.PARAMETERS))
    for name, value in start.items():
        assert torch.equal(population.state.initial[name][0], value)


def test_wasserstein_is_zero_for_any_permutation_of_the_initial_weights():
    learner, state = new_state("wasserstein")
    generator = torch.Generator().manual_seed(1)
    shuffled = {
        k: v.flatten()[torch.randperm(v.numel(), generator=generator)].reshape(v.shape)
        for k, v in state.params.items()
    }
    assert not torch.equal(shuffled["head.weight"], state.params["head.weight"])
    assert learner.penalty(shuffled, state).item() == 0
    assert learner.penalty(moved(state.params), state).item() > 0


@pytest.mark.parametrize("mean", [False, True])
def test_wasserstein_is_the_squared_distance_of_sorted_weights(mean):
    """By Python's own sort, in exact pairs."""
    learner, state = new_state("wasserstein", strength=0.5, mean=mean)
    params = moved(state.params)
    expected = 0.0
    for name, value in params.items():
        now, then = sorted(value.flatten().tolist()), sorted(state.params[name].flatten().tolist())
        part = sum((a - b) ** 2 for a, b in zip(now, then, strict=True))
        expected += 0.5 * (part / len(now) if mean else part)
    assert learner.penalty(params, state).item() == pytest.approx(expected, rel=1e-5)


def test_wasserstein_bounds_the_first_wasserstein_distance_of_scipy():
    """W1 <= W2 for each tensor, with equality when all weights move by one constant."""
    learner, state = new_state("wasserstein", strength=1.0, mean=True)
    shifted = {k: v + 0.25 for k, v in state.params.items()}
    assert learner.penalty(shifted, state).item() == pytest.approx(0.25**2 * len(shifted), rel=1e-4)
    for name, value in moved(state.params).items():
        alone = {**state.params, name: value}
        second = learner.penalty(alone, state).item() ** 0.5
        first = wasserstein_distance(value.flatten(), state.params[name].flatten())
        assert first <= second * (1 + 1e-5)


def test_the_gradient_of_wasserstein_pulls_to_the_weight_of_equal_rank():
    learner, state = new_state("wasserstein", strength=0.5)
    params = moved(state.params)
    gradients = torch.func.grad(learner.penalty)(params, state)
    weight, start = params["linear0.weight"].flatten(), state.params["linear0.weight"].flatten()
    targets = start.sort().values[weight.argsort().argsort()]
    expected = 2 * 0.5 * (weight - targets)
    torch.testing.assert_close(gradients["linear0.weight"].flatten(), expected)


# ---- shrink and perturb -------------------------------------------------------------------------


def test_shrink_and_perturb_shrinks_and_adds_noise_of_the_stated_scale():
    learner, state = new_state("shrink_and_perturb", shrink=0.25, noise_scale=0.01)
    big = {k: torch.randn(300, 300) for k in ("a", "b")}
    after = learner.after_update(state._replace(params=big), Noise(torch.tensor(3)))
    noise = {k: (after.params[k] - 0.75 * big[k]) / 0.01 for k in big}
    for value in noise.values():
        assert abs(value.mean()) < 4 / 300
        assert value.std().item() == pytest.approx(1, abs=0.01)
    assert abs((noise["a"] * noise["b"]).mean()) < 4 / 300


def test_relative_noise_is_of_the_size_of_a_new_network():
    fresh = {
        "weight": torch.rand(300, 300) - 0.5,
        "bias": 3 * torch.rand(300, 300),
        "gain": torch.ones(9),
    }
    learner = find_learner("shrink_and_perturb")(shrink=0.0, noise_scale=0.1, relative=True)
    state = learner.restart(fresh)
    after = learner.after_update(state, Noise(torch.tensor(3)))
    noise = {name: (after.params[name] - fresh[name]) / 0.1 for name in fresh}
    # A uniform variable of width w has the standard deviation w / sqrt 12.
    assert noise["weight"].std().item() == pytest.approx(12**-0.5, rel=0.01)
    assert noise["bias"].std().item() == pytest.approx(3 * 12**-0.5, rel=0.01)
    assert (noise["gain"] == 0).all()  # normalisation begins the same in every network


def test_the_noise_of_shrink_and_perturb_is_a_stream_of_its_own():
    """Shrinking nothing and adding nothing is Adam: noise moves neither data nor initialisation."""
    silent = find_learner("shrink_and_perturb")(shrink=0.0, noise_scale=0.0)
    plain, quiet = train(find_learner("adam")(), [0, 1], 20), train(silent, [0, 1], 20)
    assert same(replica(plain, 0), replica(quiet, 0))
    noisy = train(find_learner("shrink_and_perturb")(shrink=0.0, noise_scale=1e-3), [0, 1], 1)
    once = train(find_learner("adam")(), [0, 1], 1)
    noise = [
        noisy.state.params["linear0.weight"][i] - once.state.params["linear0.weight"][i]
        for i in (0, 1)
    ]
    correlation = np.corrcoef(noise[0].flatten(), noise[1].flatten())[0, 1]
    assert abs(correlation) < 4 / noise[0].numel() ** 0.5


# ---- layer norm ---------------------------------------------------------------------------------


def test_layer_norm_normalises_before_every_activation():
    module = find_learner("layer_norm")().build(SPEC)
    names = [name for name, _ in module.named_children()]
    for depth in range(2):
        place = names.index(f"norm{depth}")
        assert names[place - 1 : place + 2] == [
            f"linear{depth}",
            f"norm{depth}",
            f"activation{depth}",
        ]
    normalised = module[: names.index("norm0") + 1](torch.randn(6, 4, 4) * 100)
    torch.testing.assert_close(normalised.mean(-1), torch.zeros(6), atol=1e-5, rtol=0)
    torch.testing.assert_close(normalised.var(-1, correction=0), torch.ones(6), atol=1e-3, rtol=0)
