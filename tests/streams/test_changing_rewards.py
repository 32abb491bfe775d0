"""A Markov reward process: true values in closed form, and TD(0) written out in plain PyTorch."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.func import functional_call

import plasticity_bench as pb
from plasticity_bench.learners.lookup import find_learner
from plasticity_bench.streams.task import Bootstrap, Task

SMALL = {"num_states": 6, "num_features": 4, "num_examples": 3000, "branching": 2}


def make(**parameters):
    return pb.make_stream("plasticity/ChangingRewards-v0", **{**SMALL, **parameters})


def numbered(stream, seed, *parts):
    """States by their features, as rows of the first part's distinct ones."""
    states = np.unique(stream.task(seed, 0).inputs, axis=0)
    return [(part[:, None] == states).all(-1).argmax(1) for part in parts]


def test_values_solve_bellmans_equation():
    """(I - discount P) v = r, with the stream's own probabilities; and by counting transitions."""
    stream = make(discount=0.9, num_examples=200_000)
    task = stream.task(7, 3)
    state, following = numbered(stream, 7, task.inputs, task.bootstrap.next_inputs)
    counts = np.zeros((6, 6))
    np.add.at(counts, (state, following), 1)
    assert ((counts > 0).sum(1) == 2).all()
    probabilities = counts / counts.sum(1, keepdims=True)
    rewards, values = np.zeros(6), np.zeros(6)
    rewards[state], values[state] = task.bootstrap.rewards[:, 0], task.targets[:, 0]
    # Each state has one reward and one value.
    assert (rewards[state] == task.bootstrap.rewards[:, 0]).all()
    assert (values[state] == task.targets[:, 0]).all()
    solved = np.linalg.solve(np.eye(6) - 0.9 * probabilities, rewards)
    np.testing.assert_allclose(values, solved, atol=0.05)  # of 33,000 transitions a state

    _, successors, exact = stream._process(7)
    transition = np.zeros((6, 6))
    np.put_along_axis(transition, successors, exact, axis=1)
    reward = np.arange(6.0)
    expected = np.linalg.solve(np.eye(6) - 0.9 * transition, reward)
    np.testing.assert_allclose(stream.values(7, reward), expected, rtol=0, atol=1e-10)


@pytest.mark.slow
def test_only_rewards_change():
    stream = make()
    first, second = stream.task(7, 0), stream.task(7, 1)
    assert np.array_equal(np.unique(first.inputs, axis=0), np.unique(second.inputs, axis=0))
    assert set(first.bootstrap.rewards.ravel()).isdisjoint(second.bootstrap.rewards.ravel())
    rewards = np.concatenate([make(num_states=5000).task(s, 0).bootstrap.rewards for s in (0, 1)])
    assert abs(rewards.mean()) < 0.05
    assert rewards.std() == pytest.approx(1, abs=0.03)


@pytest.mark.parametrize("learner", [pb.Learner(optimizer="sgd", step_size=0.05)])
def test_the_evaluator_does_td_zero(learner):
    """Beside a plain loop over batches: targets are rewards and what the network itself predicts."""
    stream = make(num_tasks=2, updates_per_task=30, batch_size=8, num_examples=50, discount=0.7)
    spec = pb.NetworkSpec(hidden=(8,), input_shape=(4,), num_outputs=1)
    population = pb.Population([pb.Replica(seed, learner) for seed in (3, 4)], spec)
    initial = {k: v[1].clone() for k, v in population.state.params.items()}
    result = pb.evaluate(stream, population, pb.Protocol(curvature_examples=10))

    module = population.module
    params = {name: value.requires_grad_() for name, value in initial.items()}
    errors = []
    for index in range(2):
        task = stream.task(4, index)
        for rows in stream.batches(4, index):
            inputs, following, reward, values = (
                torch.from_numpy(array[rows])
                for array in (
                    task.inputs,
                    task.bootstrap.next_inputs,
                    task.bootstrap.rewards,
                    task.targets,
                )
            )
            predicted = functional_call(module, params, (inputs,))
            with torch.no_grad():
                target = reward + 0.7 * functional_call(module, params, (following,))
            errors.append((predicted.detach() - values).square().mean().item())
            loss = (predicted - target).square().mean()
            gradients = torch.autograd.grad(loss, list(params.values()))
            params = {
                name: (value - 0.05 * gradient).detach().requires_grad_()
                for (name, value), gradient in zip(params.items(), gradients, strict=True)
            }
    for name, value in params.items():
        torch.testing.assert_close(
            population.state.params[name][1], value.detach(), rtol=1e-4, atol=1e-6
        )
    online = [m.values[1] for m in result.measurements if m.name == "online_r_squared"]
    variances = [stream.task(4, i).targets.astype(float).var() for i in (0, 1)]
    expected = [1 - np.mean(errors[30 * i : 30 * i + 30]) / variances[i] for i in (0, 1)]
    np.testing.assert_allclose(online, expected, rtol=1e-4)


@pytest.mark.parametrize(
    ("parameters", "sentence"),
    [
        ({"discount": 1}, r"discount must be in \[0, 1\), not 1"),
        ({"discount": True}, "discount must be a number, not True"),
        ({"branching": 7}, "branching is 7, but there are only 6 states"),
        ({"transition": 5}, "transition must be 0"),
    ],
)
def test_impossible_processes_are_refused(parameters, sentence):
    with pytest.raises(pb.BadInputError, match=sentence):
        make(**parameters)


GOOD = Bootstrap(np.ones((4, 1), np.float32), np.ones((4, 3), np.float32), 0.5)
BAD = {
    "must have rewards": Bootstrap(np.ones(4, np.float32), GOOD.next_inputs, 0.5),
    "must have finite rewards": Bootstrap(GOOD.rewards * np.nan, GOOD.next_inputs, 0.5),
    "must have 4 next_inputs, not 3": Bootstrap(GOOD.rewards, GOOD.next_inputs[:3], 0.5),
    r"must have a discount in \[0, 1\)": Bootstrap(GOOD.rewards, GOOD.next_inputs, 1.0),
    "has next_inputs, which must have inputs of shape": Bootstrap(
        GOOD.rewards, np.ones((4, 2), np.float32), 0.5
    ),
}


@pytest.mark.parametrize(("sentence", "bootstrap"), BAD.items(), ids=BAD.keys())
def test_wrong_transitions_are_named(sentence, bootstrap):
    from plasticity_bench.streams.validation import checked_task

    class Own(pb.Stream):
        regression = True
        input_shape = (3,)
        num_outputs = 1

        def size(self, index):
            return 4

        def task(self, seed, index):
            values = np.arange(4, dtype=np.float32)[:, None]
            return Task(None, values, inputs=np.ones((4, 3), np.float32), bootstrap=bootstrap)

    with pytest.raises(pb.StreamError, match=rf"Own: task\(0, 0\) {sentence}"):
        checked_task(Own(), 0, 0)


def test_each_seed_has_the_discount_of_its_own_task():
    """Together with another seed, a replica learns what it learns alone, to the last bit."""

    class Own(type(make())):
        def task(self, seed, index):
            task = super().task(seed, index)
            return replace(task, bootstrap=replace(task.bootstrap, discount=[0.1, 0.9][seed]))

    stream = Own(**SMALL | {"num_tasks": 1, "updates_per_task": 9, "num_examples": 50})
    spec = pb.NetworkSpec(hidden=(8,), input_shape=(4,), num_outputs=1)

    def trained(*seeds):
        population = pb.Population([pb.Replica(s, find_learner("adam")()) for s in seeds], spec)
        pb.evaluate(stream, population, pb.Protocol(curvature_examples=10))
        return population.state.params

    together, alone = trained(0, 1), trained(1)
    for name, value in alone.items():
        assert torch.equal(together[name][1], value[0]), name
