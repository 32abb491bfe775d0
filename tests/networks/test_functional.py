"""Frozen parameters: no update changes them, and no gradient or curvature is theirs."""

import pytest
import torch

import plasticity_bench as pb
from plasticity_bench.measurements.fisher_rank import fisher_srank
from plasticity_bench.measurements.layer_gram import direct_gram, gram, loss_gradient
from plasticity_bench.networks.functional import apply_network, frozen_parameters
from tests.support.helpers import SPEC, stacked_batch, train


class Features(pb.Learner):
    """Random features: only the head is trained, though the learner changes all parameters."""

    weight_decay = 0.1

    def build(self, spec):
        network = pb.build_network(spec)
        for name, value in network.named_parameters():
            value.requires_grad_(name.startswith("head"))
        return network

    def after_update(self, state, noise):
        return state._replace(params={k: v * 0.9 for k, v in state.params.items()})


class Looped(Features):
    vectorized = False


@pytest.mark.parametrize("learner", [Features(), Looped()], ids=["recorded", "replica by replica"])
def test_no_update_changes_them(learner):
    population = train(learner, [0, 1], 3)
    before, after = population.state.initial, population.state.params
    assert frozen_parameters(population.module) == {k for k in before if not k.startswith("head")}
    for name, value in after.items():
        assert torch.equal(value, before[name]) == (not name.startswith("head"))
    other = train(learner, [1, 0], 3).state.initial
    assert torch.equal(other["linear0.weight"][1], before["linear0.weight"][0])
    assert not torch.equal(before["linear0.weight"][0], before["linear0.weight"][1])


def test_their_gradients_are_zero_and_the_others_unchanged():
    network = Features().build(SPEC)
    params = {name: value.detach() for name, value in network.named_parameters()}
    inputs = stacked_batch([0], 0)[0][0]
    loss = lambda p: apply_network(network, p, inputs).square().sum()  # noqa: E731
    gradients = torch.func.grad(loss)(params)
    trained = pb.build_network(SPEC)
    expected = torch.func.grad(lambda p: apply_network(trained, p, inputs).square().sum())(params)
    for name, value in gradients.items():
        zero = torch.zeros_like(value)
        assert torch.equal(value, expected[name] if "head" in name else zero)


def test_curvature_is_that_of_the_head_alone():
    population = train(Features(), [0, 1], 2)
    inputs, targets = stacked_batch([0, 1], 5, size=12)
    module, params = population.module, population.state.params
    ours = gram(module, params, inputs, targets, loss_gradient)
    for i in (0, 1):
        own = {name: value[i] for name, value in params.items()}
        head = [name for name in own if name.startswith("head")]
        expected = direct_gram(module, own, inputs[i], targets[i], loss_gradient, head)
        torch.testing.assert_close(ours[i], expected)
    assert (fisher_srank(module, params, inputs, targets) >= 1).all()
