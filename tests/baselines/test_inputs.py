"""The hook that sees inputs, and the baseline that matches them."""

import numpy as np
import pytest
import torch

import plasticity_bench as pb
from plasticity_bench.learners.lookup import find_learner
from plasticity_bench.recording.costs import costs
from plasticity_bench.recording.recorder import Recorder
from tests.support.helpers import SPEC, batch, new_state, replica, same, stacked_batch, train

PIXELS = 16


# ---- the hook -----------------------------------------------------------------------------------


class Sees(pb.Learner):
    """Keeps the inputs of the last batch, with the number of updates and the order of hooks."""

    def memory(self, params):
        return {"inputs": torch.zeros(8, *SPEC.input_shape), "order": torch.zeros(3)}

    def _at(self, state, place, value):
        order = state.memory["order"]
        order = torch.where(torch.arange(3) == place, value, order)
        return state._replace(memory={**state.memory, "order": order})

    def observe_inputs(self, inputs, state, noise):
        state = self._at(state, 0, state.step.float())
        return state._replace(memory={**state.memory, "inputs": inputs})

    def observe(self, hidden, state, noise):
        return self._at(state, 1, state.memory["order"][0] + 1)

    def after_update(self, state, noise):
        return self._at(state, 2, state.memory["order"][1] + 1)


@pytest.mark.parametrize("vectorized", [True, False])
def test_the_hook_sees_the_updates_inputs_before_the_other_hooks(vectorized):
    cls = Sees if vectorized else type("SeesLooped", (Sees,), {"vectorized": False, "__module__": __name__})  # fmt: skip
    population = train(cls(), [0, 5], 4)
    for index, seed in enumerate([0, 5]):
        memory = population.state.memory
        assert torch.equal(memory["inputs"][index], batch(seed, 3)[0])
        assert memory["order"][index].tolist() == [4, 5, 6]


def test_an_update_without_the_hook_is_not_paid_for():
    """The same graph as before there was the hook; with it, parameters are the same."""
    same_params = train(pb.Learner(), [0], 5).state.params
    for name, value in train(Sees(), [0], 5).state.params.items():
        assert torch.equal(value, same_params[name])

    def cost(learner):
        recorder = Recorder([learner], SPEC)
        return costs(recorder.record, recorder.update((8, 4, 4), (8,)), SPEC)

    assert cost(pb.Learner()).memory == 0
    assert cost(Sees()).memory > 0


def test_what_the_hook_returns_is_checked():
    class Forgets(pb.Learner):
        def observe_inputs(self, inputs, state, noise):
            return state.memory

    with pytest.raises(pb.LearnerError, match="hook observe_inputs: must return a State"):
        train(Forgets(), [0], 1)


def test_the_hook_may_not_change_the_inputs():
    class Centres(pb.Learner):
        def observe_inputs(self, inputs, state, noise):
            inputs -= inputs.mean(0)
            return state

    with pytest.raises(pb.LearnerError, match="changes its argument|its hooks return others"):
        pb.check_learner(Centres)


@pytest.mark.slow
def test_networks_that_are_no_chain_have_inputs_too():
    class Counts(pb.Learner):
        def memory(self, params):
            return {"seen": torch.zeros(())}

        def observe_inputs(self, inputs, state, noise):
            return state._replace(memory={"seen": state.memory["seen"] + len(inputs)})

    spec = pb.NetworkSpec(name="resnet18", width=4, input_shape=(8, 8), num_outputs=5)
    assert train(Counts(), [0], 2, spec).state.memory["seen"].tolist() == [16]


# ---- input matching ------------------------------------------------------------------------------


def shifted_batch(seed, step, order=None):
    """Inputs whose means differ from pixel to pixel, read in an order."""
    inputs, targets = batch(seed, step, 64)
    inputs = 0.01 * inputs.flatten(1) + torch.arange(PIXELS) / 4
    inputs = inputs if order is None else inputs[:, order]
    return inputs.reshape(-1, *SPEC.input_shape), targets


def matcher(**settings):
    return find_learner("input_matching")(warmup=10, rate=0.5, **settings)


def trained(order, updates, learner=None):
    """A population after the warm-up, and then updates with inputs in another order."""
    population = train(learner or matcher(), [0], 0)
    for step in range(10):
        population.update(*(x[None] for x in shifted_batch(0, step)))
    for step in range(10, 10 + updates):
        population.update(*(x[None] for x in shifted_batch(0, step, order)))
    return population


def test_the_warm_up_is_adam():
    population, adam = trained(None, 0), trained(None, 0, pb.Learner())
    for name, value in adam.state.params.items():
        assert torch.equal(population.state.params[name], value)
    assert same(
        [population.predict(shifted_batch(0, 50)[0][None])],
        [adam.predict(shifted_batch(0, 50)[0][None])],
    )


def test_after_the_warm_up_nothing_of_the_network_and_the_optimiser_moves():
    before = trained(None, 0).state
    after = trained(torch.randperm(PIXELS), 30).state
    assert after.step.tolist() == [40]
    for name, value in before.params.items():
        assert torch.equal(after.params[name], value)
        for moment in before.moments:
            assert torch.equal(after.moments[moment][name], before.moments[moment][name])
    assert torch.equal(after.memory["warmup"], before.memory["warmup"])


@pytest.mark.parametrize("seed", range(3))
def test_permuted_inputs_are_predicted_as_they_were(seed):
    order = torch.from_numpy(np.random.default_rng(seed).permutation(PIXELS))
    before, after = trained(None, 0), trained(order, 30)
    plain, permuted = shifted_batch(9, 9)[0], shifted_batch(9, 9, order)[0]
    torch.testing.assert_close(after.predict(permuted[None]), before.predict(plain[None]))
    wrong = after.predict(plain[None])
    assert not torch.allclose(wrong, before.predict(plain[None]), atol=0.01)


def test_inputs_that_do_not_change_are_read_as_they_are():
    """Also where averages err: here two pixels have nearly the same mean."""
    learner, state = new_state("input_matching", warmup=1)
    means = torch.arange(PIXELS) / 4.0
    present = means.clone()
    present[[3, 4]] = means[[4, 3]]
    memory = {"warmup": means, "present": present}
    state = state._replace(memory=memory, step=torch.tensor(50))
    assert torch.equal(
        learner.predict_params(state)["linear0.weight"], state.params["linear0.weight"]
    )
    flipped = state._replace(memory={"warmup": means, "present": means.flip(0)})
    assert torch.equal(
        learner.predict_params(flipped)["linear0.weight"],
        state.params["linear0.weight"].flip(1),
    )


def test_averages_are_those_of_numpy():
    order = np.random.default_rng(0).permutation(PIXELS)
    memory = trained(torch.from_numpy(order), 5).state.memory
    means = [shifted_batch(0, step)[0].flatten(1).double().numpy().mean(0) for step in range(10)]
    assert memory["warmup"][0].numpy() == pytest.approx(np.mean(means, 0), abs=1e-5)
    means += [
        shifted_batch(0, step, order)[0].flatten(1).double().numpy().mean(0)
        for step in range(10, 15)
    ]
    present = np.zeros(PIXELS)
    for mean in means:
        present = 0.5 * present + 0.5 * mean
    assert memory["present"][0].numpy() == pytest.approx(present, abs=1e-5)


def test_replica_by_replica_it_is_the_same():
    cls = type(matcher())
    looped = type("Looped", (cls,), {"vectorized": False, "__module__": __name__})
    mapped, other = train(matcher(), [0, 1], 15), train(looped(warmup=10, rate=0.5), [0, 1], 15)
    for index in range(2):
        for a, b in zip(replica(mapped, index), replica(other, index), strict=True):
            torch.testing.assert_close(a, b, rtol=0, atol=1e-4)
    inputs, _ = stacked_batch([0, 1], 99)
    torch.testing.assert_close(mapped.predict(inputs), other.predict(inputs), rtol=0, atol=1e-4)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"name": "cnn", "channels": (3,), "kernel_size": 3, "hidden": (6,)}, "begins with conv0.weight"),
        ({"name": "resnet18", "width": 4}, "begins with"),
        ({"name": "vit", "patch_size": 4, "dim": 8, "depth": 1, "heads": 2}, "of this one|begins with"),
    ],
)  # fmt: skip
def test_networks_without_a_first_linear_layer_are_refused(changes, problem):
    spec = pb.NetworkSpec(**changes, input_shape=(8, 8), num_outputs=5)
    with pytest.raises(pb.LearnerError, match=f"the family mlp does; .*{problem}"):
        train(matcher(), [0], 1, spec)
