"""Baselines that replace hidden units: which, when, how many, and what a replaced unit is."""

import math
from collections import OrderedDict
from dataclasses import replace

import pytest
import torch
from torch import nn

import plasticity_bench as pb
from plasticity_bench.learners.learner import Hidden
from plasticity_bench.learners.lookup import find_learner
from plasticity_bench.learners.noise import Noise
from plasticity_bench.recording.hook_state import HookState
from tests.support.helpers import (
    SPEC,
    batch,
    new_state,
    plain_run,
    replica,
    same,
    stacked_batch,
    train,
)

CNN = pb.NetworkSpec(
    name="cnn",
    channels=(3, 4),
    kernel_size=3,
    hidden=(6,),
    norm="layer",
    input_shape=(8, 8),
    num_outputs=5,
)
KEY = torch.tensor(7)


class Watcher(pb.Learner):
    """Keeps what it saw."""

    vectorized = False
    step_size = 1e-2
    seen = []

    def observe(self, hidden, state, noise):
        self.seen.append((hidden, state))
        return state


@pytest.fixture
def watched(monkeypatch):
    """What the Watcher saw; the check that refuses a hook that keeps things is off."""
    monkeypatch.setattr(HookState, "check", lambda self: None)
    monkeypatch.setattr(Watcher, "seen", [])
    return Watcher.seen


# ---- the hook -----------------------------------------------------------------------------------


VIT = pb.NetworkSpec(
    name="vit", patch_size=4, dim=8, depth=2, heads=2, input_shape=(8, 8), num_outputs=5
)


def test_within_blocks_the_hook_sees_the_hidden_layers(watched):
    """The rows are tokens of examples; of the perceptrons after attention."""
    train(Watcher(), [0], 1, VIT)
    hidden, _ = watched[0]
    assert {name: (layer.incoming, layer.outgoing) for name, layer in hidden.items()} == {
        f"block{i}.widen": (
            (f"block{i}.widen.weight", f"block{i}.widen.bias"),
            f"block{i}.narrow.weight",
        )
        for i in range(2)
    }
    assert hidden["block0.widen"].outputs.shape == (8 * 4, VIT.mlp_ratio * 8)


@pytest.mark.parametrize("spec", [SPEC, CNN])
def test_the_hook_sees_the_hidden_layers_of_the_updates_own_forward_pass(spec, watched):
    population = train(Watcher(), [0], 3, spec)
    module = population.module
    before = {k: v[0].clone() for k, v in population.state.params.items()}
    population.update(*stacked_batch([0], 3, spec=spec))
    hidden, state = watched[-1]
    outputs = {}
    for name, part in module.named_children():
        if isinstance(part, nn.ReLU):
            part.register_forward_hook(lambda m, i, o, name=name: outputs.update({name: o}))
    torch.func.functional_call(module, before, (batch(0, 3, spec=spec)[0],))
    assert len(hidden) == len(outputs)
    for (layer, found), output in zip(hidden.items(), outputs.values(), strict=True):
        rows = output.permute(0, 2, 3, 1).flatten(0, 2) if output.ndim == 4 else output
        torch.testing.assert_close(found.outputs, rows.detach())
        assert found.incoming[0] == f"{layer}.weight"
        assert found.outputs.shape[1] == len(before[found.incoming[0]])
    assert not torch.equal(state.params["head.weight"], before["head.weight"])  # after the step


def test_wires_are_the_parameters_before_and_after(watched):
    train(Watcher(), [0], 1, CNN)
    hidden, _ = watched[0]
    assert {name: (layer.incoming, layer.outgoing) for name, layer in hidden.items()} == {
        "conv0": (
            ("conv0.weight", "conv0.bias", "conv_norm0.weight", "conv_norm0.bias"),
            "conv1.weight",
        ),
        "conv1": (
            ("conv1.weight", "conv1.bias", "conv_norm1.weight", "conv_norm1.bias"),
            "linear0.weight",
        ),
        "linear0": (
            ("linear0.weight", "linear0.bias", "norm0.weight", "norm0.bias"),
            "head.weight",
        ),
    }


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"hidden": (4,), "activation": "crelu"}, "mlp and cnn.*crelu"),
        ({"name": "vit", "patch_size": 4, "dim": 8, "depth": 1, "heads": 2, "activation": "crelu"}, "block0.activation, a CReLU"),
    ],
)  # fmt: skip
def test_other_networks_are_refused(changes, problem):
    spec = pb.NetworkSpec(**changes, input_shape=(8, 8), num_outputs=5)
    with pytest.raises(pb.LearnerError, match=f"hook observe.*{problem}"):
        train(Watcher(), [0], 0, spec)


def test_a_learner_without_the_hook_may_have_any_network():
    spec = pb.NetworkSpec(hidden=(4,), activation="crelu", input_shape=(8, 8), num_outputs=5)
    assert train(pb.Learner(), [0], 1, spec)


def test_a_hidden_penalty_is_checked_as_the_hook_is():
    class Wrong(pb.Learner):
        def hidden_penalty(self, hidden, state):
            return hidden["linear0"].outputs

    with pytest.raises(pb.LearnerError, match="hook hidden_penalty: must return a scalar"):
        train(Wrong(), [0], 1)
    spec = replace(SPEC, activation="fourier")
    with pytest.raises(pb.LearnerError, match="hook hidden_penalty: it sees"):
        train(Wrong(), [0], 0, spec)


def test_what_the_hook_returns_is_checked():
    class Forgets(pb.Learner):
        def observe(self, hidden, state, noise):
            return None

    with pytest.raises(pb.LearnerError, match="hook observe: must return a State"):
        train(Forgets(), [0], 1)


# ---- a replaced unit ----------------------------------------------------------------------------


@pytest.mark.parametrize("spec", [SPEC, CNN])
def test_a_replaced_unit_is_new_and_silent_and_nothing_else_changes(spec, watched):
    train(Watcher(), [0], 20, spec)
    hidden, state = watched[-1]
    state = state._replace(
        params={k: v + 1.0 for k, v in state.params.items()},
        moments={m: {k: v + 1.0 for k, v in of.items()} for m, of in state.moments.items()},
    )
    chosen = {name: torch.arange(layer.outputs.shape[1]) == 1 for name, layer in hidden.items()}
    after = Watcher().replace_units(state, hidden, chosen, Noise(KEY))
    touched = {name: torch.zeros_like(v, dtype=torch.bool) for name, v in state.params.items()}
    for layer in hidden.values():
        for incoming in layer.incoming:
            touched[incoming][1] = True
        weight = touched[layer.outgoing]
        width = weight.shape[1] // layer.outputs.shape[1]  # places that one unit has
        weight[:, width : 2 * width] = True
        assert not after.params[layer.outgoing][:, width : 2 * width].any()
        bound = 1.01 / math.sqrt(state.params[layer.incoming[0]][0].numel())
        assert after.params[layer.incoming[0]][1].abs().max() <= bound
        assert after.params[layer.incoming[0]][1].any()
        assert after.params[layer.incoming[1]][1] == 0
        if len(layer.incoming) > 2:
            assert after.params[layer.incoming[2]][1] == 1  # the norm's gain
            assert after.params[layer.incoming[3]][1] == 0
    for name, mask in touched.items():
        assert torch.equal(after.params[name][~mask], state.params[name][~mask])
        assert (after.params[name][mask] != state.params[name][mask]).all()
        for moment in ("first", "second"):
            assert not after.moments[moment][name][mask].any()
            kept = state.moments[moment][name][~mask]
            assert torch.equal(after.moments[moment][name][~mask], kept)


def test_new_weights_have_the_distribution_of_the_initial_ones():
    weight = torch.rand(200, 300) - 0.5
    params = {"a.weight": weight, "a.bias": torch.ones(200), "head.weight": torch.ones(5, 200)}
    learner = pb.Learner()
    hidden = {"a": Hidden(torch.zeros(1, 200), ("a.weight", "a.bias"), "head.weight")}
    every = {"a": torch.ones(200, dtype=torch.bool)}
    new = learner.replace_units(learner.restart(params), hidden, every, Noise(KEY))
    new = new.params["a.weight"].flatten()
    assert new.abs().max().item() == pytest.approx(0.5, abs=0.01)
    quantiles = torch.quantile(new, torch.tensor([0.1, 0.25, 0.5, 0.75, 0.9]))
    expected = torch.tensor([-0.4, -0.25, 0.0, 0.25, 0.4])
    torch.testing.assert_close(quantiles, expected, atol=0.01, rtol=0)


@pytest.mark.parametrize("reset_count", [False, True])
def test_the_first_step_of_a_new_unit_is_large_unless_its_count_is_reset(reset_count):
    """After 5,000 updates, with moments of zero and a gradient of one: Adam's first step."""
    learner, state = new_state("redo", reset_count=reset_count)
    count = torch.tensor(5_000)
    moments = {
        moment: {
            name: torch.full_like(value, 5_000 * (moment == "count")) for name, value in of.items()
        }
        for moment, of in state.moments.items()
    }
    state = state._replace(step=count, moments=moments)
    hidden = {
        "linear0": Hidden(torch.zeros(8, 16), ("linear0.weight", "linear0.bias"), "linear1.weight")
    }
    units = torch.arange(16) == 3
    new = learner.replace_units(state, hidden, {"linear0": units}, Noise(KEY))
    ones = {name: torch.ones_like(value) for name, value in state.params.items()}
    after = learner.apply_gradients(ones, new._replace(step=count + 1), Noise(KEY))
    moved = (new.params["linear0.bias"] - after.params["linear0.bias"]) / learner.step_size
    assert moved[3].item() == pytest.approx(1.0 if reset_count else 0.1 / 0.001**0.5, rel=1e-2)
    if reset_count:
        assert after.moments["count"]["linear0.bias"][:4].tolist() == [5001, 5001, 5001, 1]


def test_layer_by_layer_a_new_unit_reads_the_new_units_below():
    learner, state = new_state("redo")
    hidden = {
        "linear0": Hidden(torch.zeros(8, 16), ("linear0.weight", "linear0.bias"), "linear1.weight"),
        "linear1": Hidden(torch.zeros(8, 12), ("linear1.weight", "linear1.bias"), "head.weight"),
    }
    chosen = {"linear0": torch.arange(16) < 2, "linear1": torch.arange(12) < 3}
    for layer_by_layer in (False, True):
        new = learner.replace_units(
            state, hidden, chosen, Noise(KEY), layer_by_layer=layer_by_layer
        ).params["linear1.weight"]
        assert bool(new[:3, :2].all()) == layer_by_layer
        assert not new[3:, :2].any()


def test_the_optimiser_moves_what_was_replaced():
    """The new unit's outgoing weights learn at once, its incoming ones when these are not zero."""
    population = train(new_state("redo", period=20, threshold=1.0)[0], [0], 20)
    before = {name: value.clone() for name, value in population.state.params.items()}
    silent = ~before["head.weight"][0].any(0)
    assert silent.any()
    for step in (20, 21):
        population.update(*stacked_batch([0], step))
    moved = population.state.params["head.weight"][0] - before["head.weight"][0]
    assert moved[:, silent].any()
    incoming = population.state.params["linear1.weight"][0] - before["linear1.weight"][0]
    assert incoming[silent].any()


# ---- ReDo ---------------------------------------------------------------------------------------


def layer_of(outputs, name="a"):
    return {name: Hidden(outputs, (f"{name}.weight", f"{name}.bias"), "head.weight")}


def small_learner(name, **hyperparameters):
    """A baseline on a network of one hidden layer, a."""
    layers = OrderedDict(a=nn.Linear(3, 4), head=nn.Linear(4, 2))
    return find_learner(name)(**hyperparameters).on_network(nn.Sequential(layers))


def small_state(learner, units):
    generator = torch.Generator().manual_seed(0)
    params = {
        "a.weight": torch.randn(units, 3, generator=generator),
        "a.bias": torch.randn(units, generator=generator),
        "head.weight": torch.randn(2, units, generator=generator),
        "head.bias": torch.randn(2, generator=generator),
    }
    return learner.restart(params)


def replaced(before, after):
    return [
        not torch.equal(a, b) for a, b in zip(before.params["a.weight"], after.params["a.weight"])
    ]


def test_redo_replaces_the_units_of_a_score_up_to_the_threshold_when_it_is_time():
    """Mean sizes 0, 1, 2, 5 have the mean 2, so that the scores are 0, 0.5, 1 and 2.5."""
    outputs = torch.tensor([[0.0, 1.0, -4.0, 9.0], [0.0, -1.0, 0.0, 1.0]])
    for threshold, expected in (
        (0.0, [True, False, False, False]),
        (0.5, [True, True, False, False]),
    ):
        learner, _ = new_state("redo", threshold=threshold, period=10)
        for step, is_due in ((9, False), (10, True), (11, False), (20, True)):
            state = small_state(learner, 4)._replace(step=torch.tensor(step))
            after = learner.observe(layer_of(outputs), state, Noise(KEY))
            assert replaced(state, after) == (expected if is_due else [False] * 4)


def test_redo_replaces_all_units_of_a_silent_layer():
    learner, _ = new_state("redo", threshold=0.0, period=1)
    state = small_state(learner, 4)
    assert all(replaced(state, learner.observe(layer_of(torch.zeros(5, 4)), state, Noise(KEY))))


def test_redo_is_adam_until_its_first_period():
    redo, adam = new_state("redo", period=31)[0], new_state("adam")[0]
    assert same(replica(train(redo, [0, 1], 30), 1), replica(train(adam, [0, 1], 30), 1))


def test_redo_equals_a_direct_implementation():
    """By indices of dormant units; of weights that were drawn, that they are others."""
    learner, _ = new_state("redo", period=20, threshold=0.4)
    population = train(learner, [1], 20)
    module = pb.build_network(SPEC)
    expected = plain_run(new_state("adam")[0], 1, 20, lambda p: torch.optim.Adam(p, lr=1e-3))
    previous = plain_run(new_state("adam")[0], 1, 19, lambda p: torch.optim.Adam(p, lr=1e-3))
    module.load_state_dict(previous)
    inputs, _ = batch(1, 19)
    first = torch.relu(module.linear0(inputs.flatten(1)))
    second = torch.relu(module.linear1(first))
    silent = []
    drawn = {name: torch.zeros_like(value, dtype=torch.bool) for name, value in expected.items()}
    for outputs, layer, following in ((first, "linear0", "linear1"), (second, "linear1", "head")):
        score = outputs.abs().mean(0) / outputs.abs().mean()
        dormant = torch.nonzero(score <= 0.4).flatten()
        assert len(dormant) > 0
        drawn[f"{layer}.weight"][dormant] = True
        expected[f"{layer}.bias"][dormant] = 0
        expected[f"{following}.weight"][:, dormant] = 0
        silent.append((f"{following}.weight", dormant))
    for name, units in silent:
        drawn[name][:, units] = False
    for name, value in expected.items():
        ours = population.state.params[name][0]
        torch.testing.assert_close(ours[~drawn[name]], value[~drawn[name]], rtol=0, atol=2e-5)
        assert (ours[drawn[name]] != value[drawn[name]]).all()


# ---- continual backpropagation ------------------------------------------------------------------


def test_the_mature_unit_rule_and_the_rate():
    """Rate 0.15 of 4 units: 0.6 a step once they are mature, so one at steps 5 and 7 of maturity 3."""
    learner = small_learner("continual_backprop", rate=0.15, maturity=3)
    state = small_state(learner, 4)
    counts = []
    for _ in range(7):
        outputs = torch.rand(6, 4, generator=torch.Generator().manual_seed(len(counts)))
        after = learner.observe(layer_of(outputs), state, Noise(KEY))
        mask = replaced(state, after)
        ages = state.memory["age.a"] + 1
        assert all(age > 3 for age, is_new in zip(ages, mask) if is_new)
        assert [age == 0 for age in after.memory["age.a"]] == mask
        counts.append(sum(mask))
        state = after
    # Debts: 0.6 at step 4, 1.2 at step 5, then 0.2 + 0.15 * 3 = 0.65 at 6 and 1.1 at 7.
    assert counts == [0, 0, 0, 0, 1, 0, 1]
    assert state.memory["debt.a"].item() == pytest.approx(0.1)


def test_no_unit_is_replaced_twice_within_its_maturity():
    learner = small_learner("continual_backprop", rate=0.5, maturity=4)
    state = small_state(learner, 6)
    last = [0] * 6
    total = 0
    for step in range(1, 60):
        outputs = torch.rand(3, 6, generator=torch.Generator().manual_seed(step))
        after = learner.observe(layer_of(outputs), state, Noise(KEY + step))
        for unit, is_new in enumerate(replaced(state, after)):
            if is_new:
                assert step - last[unit] > 4
                last[unit] = step
                total += 1
        state = after
    assert total > 20


def test_the_number_of_replacements_matches_the_stated_rate():
    learner = small_learner("continual_backprop", rate=0.01, maturity=0)
    state = small_state(learner, 20)
    total = 0
    for step in range(200):
        outputs = torch.rand(3, 20, generator=torch.Generator().manual_seed(step))
        after = learner.observe(layer_of(outputs), state, Noise(KEY + step))
        total += sum(replaced(state, after))
        state = after
    assert total == pytest.approx(200 * 0.01 * 20, abs=1)


@pytest.mark.parametrize("keep_mean", [False, True])
def test_a_step_of_continual_backprop_by_hand(keep_mean):
    """Two steps: utilities decay and are corrected by age, and the mean may move to the bias."""
    settings = {"rate": 0.5, "maturity": 1, "utility_decay": 0.75, "keep_mean": keep_mean}
    learner = small_learner("continual_backprop", **settings)
    state = small_state(learner, 2)
    head = torch.tensor([[1.0, -2.0], [3.0, 1.0]])  # (outputs, units): mean sizes 2 and 1.5
    state = state._replace(params={**state.params, "head.weight": head})
    first = learner.observe(layer_of(torch.tensor([[1.0, 2.0], [3.0, -2.0]])), state, Noise(KEY))
    assert first.memory["utility.a"].tolist() == [0.25 * 2 * 2, 0.25 * 2 * 1.5]
    assert first.memory["mean.a"].tolist() == [0.25 * 2, 0.0]
    assert same(list(first.params.values()), list(state.params.values()))
    second = learner.observe(layer_of(torch.tensor([[0.5, 4.0], [0.5, 4.0]])), first, Noise(KEY))
    # Both are mature; half of two is one: utilities 0.75 + 0.25 and 0.5625 + 1.5, so the first.
    assert replaced(first, second) == [True, False]
    assert second.memory["utility.a"].tolist() == [0.0, 2.0625]
    assert second.memory["mean.a"].tolist() == [0.0, 1.0]
    assert second.memory["age.a"].tolist() == [0.0, 2.0]
    mean = (0.75 * 0.5 + 0.25 * 0.5) / (1 - 0.75**2)
    added = mean * head[:, 0] if keep_mean else 0.0
    torch.testing.assert_close(second.params["head.bias"], state.params["head.bias"] + added)
    torch.testing.assert_close(second.params["head.weight"], head * torch.tensor([0.0, 1.0]))


def test_utilities_are_compared_after_their_correction_by_age():
    """0.9 at age 51 is 0.904, 0.54 at age 4 is 1.57: the greater sum is the lesser utility."""
    learner = small_learner("continual_backprop", rate=0.5, maturity=2, utility_decay=0.9)
    state = small_state(learner, 2)
    memory = state.memory | {
        "utility.a": torch.tensor([1.0, 0.6]),
        "age.a": torch.tensor([50.0, 3.0]),
    }
    state = state._replace(memory=memory)
    after = learner.observe(layer_of(torch.zeros(3, 2)), state, Noise(KEY))
    assert replaced(state, after) == [True, False]


@pytest.mark.slow
def test_continual_backprop_equals_a_direct_implementation():
    """Lists and loops over one network's own hooks, driven by the population's outputs."""
    settings = {"rate": 0.02, "maturity": 10, "utility_decay": 0.9, "reset_count": False}
    learner = find_learner("continual_backprop")(**settings)
    population = train(learner, [1], 0)
    units = {"linear0": 16, "linear1": 12}
    readers = {"linear0": "linear1", "linear1": "head"}
    utility = {name: [0.0] * count for name, count in units.items()}
    age = {name: [0] * count for name, count in units.items()}
    debt = dict.fromkeys(units, 0.0)
    for step in range(60):
        before = {name: value[0].clone() for name, value in population.state.params.items()}
        inputs, targets = stacked_batch([1], step)
        # What Adam alone makes of the same state: the weights that utilities are taken from.
        plain = train(new_state("adam")[0], [1], 0)
        shared = [
            leaf.clone()
            for leaf in torch.utils._pytree.tree_leaves(population.state._replace(memory={}))
        ]
        plain._leaves = shared
        plain.update(inputs, targets)
        weights = {name: value[0] for name, value in plain.state.params.items()}
        x = inputs[0].flatten(1)
        for name, count in units.items():
            x = torch.relu(x @ before[f"{name}.weight"].T + before[f"{name}.bias"])
            out = weights[f"{readers[name]}.weight"].abs().mean(0)
            worth = []
            for i in range(count):
                age[name][i] += 1
                utility[name][i] = (
                    0.9 * utility[name][i] + 0.1 * (x[:, i].abs().mean() * out[i]).item()
                )
                worth.append(utility[name][i] / (1 - 0.9 ** age[name][i]))
            mature = [i for i in range(count) if age[name][i] > 10]
            debt[name] += 0.02 * len(mature)
            number = int(debt[name])
            debt[name] -= number
            for i in sorted(mature, key=lambda i: worth[i])[:number]:
                utility[name][i], age[name][i] = 0.0, 0
        population.update(inputs, targets)
        for name in units:
            assert population.state.memory[f"age.{name}"][0].tolist() == age[name], step
            torch.testing.assert_close(
                population.state.memory[f"utility.{name}"][0],
                torch.tensor(utility[name]),
                atol=1e-5,
                rtol=1e-3,
            )
    assert min(age["linear0"]) < 50


# ---- self-normalised resets ---------------------------------------------------------------------


def firing(*units):
    """Outputs of one example in which these units fire: above zero, not merely different from it."""
    return torch.tensor([[1.0 if fires else -1.0 for fires in units]])


def run_silences(learner, pattern, units=2):
    """Feed a pattern of firing, one tuple an update; return the states and who was replaced."""
    states, news = [small_state(learner, units)], []
    for step, fires in enumerate(pattern, 1):
        state = states[-1]._replace(step=torch.tensor(step))
        states.append(learner.observe(layer_of(firing(*fires)), state, Noise(KEY + step)))
        news.append(replaced(states[-2], states[-1]))
    return states, news


def test_a_unit_is_replaced_when_its_silence_reaches_its_limit():
    """Limits begin at half of the longest: 4 updates."""
    learner = small_learner("self_normalized_resets", longest=8, period=1000)
    states, news = run_silences(learner, [(False, True)] * 9)
    assert [first for first, _ in news] == [False] * 3 + [True] + [False] * 3 + [True, False]
    assert not any(second for _, second in news)
    # Both silences that ended in a reset are gaps of 4.
    assert states[-1].memory["gaps.a"][0].tolist() == [0, 0, 0, 2, 0, 0, 0, 0]
    assert states[-1].memory["silence.a"].tolist() == [1, 0]


def test_limits_become_a_quantile_of_a_units_own_gaps():
    """Gaps 1, 1, 1, 3: three of four are at most 1, all at most 3."""
    gaps = [False, True] * 3 + [False] * 3 + [True]
    for quantile, expected in ((0.75, 1), (0.76, 3), (1.0, 3)):
        learner = small_learner(
            "self_normalized_resets", quantile=quantile, longest=8, period=len(gaps)
        )
        states, news = run_silences(learner, [(fires, True) for fires in gaps])
        assert states[-2].memory["gaps.a"][0].tolist() == [3, 0, 0, 0, 0, 0, 0, 0]
        assert states[-1].memory["limit.a"].tolist() == [expected, 1]  # without gaps it is 1
        assert not states[-1].memory["gaps.a"].any()
        assert not any(map(any, news))


def test_a_limit_is_at_least_one_and_at_most_the_longest():
    """The limit begins at 3, and doubles for gaps as long as it is."""
    learner = small_learner("self_normalized_resets", longest=5, period=3, quantile=0.5)
    pattern = [False, False, True] * 3
    states, _ = run_silences(learner, [(fires, True) for fires in pattern])
    assert [state.memory["limit.a"].tolist() for state in states[::3]] == [
        *([2, 2], [4, 1], [2, 1], [4, 1])
    ]
    learner = small_learner("self_normalized_resets", longest=5, period=1)
    states, _ = run_silences(learner, [(False, True)] * 3)
    assert [state.memory["limit.a"][0].item() for state in states] == [2, 1, 2, 1]


def test_a_unit_that_always_fired_is_replaced_at_its_first_silence():
    learner = small_learner("self_normalized_resets", longest=200, period=5)
    _, news = run_silences(learner, [(True, True)] * 7 + [(False, True)] * 2)
    assert [first for first, _ in news] == [False] * 7 + [True, True]


def test_self_normalised_resets_equal_a_direct_implementation():
    """Python lists of gaps, on random firing with a different rate for each unit."""
    learner = small_learner("self_normalized_resets", quantile=0.8, longest=20, period=50)
    generator = torch.Generator().manual_seed(3)
    rates = torch.tensor([0.1, 0.3, 0.6, 0.95])
    pattern = (torch.rand(300, 4, generator=generator) < rates).tolist()
    _, news = run_silences(learner, pattern, units=4)
    silence, limit, gaps, total = [0] * 4, [10] * 4, [[] for _ in range(4)], 0
    for step, fires in enumerate(pattern, 1):
        for i in range(4):
            if fires[i]:
                if silence[i]:
                    gaps[i].append(min(silence[i], 20))
                silence[i] = 0
            else:
                silence[i] += 1
            is_new = silence[i] >= limit[i]
            assert news[step - 1][i] == is_new, (step, i)
            if is_new:
                gaps[i].append(silence[i])
                silence[i] = 0
                total += 1
            if step % 50 == 0:
                ordered = sorted(gaps[i])
                found = ordered[math.ceil(0.8 * len(ordered) - 1e-9) - 1] if ordered else 1
                limit[i] = found if found < limit[i] or not ordered else min(20, 2 * limit[i])
                gaps[i] = []
    assert total > 5
