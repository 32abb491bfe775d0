"""Restored factors: closed forms, and slow loops in numpy."""

import numpy as np
import pytest
import torch
from torch import nn

import plasticity_bench as pb
from plasticity_bench.networks import initial_parameters
from plasticity_bench.networks.functional import apply_network
from plasticity_bench.probing import unit_factors
from plasticity_bench.probing.factors import FACTORS
from plasticity_bench.probing.unit_factors import dormant_units, feature_rank, random_units
from plasticity_bench.probing.weight_factors import head, norms, weight_rank
from plasticity_bench.probing.worn import NotApplicableError, Worn

SHAPE, EXAMPLES, REPLICAS = (5, 5), 60, 2
SEEDS = (7, 5)
SPEC = pb.NetworkSpec(hidden=(12, 10), input_shape=SHAPE, num_outputs=4)
OTHERS = {
    "cnn": {"channels": (4, 6), "hidden": (8,)},
    "resnet18": {"width": 4},
    "vit": {"patch_size": 4, "dim": 8, "depth": 2, "heads": 2},
}


def drawn(module_of, seeds):
    each = [initial_parameters(module_of, seed) for seed in seeds]
    return {name: torch.stack([one[name] for one in each]) for name in each[0]}


def worn_of(spec=SPEC, change=lambda params: params):
    def module_of():
        return pb.build_network(spec)

    generator = torch.Generator().manual_seed(0)
    inputs = torch.randn(REPLICAS, EXAMPLES, *spec.input_shape, generator=generator)
    params = change(drawn(module_of, range(REPLICAS)))
    fresh = drawn(module_of, range(100, 100 + REPLICAS))
    return Worn(module_of(), params, fresh, inputs, SEEDS, inputs[0, :2])


def one(params, replica):
    return {name: value[replica].double().numpy() for name, value in params.items()}


def hidden_by_hand(params, inputs):
    """The outputs of both hidden layers of the small mlp of ReLUs, in numpy."""
    x = inputs.double().numpy().reshape(len(inputs), -1)
    outputs = []
    for layer in ("linear0", "linear1"):
        x = np.maximum(x @ params[f"{layer}.weight"].T + params[f"{layer}.bias"], 0)
        outputs.append(x)
    return outputs


def changed(before, after):
    return {name for name in before if not torch.equal(before[name], after[name])}


def kill(params):
    """Units 1 and 3 of the first layer, and 0 of the second, are zero for every input."""
    params = {name: value.clone() for name, value in params.items()}
    params["linear0.weight"][:, [1, 3]] *= 0.1
    params["linear0.bias"][:, [1, 3]] = -50
    params["linear1.bias"][:, 0] = -50
    return params


def grown(params):
    return {name: value * 3 if "weight" in name else value - 0.2 for name, value in params.items()}


def narrow(params):
    """The second hidden weight has rank 3, and units of the first layer are copies of others."""
    params = {name: value.clone() for name, value in params.items()}
    u, s, v = torch.linalg.svd(params["linear1.weight"], full_matrices=False)
    params["linear1.weight"] = (u[:, :, :3] * s[:, None, :3]) @ v[:, :3]
    for name in ("linear0.weight", "linear0.bias"):
        params[name][:, 6:] = 2 * params[name][:, :6]  # of ReLUs: twice the outputs
    return params


# ---- the head -----------------------------------------------------------------------------------


def test_the_head_is_the_fresh_one_and_all_else_is_kept():
    worn = worn_of(change=grown)
    restored = head(worn)
    assert changed(worn.params, restored) == {"head.weight", "head.bias"}
    for name in ("head.weight", "head.bias"):
        assert torch.equal(restored[name], worn.fresh[name])


def test_a_head_that_is_not_known_has_a_reason():
    module = nn.Sequential(nn.Linear(3, 4), nn.Tanh())
    params = {name: value.detach()[None] for name, value in module.named_parameters()}
    worn = Worn(module, params, params, torch.randn(1, 8, 3), (0,), torch.randn(2, 3))
    with pytest.raises(NotApplicableError, match="its outputs are made by tanh"):
        head(worn)


# ---- norms --------------------------------------------------------------------------------------


def test_norms_are_those_of_the_fresh_draw_and_directions_are_kept():
    worn = worn_of(change=grown)
    restored = norms(worn)
    for replica in range(REPLICAS):
        before, after, fresh = (one(p, replica) for p in (worn.params, restored, worn.fresh))
        for layer in ("linear0", "linear1", "head"):
            weight, bias = f"{layer}.weight", f"{layer}.bias"
            factor = np.sqrt((fresh[weight] ** 2).sum() / (before[weight] ** 2).sum())
            np.testing.assert_allclose(after[weight], factor * before[weight], rtol=1e-6)
            np.testing.assert_allclose(after[bias], factor * before[bias], rtol=1e-6)
            np.testing.assert_allclose(
                np.linalg.norm(after[weight]), np.linalg.norm(fresh[weight]), rtol=1e-6
            )


def test_a_weight_of_zeros_has_no_direction_and_stays():
    worn = worn_of(change=lambda params: {**params, "head.weight": 0 * params["head.weight"]})
    assert torch.equal(norms(worn)["head.weight"], worn.params["head.weight"])
    assert torch.equal(weight_rank(worn)["head.weight"], worn.params["head.weight"])


def test_queries_keys_and_values_are_scaled_apart():
    spec = pb.NetworkSpec(name="vit", **OTHERS["vit"], input_shape=(1, 8, 8), num_outputs=4)
    name = next(key for key in worn_of(spec).params if "queries_keys_values.weight" in key)

    def uneven(params):
        scales = torch.tensor([1.0, 5.0, 9.0]).repeat_interleave(8)[:, None]
        return {**params, name: params[name] * scales}

    worn = worn_of(spec, uneven)
    ours, fresh = norms(worn)[name], worn.fresh[name]
    for part in range(3):
        rows = slice(8 * part, 8 * part + 8)
        torch.testing.assert_close(ours[:, rows].norm(dim=(1, 2)), fresh[:, rows].norm(dim=(1, 2)))


# ---- the rank of weights ------------------------------------------------------------------------


def srank_by_hand(sigma):
    sigma = np.sort(sigma)[::-1]
    for count in range(len(sigma) + 1):
        if sigma[:count].sum() >= 0.99 * sigma.sum():
            return count
    return len(sigma)


def test_singular_values_are_those_in_use_and_those_of_a_fresh_complement():
    worn = worn_of(change=narrow)
    restored = weight_rank(worn)
    for replica in range(REPLICAS):
        before, after, fresh = (
            one(p, replica)["linear1.weight"] for p in (worn.params, restored, worn.fresh)
        )
        u, sigma, vt = np.linalg.svd(before)
        used = srank_by_hand(sigma)
        assert used == 3 < srank_by_hand(np.linalg.svd(fresh)[1])
        # In the complements of the directions in use, by bases of them.
        inner = u[:, used:].T @ fresh @ vt[used:].T
        inner *= np.sqrt((before**2).sum() / (fresh**2).sum())
        expected = np.concatenate([sigma[:used], np.linalg.svd(inner)[1]])
        ours = np.linalg.svd(after)[1]
        np.testing.assert_allclose(ours, np.sort(expected)[::-1], atol=1e-5)
        np.testing.assert_allclose(after @ vt[:used].T, u[:, :used] * sigma[:used], atol=1e-5)
        assert srank_by_hand(ours) > used


def test_a_matrix_that_has_lost_no_rank_stays_to_the_bit():
    worn = worn_of()
    poorer = Worn(
        worn.module, worn.params, narrow(worn.fresh), worn.inputs, SEEDS, worn.example_inputs
    )
    assert changed(poorer.params, weight_rank(poorer)) == set()
    assert changed(poorer.params, feature_rank(poorer)) == set()
    nan = worn_of(change=lambda params: {k: v * float("nan") for k, v in params.items()})
    assert all(value.isnan().all() for value in weight_rank(nan).values())


# ---- units --------------------------------------------------------------------------------------


def replaced_by_hand(before, fresh, chosen):
    """What is kept, what is new and what is zero, entry by entry."""
    after = {name: value.copy() for name, value in before.items()}
    following = {"linear0": "linear1", "linear1": "head"}
    for layer, units in chosen.items():
        for unit in units:
            after[f"{layer}.weight"][unit] = fresh[f"{layer}.weight"][unit]
            after[f"{layer}.bias"][unit] = fresh[f"{layer}.bias"][unit]
    for layer, units in chosen.items():
        for unit in units:
            after[f"{following[layer]}.weight"][:, unit] = 0
    return after


def test_dormant_units_are_fresh_and_alive_and_nothing_reads_them():
    worn = worn_of(change=kill)
    restored = dormant_units(worn)
    for replica in range(REPLICAS):
        before, after, fresh = (one(p, replica) for p in (worn.params, restored, worn.fresh))
        hidden = hidden_by_hand(before, worn.inputs[replica])
        chosen = {}
        for layer, outputs in zip(("linear0", "linear1"), hidden, strict=True):
            size = np.abs(outputs).mean(0)
            chosen[layer] = [unit for unit in range(len(size)) if size[unit] <= 0.1 * size.mean()]
        assert {1, 3} <= set(chosen["linear0"]) and 0 in chosen["linear1"]
        expected = replaced_by_hand(before, fresh, chosen)
        for name, value in expected.items():
            np.testing.assert_array_equal(after[name], value, err_msg=name)
        alive = hidden_by_hand(after, worn.inputs[replica])
        assert (np.abs(alive[0][:, [1, 3]]).max(0) > 0).all()


def test_replacing_dead_units_does_not_change_what_the_network_computes(monkeypatch):
    monkeypatch.setattr(unit_factors, "DORMANT", 0.0)
    worn = worn_of(change=kill)
    restored = dormant_units(worn)
    assert changed(worn.params, restored)
    for replica in range(REPLICAS):
        before, after = (
            apply_network(worn.module, {k: v[replica] for k, v in p.items()}, worn.inputs[replica])
            for p in (worn.params, restored)
        )
        torch.testing.assert_close(before, after)


def new_units(worn, restored, replica):
    """By hidden layer, the units whose bias is the fresh one."""
    after, fresh = one(restored, replica), one(worn.fresh, replica)
    return {
        layer: set(np.flatnonzero(after[f"{layer}.bias"] == fresh[f"{layer}.bias"]).tolist())
        for layer in ("linear0", "linear1")
    }


def test_as_many_units_at_random_depend_on_the_seed_alone():
    worn = worn_of(change=kill)
    restored, dormant = random_units(worn), dormant_units(worn)
    chosen = [new_units(worn, restored, replica) for replica in range(REPLICAS)]
    for replica in range(REPLICAS):
        others = new_units(worn, dormant, replica)
        assert {k: len(v) for k, v in chosen[replica].items()} == {
            k: len(v) for k, v in others.items()
        }
        before, fresh = one(worn.params, replica), one(worn.fresh, replica)
        for name, value in replaced_by_hand(before, fresh, chosen[replica]).items():
            np.testing.assert_array_equal(one(restored, replica)[name], value, err_msg=name)
    assert chosen != [new_units(worn, dormant, replica) for replica in range(REPLICAS)]
    alike = Worn(
        worn.module,
        *({k: v[[0, 0]] for k, v in params.items()} for params in (worn.params, worn.fresh)),
        worn.inputs[[0, 0]],
        SEEDS,
        worn.example_inputs,
    )
    of_seeds = [new_units(alike, random_units(alike), replica) for replica in range(REPLICAS)]
    assert of_seeds[0] == chosen[0] != of_seeds[1]
    second = Worn(
        worn.module,
        *(
            {name: value[1:] for name, value in params.items()}
            for params in (worn.params, worn.fresh)
        ),
        worn.inputs[1:],
        SEEDS[1:],
        worn.example_inputs,
    )
    assert new_units(second, random_units(second), 0) == chosen[1]


def test_redundant_units_are_replaced_and_taken_over():
    worn = worn_of(change=narrow)
    restored = feature_rank(worn)
    for replica in range(REPLICAS):
        before, after, fresh = (one(p, replica) for p in (worn.params, restored, worn.fresh))
        inputs = worn.inputs[replica]
        first = hidden_by_hand(before, inputs)[0]
        used = srank_by_hand(np.linalg.svd(first)[1])
        assert used <= 6  # the other six are copies
        new = [
            u for u in range(12) if (after["linear0.weight"][u] == fresh["linear0.weight"][u]).all()
        ]
        kept = [u for u in range(12) if u not in new]
        assert len(kept) == used
        assert len({unit % 6 for unit in kept}) == used  # never a unit and its copy
        # Nothing is lost: the kept columns carry what all of them did.
        rows = [u for u in range(10) if after["linear1.bias"][u] != fresh["linear1.bias"][u]]
        features = hidden_by_hand(after, inputs)[0]
        ours = features @ after["linear1.weight"][rows].T
        theirs = first @ before["linear1.weight"][rows].T
        assert np.linalg.norm(ours - theirs) < 0.1 * np.linalg.norm(theirs)
        assert np.linalg.matrix_rank(features) > used
        assert (after["linear1.weight"][:, new] == 0).all()


def test_a_layer_whose_units_are_all_dead_is_all_fresh():
    def dead(params):
        return {**params, "linear0.bias": params["linear0.bias"] - 100}

    worn = worn_of(change=dead)
    for restored in (dormant_units(worn), feature_rank(worn)):
        assert torch.equal(restored["linear0.weight"], worn.fresh["linear0.weight"])
        assert torch.equal(restored["linear0.bias"], worn.fresh["linear0.bias"])
        assert not restored["linear1.weight"].any()


# ---- other networks -----------------------------------------------------------------------------


def one_direction(params):
    """Every weight is a column times its first row; every second row is small; no biases."""
    worn = {}
    for name, value in params.items():
        worn[name] = torch.zeros_like(value) if name.endswith("bias") else value
        if value.ndim > 2:
            column = torch.where(torch.arange(value.shape[1]) % 2 == 0, 1.0, 0.001)
            worn[name] = value[:, :1] * column.reshape(-1, *[1] * (value.ndim - 2))
    return worn


@pytest.mark.parametrize("name", OTHERS)
@pytest.mark.parametrize("factor", FACTORS)
def test_other_networks_keep_their_shapes_and_compute(name, factor):
    spec = pb.NetworkSpec(name=name, **OTHERS[name], input_shape=(1, 8, 8), num_outputs=4)
    worn = worn_of(spec, one_direction)
    restored = FACTORS[factor](worn)
    assert {k: v.shape for k, v in restored.items()} == {k: v.shape for k, v in worn.params.items()}
    outputs = apply_network(worn.module, {k: v[0] for k, v in restored.items()}, worn.inputs[0])
    assert outputs.isfinite().all()
    assert changed(worn.params, restored)


def test_units_whose_weights_are_not_known_have_a_reason():
    spec = pb.NetworkSpec(hidden=(6,), activation="crelu", input_shape=SHAPE, num_outputs=4)
    linear = pb.NetworkSpec(hidden=(), input_shape=SHAPE, num_outputs=4)
    for factor in (dormant_units, random_units, feature_rank):
        for each in (spec, linear):
            with pytest.raises(NotApplicableError, match="no hidden units whose incoming"):
                factor(worn_of(each))


def test_a_network_without_layers_has_a_reason():
    class Scale(nn.Module):
        def __init__(self):
            super().__init__()
            self.scale = nn.Parameter(torch.ones(3))

        def forward(self, x):
            return x * self.scale

    module = Scale()
    params = {"scale": torch.ones(1, 3)}
    worn = Worn(module, params, params, torch.randn(1, 8, 3), (0,), torch.randn(2, 3))
    for factor in (norms, weight_rank):
        with pytest.raises(NotApplicableError, match="no linear layer and no convolution"):
            factor(worn)
