"""Which parameters methods act on, by the kind of layer, and on which networks."""

from dataclasses import replace

import pytest
import torch
from torch import nn

import plasticity_bench as pb
from plasticity_bench.learners.lookup import find_learner
from plasticity_bench.networks import layers_of
from plasticity_bench.shipped import baseline_names
from tests.support.helpers import moved, new_state, train

SHAPE = {"input_shape": (8, 8), "num_outputs": 5}
NETWORKS = {
    "mlp": pb.NetworkSpec(hidden=(6, 6), **SHAPE),
    "cnn": pb.NetworkSpec(name="cnn", channels=(3,), kernel_size=3, hidden=(6,), **SHAPE),
    "resnet18": pb.NetworkSpec(name="resnet18", width=4, **SHAPE),
    "vit": pb.NetworkSpec(name="vit", patch_size=4, dim=8, depth=1, heads=2, **SHAPE),
}
QKV = "block0.attention.queries_keys_values.weight"
POSITIONS = "positions.weight"


# ---- the helper ----------------------------------------------------------------------------------


def test_layers_are_linear_layers_and_convolutions_the_head_last():
    network = layers_of(pb.build_network(NETWORKS["vit"]))
    assert [layer.name for layer in network.layers] == [
        "embed",
        "block0.attention.queries_keys_values",
        "block0.attention.mix",
        "block0.widen",
        "block0.narrow",
        "head",
    ]
    assert [layer.parts for layer in network.layers] == [1, 3, 1, 1, 1, 1]
    assert network.head.weight == "head.weight"
    assert len(network.hidden) == 5
    assert all("norm" in name for name in network.norms)
    assert len(network.norms) == 6
    resnet = layers_of(pb.build_network(NETWORKS["resnet18"]))
    assert sum(layer.convolution for layer in resnet.layers) == 20
    assert not resnet.head.convolution


def test_other_modules_of_pytorch_have_layers_too():
    module = nn.ModuleDict(
        {
            "attention": nn.MultiheadAttention(4, 2),
            "table": nn.Embedding(9, 4),
            "conv": nn.Conv1d(4, 4, 3, bias=False),
            "norm": nn.RMSNorm(4),
        }
    )
    network = layers_of(module)
    assert [(layer.weight, layer.bias, layer.parts) for layer in network.layers] == [
        ("attention.in_proj_weight", "attention.in_proj_bias", 3),
        ("attention.out_proj.weight", "attention.out_proj.bias", 1),
        ("conv.weight", None, 1),
    ]
    assert network.norms == {"norm.weight"}


def test_a_shared_weight_is_one_layer_and_a_computed_one_none():
    first = nn.Linear(4, 4)
    shared = nn.Sequential(first, nn.ReLU(), nn.Linear(4, 4))
    shared[2].weight = first.weight
    assert [layer.weight for layer in layers_of(shared).layers] == ["0.weight"]
    computed = nn.utils.parametrizations.weight_norm(nn.Linear(4, 4))
    with pytest.raises(pb.LearnerError, match=r"no linear layer.*build it from torch\.nn\.Linear"):
        layers_of(computed).layers  # noqa: B018


def test_hooks_called_without_a_network_say_what_to_do():
    learner = find_learner("nap")()
    with pytest.raises(pb.LearnerError, match=r"NaP: no network is built.*on_network"):
        learner.network  # noqa: B018


# ---- transformers --------------------------------------------------------------------------------


def changed(before, after):
    return {name for name, value in before.items() if not torch.equal(after[name], value)}


def on_vit(name, **settings):
    learner, state = new_state(name, NETWORKS["vit"], **settings)
    return learner, state._replace(params=moved(state.params))


@pytest.mark.parametrize("only_attention", [True, False])
def test_fire_makes_queries_keys_and_values_orthogonal_each_by_itself(only_attention):
    settings = {"iterations": 60, "only_attention": only_attention}
    learner, state = on_vit("fire", **settings)
    after = learner.begin_task(state, state.params, None).params
    weights = {layer.weight for layer in learner.network.layers}
    assert changed(state.params, after) == ({QKV} if only_attention else weights)
    queries, keys, values = after[QKV].chunk(3)
    for part in (queries, keys) if only_attention else (queries, keys, values):
        torch.testing.assert_close(part @ part.T, torch.eye(8), atol=1e-4, rtol=0)
    same_values = torch.equal(values, state.params[QKV].chunk(3)[2])
    assert same_values == only_attention


def test_nap_keeps_the_norms_of_queries_keys_and_values_apart_and_leaves_positions():
    learner, state = on_vit("nap")
    after = learner.after_update(state, None).params
    for part, start in zip(after[QKV].chunk(3), state.initial[QKV].chunk(3), strict=True):
        assert part.norm().item() == pytest.approx(start.norm().item(), rel=1e-5)
    assert torch.equal(after[POSITIONS], state.params[POSITIONS])


def test_muon_orthogonalises_queries_keys_and_values_each_by_itself():
    learner, state = on_vit("muon", matrix_step_size=0.1)
    gradients = moved({k: torch.zeros_like(v) for k, v in state.params.items()}, seed=3)
    gradients[QKV][:8] *= 1e4  # of queries, beside which keys and values would vanish
    after = learner.apply_gradients(gradients, state._replace(step=state.step + 1), None).params
    for move in ((state.params[QKV] - after[QKV]) / 0.1).chunk(3):
        values = torch.linalg.svdvals(move)
        assert values[-1] > 0.05
        assert values[0] < 1.3


def test_adamo_pulls_queries_keys_and_values_each_by_itself_and_leaves_positions():
    learner, state = on_vit("adamo", strength=1.0, step_size=0.01)
    zeros = {name: torch.zeros_like(value) for name, value in state.params.items()}
    for _ in range(300):
        state = learner.apply_gradients(zeros, state._replace(step=state.step + 1), None)
    for part in state.params[QKV].chunk(3):
        torch.testing.assert_close(part @ part.T, torch.eye(8), atol=1e-3, rtol=0)
    assert torch.equal(state.params[POSITIONS], on_vit("adamo")[1].params[POSITIONS])


def test_sdp_evens_queries_keys_and_values_each_by_itself_and_leaves_positions():
    learner, state = on_vit("sdp", gamma=1.0)
    after = learner.begin_task(state, state.params, None).params
    hidden = {layer.weight for layer in learner.network.hidden}
    assert changed(state.params, after) == hidden
    for before, part in zip(state.params[QKV].chunk(3), after[QKV].chunk(3), strict=True):
        mean = torch.linalg.svdvals(before).mean()
        torch.testing.assert_close(part @ part.T, mean**2 * torch.eye(8), atol=1e-4, rtol=0)


@pytest.mark.parametrize("name", ["spectral", "parseval"])
def test_penalties_on_matrices_are_sums_over_queries_keys_and_values(name):
    """The positions are in none: moving them changes nothing, and no matrix is (24, 8)."""
    learner, state = on_vit(name, strength=1.0)
    matrices = {k for layer in learner.network.layers for k in layer.matrices(state.params)}
    assert {f"{QKV}.0", f"{QKV}.1", f"{QKV}.2"} <= matrices
    gradients = torch.func.grad(learner.penalty)(state.params, state)
    assert not gradients[POSITIONS].any()
    assert gradients[QKV].any()
    if name == "parseval":
        parts = [p @ p.T - 2 * torch.eye(8) for p in state.params[QKV].chunk(3)]
        alone = 64 * sum((part**2).sum().item() for part in parts)
        others = {n: v if n != QKV else 0 * v for n, v in state.params.items()}
        left = learner.penalty(others, state) - 64 * 3 * 8 * 4
        assert (learner.penalty(state.params, state) - left).item() == pytest.approx(
            alone, rel=1e-4
        )


@pytest.mark.parametrize("name", ["weight_clipping", "dash"])
def test_positions_are_neither_clipped_nor_shrunk(name):
    learner, state = on_vit(
        name, **({"bound": 0.0} if name == "weight_clipping" else {"window": 1})
    )
    if name == "dash":
        state = learner.begin_task(state, state.params, None)
        after = learner.apply_gradients(moved(state.params, seed=8), state, None).params
    else:
        after = learner.after_update(state, None).params
    assert changed(state.params, after) == {
        name for layer in learner.network.layers for name in (layer.weight, layer.bias)
    }


@pytest.mark.parametrize("name", ["l2", "l2_init"])
def test_l2_leaves_out_norms_and_keeps_positions(name):
    learner, state = on_vit(name)
    gradients = torch.func.grad(learner.penalty)(state.params, state)
    free = {key for key, value in gradients.items() if not value.any()}
    assert free == learner.network.norms


# ---- methods that act on units, on every network -------------------------------------------------


def of_units():
    hooks = ("observe", "hidden_penalty")
    return [n for n in baseline_names() if any(find_learner(n).overrides(hook) for hook in hooks)]


def test_the_methods_that_act_on_units():
    assert of_units() == [
        "continual_backprop",
        "layer_norm_redo",
        "redo",
        "self_normalized_resets",
    ]


AT_ONCE = {
    "continual_backprop": {"rate": 0.5, "maturity": 0},
    "layer_norm_redo": {"threshold": 1.0, "period": 1},
    "redo": {"threshold": 1.0, "period": 1},
    "self_normalized_resets": {"longest": 2, "period": 1},
}
"""Settings by which units are replaced after the first update, if they are silent in SNR's case."""

NEVER = {"continual_backprop": {"rate": 0.0}}
WITHIN = {
    "mlp": ({"linear0.weight", "linear1.weight"}, {"linear1.weight", "head.weight"}),
    "cnn": ({"conv0.weight", "linear0.weight"}, {"linear0.weight", "head.weight"}),
    "vit": ({"block0.widen.weight"}, {"block0.narrow.weight"}),
    "resnet18": (
        {f"stage{i}_block{j}.first.conv.weight" for i in range(4) for j in range(2)},
        {f"stage{i}_block{j}.second.conv.weight" for i in range(4) for j in range(2)},
    ),
}
"""Of each network, the weights of hidden layers, and those that read them."""


# A residual network takes long, and all methods know its units by the same code.
REPLACING = [
    (name, network)
    for network in NETWORKS
    for name in (of_units() if network != "resnet18" else ["continual_backprop"])
]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "network"), REPLACING)
def test_a_method_that_acts_on_units_replaces_those_of_every_network(name, network):
    """Beside the same method that replaces none: the weights of hidden layers alone differ."""
    cls, spec = find_learner(name), NETWORKS[network]
    before = train(cls(**NEVER.get(name, {})), [0], 1, spec).state.params
    after = train(cls(**AT_ONCE[name]), [0], 1, spec).state.params
    matrices = {layer.weight for layer in layers_of(pb.build_network(spec)).layers}
    differ = changed(before, after) & matrices
    incoming, outgoing = WITHIN[network]
    assert all(value.isfinite().all() for value in after.values())
    if name == "self_normalized_resets":
        assert differ <= incoming | outgoing
        return
    assert differ == incoming | outgoing
    for key in outgoing - incoming:
        assert (after[key][0] == 0).any()


@pytest.mark.parametrize("name", of_units())
@pytest.mark.parametrize("network", ["mlp", "cnn", "vit"])  # a resnet18 has no such activation
def test_activations_with_two_features_for_a_unit_are_refused(name, network):
    spec = replace(NETWORKS[network], activation="crelu")
    with pytest.raises(pb.LearnerError, match=r"crelu.*, a CReLU, does not fit in\.$") as caught:
        train(find_learner(name)(), [0], 0, spec)
    assert str(caught.value).count(". ") == 0  # one sentence
