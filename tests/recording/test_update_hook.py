"""The hook `update`, its batch, and a memory of examples."""

import pytest
import torch
from torch.func import functional_call, hessian
from torch.nn import functional

import plasticity_bench as pb
from plasticity_bench.recording.costs import costs
from plasticity_bench.recording.recorder import Recorder
from tests.support.helpers import SPEC, batch, replica, same, train

CNN = pb.NetworkSpec(name="cnn", channels=(3,), hidden=(8,), input_shape=(6, 6), num_outputs=5)


class Default(pb.Learner):
    def update(self, batch, state, noise):
        return self.apply_gradients(batch.gradients(state.params), state, noise)


class Decayed(pb.Learner):
    def penalty(self, params, state):
        return 0.1 * sum(value.square().sum() for value in params.values())


class Seen(pb.Learner):
    """Keeps what a function of the batch returned in its memory."""

    def memory(self, params):
        return {"seen": self._seen_at_first(params)}

    def update(self, batch, state, noise):
        memory = {**state.memory, "seen": self._seen(batch, state)}
        return super().update(batch, state._replace(memory=memory), noise)


def cost(learner, spec=SPEC):
    recorder = Recorder([learner], spec)
    return costs(recorder.record, recorder.update((8, *spec.input_shape), (8,)), spec)


@pytest.mark.parametrize("spec", [SPEC, CNN], ids=["mlp", "cnn"])
def test_calling_what_the_default_calls_is_the_same_to_the_bit(spec):
    plain, other = train(pb.Learner(), [0, 1], 10, spec), train(Default(), [0, 1], 10, spec)
    assert same(replica(plain, 1), replica(other, 1))
    assert cost(Default(), spec) == cost(pb.Learner(), spec)


def test_penalties_are_of_the_objective_only():
    class Apart(Seen, Decayed):
        def _seen_at_first(self, params):
            return torch.zeros(3)

        def _seen(self, batch, state):
            gradients = (batch.gradients(state.params), batch.gradients(state.params, batch.loss))
            norms = [sum(g.square().sum() for g in one.values()) for one in gradients]
            return torch.stack([batch.objective(state.params) - batch.loss(state.params), *norms])

    population = train(Apart(), [0], 0)
    params = {name: value[0] for name, value in population.state.params.items()}
    inputs, targets = batch(0, 0)
    population.update(inputs[None], targets[None])

    def loss(params, strength=0.0):
        penalty = sum(value.square().sum() for value in params.values())
        logits = functional_call(population.module, params, (inputs,))
        return functional.cross_entropy(logits, targets) + strength * penalty

    both, alone = torch.func.grad(loss)(params, 0.1), torch.func.grad(loss)(params)
    expected = [0.1 * sum(v.square().sum() for v in params.values())]
    expected += [sum(g.square().sum() for g in one.values()) for one in (both, alone)]
    torch.testing.assert_close(population.state.memory["seen"][0], torch.stack(expected))


@pytest.mark.parametrize("spec", [SPEC, CNN], ids=["mlp", "cnn"])
def test_a_product_with_the_hessian_is_that_of_the_dense_one(spec):
    class Product(Seen):
        def _seen_at_first(self, params):
            return torch.zeros_like(params["head.weight"])

        def _seen(self, batch, state):
            vector = {k: torch.zeros_like(v) for k, v in state.params.items()}
            vector["head.weight"] = state.params["head.weight"] + 1
            return batch.hessian_product(state.params, vector)["head.weight"]

    population = train(Product(), [3], 0, spec)
    params = {name: value[0] for name, value in population.state.params.items()}
    inputs, targets = batch(3, 0, spec=spec)
    population.update(inputs[None], targets[None])

    def loss(head):
        changed = {**params, "head.weight": head}
        return functional.cross_entropy(
            functional_call(population.module, changed, (inputs,)), targets
        )

    head = params["head.weight"]
    dense = hessian(loss)(head).reshape(head.numel(), head.numel())
    expected = (dense @ (head + 1).flatten()).reshape(head.shape)
    torch.testing.assert_close(population.state.memory["seen"][0], expected, atol=1e-6, rtol=1e-5)


def test_hidden_layers_are_what_observe_is_shown_and_computed_once():
    class Looks(pb.Learner):
        def memory(self, params):
            return {"shown": torch.zeros(8, 16), "asked": torch.zeros(8, 16)}

        def update(self, batch, state, noise):
            asked = batch.hidden(state.params)["linear0"].outputs
            memory = {**state.memory, "asked": asked}
            return super().update(batch, state._replace(memory=memory), noise)

        def observe(self, hidden, state, noise):
            memory = {**state.memory, "shown": hidden["linear0"].outputs}
            return state._replace(memory=memory)

    class Shown(pb.Learner):
        def observe(self, hidden, state, noise):
            return state

    memory = train(Looks(), [0, 1], 3).state.memory
    assert torch.equal(memory["asked"], memory["shown"])
    assert memory["asked"].any()
    assert cost(Looks()).flops == cost(Shown()).flops


class Kept(pb.Learner):
    """The last batch is what it remembers, and trains on."""

    count: int = 8

    def stored_examples(self):
        return self.count

    def update(self, batch, state, noise):
        before = batch.replaced(state.memory["example_inputs"], state.memory["example_targets"])
        stored = {"example_inputs": batch.inputs, "example_targets": batch.encoded_targets}
        state = state._replace(memory={**state.memory, **stored})
        return self.apply_gradients(before.gradients(state.params), state, noise)


def test_a_memory_of_examples_returns_them():
    """A learner that trains on the batch before is one update behind."""
    delayed = train(Kept(optimizer="sgd"), [0, 1], 5)
    state = delayed.state
    inputs, targets = batch(1, 4)
    assert torch.equal(state.memory["example_inputs"][1], inputs)
    assert torch.equal(state.memory["example_targets"][1].argmax(-1), targets)
    assert torch.equal(state.memory["example_targets"][1], functional.one_hot(targets, 5).float())


def test_values_are_kept_as_they_are():
    population = pb.Population([pb.Replica(0, Kept())], SPEC)
    inputs, targets = torch.randn(1, 8, 4, 4), torch.randn(1, 8, 5)
    population.update(inputs, targets)
    assert torch.equal(population.state.memory["example_targets"], targets)


def test_a_memory_of_examples_is_counted():
    numbers = 8 * (16 + 5)
    parameters = sum(value.numel() for value in pb.build_network(SPEC).parameters())
    assert cost(Kept()).memory == pytest.approx(numbers / parameters, abs=1e-4)
    assert cost(Default()).memory == 0


def test_replica_by_replica_it_is_the_same():
    looped = type("Looped", (Kept,), {"vectorized": False, "__module__": __name__})
    mapped, other = train(Kept(), [0, 1], 5), train(looped(), [0, 1], 5)
    for one, another in zip(replica(mapped, 1), replica(other, 1), strict=True):
        torch.testing.assert_close(one, another, atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize("count", [-1, 2.5, None, True])
def test_a_number_of_examples_is_a_whole_number(count):
    class Wrong(pb.Learner):
        def stored_examples(self):
            return count

    with pytest.raises(pb.LearnerError, match="hook stored_examples: must return a whole number"):
        train(Wrong(), [0], 0)


def test_update_must_return_a_state():
    class Wrong(pb.Learner):
        def update(self, batch, state, noise):
            return batch.gradients(state.params)

    with pytest.raises(pb.LearnerError, match="hook update: must return a State"):
        train(Wrong(), [0], 1)


def test_entries_for_examples_are_not_made_twice():
    class Wrong(Kept):
        def memory(self, params):
            return {"example_inputs": torch.zeros(3)}

    with pytest.raises(pb.LearnerError, match="hook memory: .*'example_inputs'.* rename yours"):
        train(Wrong(), [0], 0)


def test_a_task_keeps_the_examples():
    class Forgets(Kept):
        def begin_task(self, state, fresh, noise):
            return self.restart(fresh)

    class Keeps(Kept):
        def begin_task(self, state, fresh, noise):
            return self.restart(fresh)._replace(memory=state.memory)

    with pytest.raises(pb.LearnerError, match="lacks .*example_inputs"):
        train(Forgets(), [0], 1)
    population = train(Keeps(), [0], 1)
    before = population.state.memory["example_inputs"].clone()
    population.begin_task(1)
    assert torch.equal(population.state.memory["example_inputs"], before)
