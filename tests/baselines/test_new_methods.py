"""Baselines with optimisers, activations, examples and heads of their own: what defines each."""

import itertools
import math

import pytest
import scipy.special
import torch
from torch import nn
from torch.func import functional_call

import plasticity_bench as pb
from baselines import trac
from plasticity_bench.learners.lookup import find_learner
from plasticity_bench.learners.noise import Noise
from plasticity_bench.networks.activations import PReLU
from tests.support.helpers import SPEC, batch, moved, new_state, replica, same, train

pytestmark = pytest.mark.slow

CNN = pb.NetworkSpec(name="cnn", channels=(3,), hidden=(8,), input_shape=(6, 6), num_outputs=5)
VIT = pb.NetworkSpec(
    name="vit", patch_size=4, dim=8, depth=1, heads=2, input_shape=(8, 8), num_outputs=5
)
KEY = Noise(torch.tensor(3))


def stepped(learner, state, gradients):
    return learner.apply_gradients(gradients, state._replace(step=state.step + 1), KEY)


# ---- muon ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(6, 6), (12, 3), (3, 12)])
def test_muon_moves_a_matrix_by_singular_values_near_one(shape):
    rows, columns = shape
    module = nn.ModuleDict({"hidden": nn.Linear(columns, rows), "head": nn.Linear(rows, 2)})
    learner = find_learner("muon")(matrix_step_size=0.1).on_network(module)
    params = dict(module.named_parameters())
    params = {name: value.detach() for name, value in params.items()}
    state = learner.restart(params)
    after = stepped(learner, state, moved(params, seed=1))
    moves = (params["hidden.weight"] - after.params["hidden.weight"]) / 0.1
    values = torch.linalg.svdvals(moves) / max(1, shape[0] / shape[1]) ** 0.5
    assert ((values > 0.5) & (values < 1.3)).all()


@pytest.mark.parametrize("spec", [SPEC, CNN, VIT], ids=["mlp", "cnn", "vit"])
def test_muon_is_for_hidden_matrices(spec):
    """All else is trained as by Adam."""
    learner, state = new_state("muon", spec)
    plain, _ = new_state("adam", spec)
    gradients = moved(state.params, seed=2)
    ours, adams = (stepped(one, state, gradients) for one in (learner, plain))
    different = {k for k, v in ours.params.items() if not torch.equal(v, adams.params[k])}
    block = ("attention.queries_keys_values", "attention.mix", "widen", "narrow")
    expected = {
        "mlp": {"linear0.weight", "linear1.weight"},
        "cnn": {"conv0.weight", "linear0.weight"},
        "vit": {"embed.weight", *(f"block0.{name}.weight" for name in block)},
    }
    assert different == expected[spec.name] == set(ours.memory)


# ---- AdamO --------------------------------------------------------------------------------------


@pytest.mark.parametrize("spec", [SPEC, CNN], ids=["mlp", "cnn"])
def test_without_a_loss_layers_of_adamo_become_isometries(spec):
    learner, state = new_state("adamo", spec, strength=50.0)
    zeros = {name: torch.zeros_like(value) for name, value in state.params.items()}
    for _ in range(200):
        state = stepped(learner, state, zeros)
    for name, value in state.params.items():
        if value.ndim >= 2:
            values = torch.linalg.svdvals(value.flatten(1))
            torch.testing.assert_close(values, torch.ones_like(values), atol=1e-3, rtol=0)
        else:
            assert torch.equal(value, state.initial[name])


def test_the_pull_of_adamo_does_not_go_through_its_averages():
    learner, state = new_state("adamo")
    plain, _ = new_state("adam")
    gradients = moved(state.params, seed=2)
    ours, adams = (stepped(one, state, gradients) for one in (learner, plain))
    assert same(list(ours.moments["second"].values()), list(adams.moments["second"].values()))
    assert torch.equal(ours.params["head.bias"], adams.params["head.bias"])


# ---- TRAC ---------------------------------------------------------------------------------------


def test_erfi_is_that_of_scipy():
    x = torch.linspace(-6.4, 6.4, 257, dtype=torch.float64)
    expected = torch.from_numpy(scipy.special.erfi(x.numpy()))
    torch.testing.assert_close(trac._erfi(x), expected, rtol=1e-9, atol=0)
    assert scipy.special.erfi(math.sqrt(0.5)) == pytest.approx(trac._ERFI_OF_ONE, rel=1e-12)
    assert trac._erfi(torch.tensor([1e9]))[0] == trac._erfi(torch.tensor([trac.LARGEST]))[0]


def test_trac_scales_the_sum_of_the_optimisers_steps():
    """With gradients of one direction the scale grows from start to over one."""
    learner, state = new_state("trac", optimizer="sgd", step_size=1e-3)
    gradients = moved({k: torch.zeros_like(v) for k, v in state.params.items()}, 1.0)
    scales = []
    for count in range(1, 61):
        state = stepped(learner, state, gradients)
        scale = state.memory["scale"].sum()
        scales.append(scale.item())
        for name, value in state.params.items():
            expected = state.initial[name] - scale * state.memory[f"steps.{name}"].neg()
            torch.testing.assert_close(value, expected)
        assert count > 1 or scale < 1e-6
    assert all(b > a for a, b in itertools.pairwise(scales[5:]))
    assert scales[-1] > 1


def test_trac_returns_to_the_start_when_gradients_turn():
    learner, state = new_state("trac", optimizer="sgd", step_size=1e-3)
    gradients = moved({k: torch.zeros_like(v) for k, v in state.params.items()}, 1.0)
    turned = {name: -3 * g for name, g in gradients.items()}
    for count in range(80):
        state = stepped(learner, state, gradients if count < 50 else turned)
    assert state.memory["scale"].sum() < 1e-5
    for name, value in state.params.items():
        torch.testing.assert_close(value, state.initial[name], atol=1e-6, rtol=0)


# ---- SDP ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("spec", [SPEC, CNN], ids=["mlp", "cnn"])
def test_sdp_moves_singular_values_to_their_mean(spec):
    for gamma in (0.0, 0.5, 1.0):
        learner, state = new_state("sdp", spec, gamma=gamma)
        after = learner.begin_task(state, state.params, KEY).params
        for name, value in state.params.items():
            if value.ndim < 2 or name == "head.weight":
                assert torch.equal(after[name], value)
                continue
            old, new = (torch.linalg.svdvals(v.flatten(1)) for v in (value, after[name]))
            expected = old.mean() ** gamma * old ** (1 - gamma)
            torch.testing.assert_close(new, expected, atol=1e-5, rtol=1e-4)


def test_sdp_halves_moments():
    learner, state = new_state("sdp")
    state = stepped(learner, state, moved(state.params))
    after = learner.begin_task(state, state.params, KEY)
    for moment, averages in state.moments.items():
        for name, value in averages.items():
            assert torch.equal(after.moments[moment][name], 0.5 * value)
    assert after.step == state.step


# ---- activations --------------------------------------------------------------------------------


def test_smooth_leaky_is_smooth_and_leaky():
    module = find_learner("smooth_leaky")(alpha=0.3, sharpness=4.0).build(SPEC)
    activation = module.activation0
    x = torch.tensor([-50.0, 0.0, 50.0])
    torch.testing.assert_close(activation(x), torch.tensor([-15.0, 0.0, 50.0]))
    slope = torch.func.vmap(torch.func.grad(activation))(x)
    torch.testing.assert_close(slope, torch.tensor([0.3, 0.65, 1.0]))


@pytest.mark.parametrize("spec", [SPEC, CNN], ids=["mlp", "cnn"])
def test_adalin_begins_as_its_slope_says(spec):
    """0: rectified linear units; 1: the network is affine."""
    x = torch.randn(3, *spec.input_shape)
    for alpha in (0.0, 1.0):
        torch.manual_seed(0)
        module = find_learner("adalin")(alpha=alpha).build(spec)
        torch.manual_seed(0)
        plain = pb.build_network(spec)
        assert [len(m.weight) for m in module.modules() if isinstance(m, PReLU)] == [
            len(m.weight) for m in plain.modules() if isinstance(m, nn.Linear | nn.Conv2d)
        ][:-1]
        if alpha == 0:
            torch.testing.assert_close(module(x), plain(x))
        elif spec.name == "mlp":
            torch.testing.assert_close(
                module(x[0:1] + x[1:2]) + module(0 * x[:1]), module(x[:1]) + module(x[1:2])
            )


def test_the_slopes_of_a_vit_are_of_its_features():
    block = find_learner("adalin")().build(VIT).block0
    assert block.activation.weight.shape == (len(block.widen.weight),)


def test_the_gradient_of_slopes_is_mapped_over_replicas_and_examples():
    """Curvature takes the gradient of every example."""
    population = train(find_learner("adalin")(alpha=0.2), [0, 1], 0)
    inputs, targets = batch(0, 0)
    params = {name: value[1] for name, value in population.state.params.items()}

    def loss(params, x, y):
        return nn.functional.cross_entropy(functional_call(population.module, params, (x,)), y)

    each = torch.func.vmap(torch.func.grad(loss), (None, 0, 0))(
        params, inputs[:, None], targets[:, None]
    )
    for name, value in torch.func.grad(loss)(params, inputs, targets).items():
        torch.testing.assert_close(each[name].mean(0), value)


def test_adalin_learns_a_slope_for_each_unit():
    population = train(find_learner("adalin")(), [0], 20)
    slopes = population.state.params["activation0.weight"][0]
    assert len(slopes.unique()) > 8


# ---- C-CHAIN ------------------------------------------------------------------------------------


def test_c_chain_without_a_coefficient_is_adam():
    silent = find_learner("c_chain")(share=0.0, first_coefficient=0.0)
    ours, plain = train(silent, [0, 1], 20), train(find_learner("adam")(), [0, 1], 20)
    for name, value in plain.state.params.items():
        torch.testing.assert_close(ours.state.params[name], value, atol=1e-6, rtol=1e-5)


def test_c_chain_holds_predictions_for_other_examples():
    churns = {}
    for coefficient in (0.0, 1e4):
        learner = find_learner("c_chain")(
            first_coefficient=coefficient, warmup=1000, examples=8, step_size=1e-2
        )
        churns[coefficient] = train(learner, [0], 60).state.memory["mean_churn"].item()
    assert churns[1e4] < 0.5 * churns[0.0]


def test_the_coefficient_of_c_chain_keeps_a_share_of_the_loss():
    population = train(find_learner("c_chain")(share=0.3, warmup=5, examples=8), [0], 40)
    memory = population.state.memory
    losses = [population.update(*(x[None] for x in batch(0, 40)))[0]]
    assert memory["mean_churn"] > 0
    assert memory["mean_loss"] == pytest.approx(losses[0].item(), rel=1.0)


# ---- experience replay --------------------------------------------------------------------------


def test_the_memory_is_a_uniform_sample_of_all_examples():
    """Each of 400 examples is kept with probability 20 / 400, whenever it came."""
    learner = find_learner("experience_replay")(capacity=20, replayed=4)
    population = pb.Population([pb.Replica(seed, learner) for seed in range(60)], SPEC)
    for step in range(50):
        numbers = torch.arange(8.0) + 8 * step + 1
        inputs = numbers[None, :, None, None].expand(60, 8, 4, 4) / 400
        population.update(inputs, (numbers.long() % 5)[None].expand(60, 8))
    memory = population.state.memory
    kept = (memory["example_inputs"][:, :, 0, 0] * 400).round()
    assert torch.equal(memory["example_targets"].argmax(-1), kept.long() % 5)
    assert all(len(one.unique()) == 20 for one in kept)
    quarters = torch.histc(kept, 4, 0.5, 400.5) / kept.numel()
    assert (quarters - 0.25).abs().max() < 0.06


def test_replay_of_nothing_yet_is_the_batch_alone():
    ours, plain = (
        train(find_learner("experience_replay")(), [0, 1], 1),
        train(pb.Learner(), [0, 1], 1),
    )
    for name, value in plain.state.params.items():
        torch.testing.assert_close(ours.state.params[name], value, atol=1e-6, rtol=1e-5)


def test_a_learner_with_replay_keeps_an_earlier_task_better():
    """Inputs of one sign have the labels of the first task, of the other those of the second."""
    losses = {}
    for name in ("adam", "experience_replay"):
        population = train(find_learner(name)(step_size=1e-2), [0], 0)
        for step in range(200):
            inputs, targets = batch(0, step)
            sign = 1.0 if step < 100 else -1.0
            inputs = inputs.abs() * sign
            targets = torch.zeros_like(targets) if step < 100 else torch.ones_like(targets)
            population.update(inputs[None], targets[None])
        inputs = batch(0, 999)[0].abs()
        logits = population.predict(inputs[None])[0]
        losses[name] = nn.functional.cross_entropy(logits, torch.zeros(8, dtype=torch.int64)).item()
    assert losses["experience_replay"] < 0.5 * losses["adam"]


# ---- InFeR --------------------------------------------------------------------------------------


def test_infer_without_strength_trains_as_adam():
    """Its auxiliary weights do not move, and its network is the suite's."""
    population = train(find_learner("infer")(strength=0.0), [0], 10)
    weight = population.state.params["head.auxiliary"]
    assert weight.shape == (1, 10, 12)
    assert torch.equal(weight, population.state.initial["head.auxiliary"])
    logits = population.predict(batch(0, 0)[0][None])
    plain = pb.build_network(SPEC)
    params = {k: v[0] for k, v in population.state.params.items() if k != "head.auxiliary"}
    torch.testing.assert_close(functional_call(plain, params, (batch(0, 0)[0],)), logits[0])


def test_the_auxiliary_outputs_of_infer_approach_their_scaled_start():
    learner = find_learner("infer")(strength=1.0, scale=3.0, step_size=1e-2)
    population = train(learner, [0], 0)
    inputs, targets = batch(0, 0)

    def outputs(params):
        one = {name: value[0] for name, value in params.items()}
        weight = one["head.auxiliary"]
        changed = {**one, "head.weight": weight, "head.bias": torch.zeros(10)}
        return functional_call(population.module, changed, (inputs,))

    aims = 3 * outputs(population.state.initial)
    before = (outputs(population.state.params) - aims).square().mean()
    for _ in range(200):
        population.update(inputs[None], targets[None])
    assert (outputs(population.state.params) - aims).square().mean() < 0.05 * before


# ---- second order -------------------------------------------------------------------------------


def test_no_parameter_moves_further_than_sophias_step():
    population = train(find_learner("sophia_h")(step_size=1e-2), [0], 30)
    before = [value.clone() for value in replica(population, 0)]
    population.update(*(x[None] for x in batch(0, 30)))
    names = list(population.state.params)
    for old, value in zip(before, population.state.params.values(), strict=False):
        assert (value[0] - old).abs().max() <= 1e-2 + 1e-6, names


@pytest.mark.parametrize("name", ["adahessian", "sophia_h", "sassha"])
def test_second_order_optimisers_have_no_other(name):
    with pytest.raises(pb.LearnerError, match="leave `optimizer` at adam"):
        train(find_learner(name)(optimizer="sgd"), [0], 1)


@pytest.mark.parametrize("name", ["sophia_h", "sassha"])
def test_the_hessian_is_used_every_period(name):
    population = train(find_learner(name)(period=4), [0], 1)
    for step in range(1, 10):
        before = population.state.moments["second"]["head.weight"].clone()
        population.update(*(x[None] for x in batch(0, step)))
        after = population.state.moments["second"]["head.weight"]
        assert torch.equal(before, after) == (step % 4 != 0)


def test_with_a_diagonal_hessian_the_estimate_is_exact():
    """Of the loss sum of c_i p_i^2 / 2 the Hessian's diagonal is c, whatever the signs."""

    class Quadratic(find_learner("adahessian")):
        def loss(self, logits, targets):
            return 0.0 * logits.sum()

        def penalty(self, params, state):
            parts = [(i + 1) * v.square().sum() / 2 for i, v in enumerate(params.values())]
            return sum(parts)

    population = train(Quadratic(), [0], 1)
    for number, value in enumerate(population.state.moments["second"].values()):
        expected = torch.full_like(value, 1e-3 * (number + 1) ** 2)
        torch.testing.assert_close(value, expected, atol=1e-7, rtol=1e-4)


def test_a_sharpness_aware_step_without_a_radius_is_at_the_parameters():
    class Recorded(find_learner("sassha")):
        def loss(self, logits, targets):
            return 0.0 * logits.sum()

        def penalty(self, params, state):
            return sum(v.square().sum() / 2 for v in params.values())

    for radius in (0.0, 0.5):
        learner = Recorded(radius=radius)
        state = train(learner, [0], 1).state
        norm = torch.stack([v.square().sum() for v in state.initial.values()]).sum().sqrt()
        for name, first in state.moments["first"].items():
            expected = 0.1 * state.initial[name] * (1 + radius / norm)
            torch.testing.assert_close(first, expected, atol=1e-7, rtol=1e-4)


# ---- Shampoo ------------------------------------------------------------------------------------


def test_the_first_step_of_shampoo_on_a_matrix_is_its_polar_factor():
    """With G = U S V^T, (G G^T)^(-1/4) G (G^T G)^(-1/4) = U V^T."""
    learner, _ = new_state("shampoo", step_size=1.0, damping=1e-4)
    params = {"a.weight": torch.zeros(6, 4), "b.bias": torch.zeros(5)}
    gradients = moved(params, scale=1.0)
    after = stepped(learner, learner.restart(params), gradients).params
    u, _, v = torch.linalg.svd(gradients["a.weight"], full_matrices=False)
    torch.testing.assert_close(after["a.weight"], -u @ v, atol=5e-3, rtol=0)
    unit = gradients["b.bias"] / gradients["b.bias"].norm()
    torch.testing.assert_close(after["b.bias"], -unit, atol=2e-3, rtol=0)


def test_shampoo_leaves_long_axes_alone():
    _, state = new_state("shampoo", largest=12)
    assert "0.linear0.weight" not in state.memory  # 16 units
    assert state.memory["0.linear1.weight"].shape == (12, 12)
    assert "1.linear1.weight" not in state.memory


# ---- layer norm and resets ----------------------------------------------------------------------


def test_layer_norm_redo_normalises_and_replaces_dormant_units():
    learner = find_learner("layer_norm_redo")(period=1, threshold=0.1)
    names = [name for name, _ in learner.build(SPEC).named_children()]
    assert "norm0" in names and "norm1" in names
    population = train(learner, [0], 0)
    state = population.state
    gain = state.params["norm0.weight"].clone()
    gain[0, 3] = 0.0  # with a bias of zero the unit is silent
    population.state = state._replace(params={**state.params, "norm0.weight": gain})
    old = state.params["linear0.weight"][0].clone()
    population.update(*(x[None] for x in batch(0, 0)))
    after = population.state.params
    assert (after["linear0.weight"][0, 3] - old[3]).abs().max() > 0.02
    assert after["norm0.weight"][0, 3] == 1
    assert not after["linear1.weight"][0, :, 3].any()
