"""A learner's own fresh copy: each scored task by itself, beside a loop written by hand."""

from dataclasses import replace

import numpy as np
import pytest
import torch

import plasticity_bench as pb
from plasticity_bench.evaluation.evaluator import evaluate
from plasticity_bench.learners.lookup import find_learner
from plasticity_bench.measurements import fisher_srank
from plasticity_bench.networks import initial_parameters
from plasticity_bench.seeding import Branch, integer
from plasticity_bench.streams import make_stream

SPEC = pb.NetworkSpec(hidden=(12,), input_shape=(8, 8), num_outputs=10)
PROTOCOL = pb.Protocol(curvature_every=2, curvature_examples=16)
SIZES = {"num_tasks": 20, "updates_per_task": 12, "num_examples": 40, "batch_size": 8}
SEEDS = (0, 3)


def small_stream(**changes):
    return make_stream("plasticity/RandomLabelDigits-v0", **{**SIZES, **changes})


def population(learner):
    return pb.Population([pb.Replica(seed, learner) for seed in SEEDS], SPEC)


def numbers(evaluation, tasks):
    return {
        (m.task, m.when, m.name): m.values.tolist()
        for m in evaluation.measurements
        if m.task in tasks
    }


def bits(evaluation, tasks=range(20)):
    return [
        (m.task, m.when, m.name, m.values.tobytes())
        for m in evaluation.measurements
        if m.task in tasks
    ]


def by_hand(stream, learner, index):
    """A new population, trained on one task of the stream, batch by batch."""
    run = population(learner)
    drawn = [
        initial_parameters(lambda: learner.build(SPEC), integer(seed, Branch.PARAMETERS, index))
        for seed in SEEDS
    ]
    states = [learner.restart(params) for params in drawn]
    run.state = torch.utils._pytree.tree_map(lambda *leaves: torch.stack(leaves), *states)
    run._clock += index * stream.updates_per_task  # the noise is that of these updates
    tasks = [stream.task(seed, index) for seed in SEEDS]
    before = [stream.task(seed, index - 1) for seed in SEEDS]
    inputs = torch.stack([torch.from_numpy(stream.inputs(t.examples)) for t in tasks])
    targets = torch.stack([torch.from_numpy(t.targets) for t in tasks])
    first = slice(0, PROTOCOL.curvature_examples)
    rank = fisher_srank(run.module, run.predicting, inputs[:, first], targets[:, first])
    online = []
    for update in range(stream.updates(index)):
        batches = []
        for seed, task, earlier in zip(SEEDS, tasks, before):
            rows = stream.batches(seed, index)[update]
            x, y = stream.inputs(task.examples[rows]), task.targets[rows]
            left_over = stream.left_over(seed, index)
            if update < len(left_over):
                old = left_over[update] >= 0
                x[old] = stream.inputs(earlier.examples[left_over[update][old]])
                y[old] = earlier.targets[left_over[update][old]]
            batches.append((torch.from_numpy(x), torch.from_numpy(y)))
        x, y = (torch.stack(part) for part in zip(*batches))
        online.append(run.update(x, y)[1].double())
    right = (run.predict(inputs).argmax(-1) == targets).double().mean(1)
    return rank.tolist(), torch.stack(online).numpy().mean(0).tolist(), right.tolist()


@pytest.mark.parametrize("transition", [0, 5])
@pytest.mark.parametrize("name", ["adam", "shrink_and_perturb", "sgd"])
def test_each_scored_task_is_that_of_a_new_population(name, transition):
    learner = find_learner(name)(step_size=1e-2)
    stream = small_stream(transition=transition)
    found = numbers(evaluate(stream, population(learner), PROTOCOL.own_fresh), range(20))
    assert {task for task, *_ in found} == {18, 19}
    for index in (18, 19):
        rank, online, right = by_hand(stream, learner, index)
        assert found[index, "start", "fisher_srank99_n16"] == rank
        assert found[index, "during", "online_accuracy"] == online
        assert found[index, "end", "accuracy"] == pytest.approx(right, rel=1e-7)


def test_the_reference_is_its_own_fresh_copy():
    """Every number of its scored tasks, to the last bit: nothing need be computed twice."""
    stream, learner = small_stream(transition=3, resets_head=True), find_learner("fresh")()
    told = replace(PROTOCOL, reveal_boundaries=True)
    whole = evaluate(stream, population(learner), told)
    assert bits(evaluate(stream, population(learner), PROTOCOL.own_fresh)) == bits(whole, [18, 19])


def test_a_task_does_not_depend_on_the_tasks_before_it():
    learner = find_learner("shrink_and_perturb")()
    both = evaluate(small_stream(), population(learner), PROTOCOL.own_fresh)

    class Last(type(small_stream())):
        def scored_tasks(self):
            return [19]

    alone = evaluate(Last(**SIZES), population(learner), PROTOCOL.own_fresh)
    assert bits(alone) == bits(both, [19])


def test_a_stream_of_one_task_is_its_own_fresh_copy():
    stream, learner = small_stream(num_tasks=1), find_learner("adam")()
    whole = evaluate(stream, population(learner), PROTOCOL)
    assert bits(evaluate(stream, population(learner), PROTOCOL.own_fresh)) == bits(whole)


def test_unrecorded_learners_restart_too():
    class Slow(pb.Learner):
        vectorized = False

    plain, looped = (
        evaluate(small_stream(), population(cls()), PROTOCOL.own_fresh)
        for cls in (pb.Learner, Slow)
    )
    one, other = numbers(plain, [18, 19]), numbers(looped, [18, 19])
    np.testing.assert_allclose(
        list(one.values()), [other[key] for key in one], rtol=1e-4, equal_nan=True
    )


class Points:
    """A keeper that keeps everything at some points."""

    def __init__(self, points):
        self.points, self.asked, self.kept = points, -1, []

    def due(self, task_ended):
        self.asked += 1
        return self.asked in self.points

    def keep(self, progress):
        self.kept.append(progress)


@pytest.mark.parametrize("name", ["shrink_and_perturb", "continual_backprop"])
def test_it_resumes_to_the_same_bit(name):
    stream, learner = small_stream(transition=3), find_learner(name)()
    keeper, whole = Points({2, 11, 12, 15}), population(learner)
    expected = evaluate(stream, whole, PROTOCOL.own_fresh, keeper=keeper)
    assert [(p.task, p.update) for p in keeper.kept] == [(18, 3), (19, 0), (19, 1), (19, 4)]
    for progress in keeper.kept:
        second = population(learner)
        second.load(progress.population)
        resumed = evaluate(stream, second, PROTOCOL.own_fresh, begun=progress)
        assert bits(resumed) == bits(expected)
        one, other = whole.tensors(), second.tensors()
        assert all(torch.equal(one[key], other[key]) for key in one | other)
