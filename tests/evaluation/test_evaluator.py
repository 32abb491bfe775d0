"""The protocol: order, what is measured when, boundaries, divergence, and the plain gym loop."""

import math
from dataclasses import replace

import gymnasium
import numpy as np
import pytest
import torch

import plasticity_bench as pb
from plasticity_bench.evaluation import stacked_task
from plasticity_bench.evaluation.protocol import Diagnostic
from plasticity_bench.learners.lookup import find_learner
from plasticity_bench.measurements import MEASUREMENTS, fisher_srank

SPEC = pb.NetworkSpec(hidden=(12,), input_shape=(8, 8), num_outputs=10)
PROTOCOL = pb.Protocol(curvature_every=2, curvature_examples=16)


def small_stream(name="RandomLabel", **changes):
    sizes = {"num_tasks": 3, "updates_per_task": 12, "num_examples": 40, "batch_size": 8}
    return pb.make_stream(f"plasticity/{name}Digits-v0", **{**sizes, **changes})


def population(learner, seeds):
    return pb.Population([pb.Replica(seed, learner) for seed in seeds], SPEC)


def values(evaluation, name):
    return {m.task: m.values for m in evaluation.measurements if m.name == name}


KINDS = {
    "RandomLabelDigits": {"num_examples": 40},
    "PermutedLabelDigits": {"num_examples": 40},
    "PermutedClassDigits": {"num_examples": 40},
    "PermutedPixelDigits": {"num_examples": 40},
    "PermutedPixelDigits in transition": {"num_examples": 40, "transition": 7},
    "ClassPairDigits": {"train_per_class": 20, "classes_per_task": 10},
    "HardEasyDigits": {"train_per_class": 20},
    "HardEasyDigits in transition": {"train_per_class": 20, "transition": 12},
    "IncrementalDigits": {"train_per_class": 12, "epochs": 2},
    "WarmStartDigits": {"num_examples": 90, "epochs": 1, "num_tasks": 2},
    "SlowlyChangingRegression": {},
    "SlowlyChangingRegression in transition": {"transition": 5},
    "ChangingRewards": {"num_examples": 40},
    "ChangingText": {"num_examples": 40},
}


@pytest.mark.slow
@pytest.mark.parametrize(("name", "parameters"), KINDS.items(), ids=KINDS.keys())
def test_a_plain_gym_loop_gives_the_same_trajectory(name, parameters):
    """What a stranger would write against the environment, batch by batch, to the last bit."""
    name = f"plasticity/{name.split()[0]}-v0"
    parameters = {"num_tasks": 3, "updates_per_task": 12, "batch_size": 8, **parameters}
    stream = pb.make_stream(name, **parameters)
    spec = replace(SPEC, input_shape=stream.input_shape, num_outputs=stream.num_outputs)
    learner = find_learner("adam")(step_size=1e-2)
    replicas = [pb.Replica(seed, learner) for seed in (0, 5)]
    together = pb.Population(replicas, spec)
    result = pb.evaluate(stream, together, pb.Protocol(curvature_examples=10))

    env = gymnasium.make(name, **parameters)
    alone = pb.Population(replicas[1:], spec)
    rewards = [[] for _ in range(stream.num_tasks)]
    observation, info = env.reset(seed=5)
    terminated = False
    while not terminated:
        task = info["task"]
        inputs = torch.from_numpy(observation)[None]
        outputs = alone.predict(inputs)[0]
        action = outputs if stream.regression else outputs.argmax(-1)
        observation, reward, terminated, _, info = env.step(action.numpy())
        targets = torch.from_numpy(info["targets"])[None]
        if "next_inputs" in info:  # targets are rewards, and values are learnt from predictions
            targets += stream.discount * alone.predict(torch.from_numpy(info["next_inputs"])[None])
        alone.update(inputs, targets)
        rewards[task].append(reward)

    for task in range(stream.num_tasks):
        assert len(rewards[task]) == stream.updates(task)
        if stream.regression:
            variance = stream.task(5, task).targets.astype(float).var()
            online = values(result, "online_r_squared")[task][1]
            assert 1 + np.mean(rewards[task]) / variance == pytest.approx(online, rel=1e-5)
        else:
            online = values(result, "online_accuracy")[task][1]
            assert np.float32(np.mean(rewards[task])) == np.float32(online)
    for parameter, value in alone.state.params.items():
        assert torch.equal(value[0], together.state.params[parameter][1])


def test_regression_is_measured_by_explained_variance():
    """R squared against numpy, and a stream that a network can learn perfectly."""
    stream = pb.make_stream(
        "plasticity/SlowlyChangingRegression-v0", num_tasks=2, updates_per_task=10, batch_size=8
    )
    spec = replace(SPEC, input_shape=(20,), num_outputs=1)
    run = pb.Population([pb.Replica(3, find_learner("adam")(step_size=1e-2))], spec)
    result = pb.evaluate(stream, run, pb.Protocol(curvature_every=1, curvature_examples=64))
    task = stream.task(3, 1)
    predicted = run.predict(torch.from_numpy(task.inputs)[None])[0].numpy()
    error = np.mean((predicted - task.targets) ** 2)
    assert values(result, "loss")[1][0] == pytest.approx(error, rel=1e-5)
    expected = 1 - error / task.targets.astype(float).var()
    assert values(result, "r_squared")[1][0] == pytest.approx(expected, rel=1e-5)
    assert values(result, "chance")[1][0] == 0
    assert values(result, "dead_rank")[1][0] == 1
    assert values(result, "fisher_srank99_n64")[1][0] > 1


@pytest.mark.parametrize(
    ("name", "expected"),
    [("RandomLabelDigits", 9), ("HardEasyDigits", 5), ("ClassPairDigits", 1)],
)
def test_the_rank_that_a_dead_network_keeps(name, expected):
    """Stated, and measured on a network whose hidden units are all dead."""
    stream = pb.make_stream(f"plasticity/{name}-v0", num_tasks=1, updates_per_task=1)
    spec = replace(SPEC, num_outputs=stream.num_outputs)
    run = pb.Population([pb.Replica(0, pb.Learner())], spec)
    params = {k: torch.zeros_like(v) for k, v in run.state.params.items()}
    params["linear0.bias"] -= 1
    params["head.bias"] += torch.linspace(-0.1, 0.1, stream.num_outputs)
    run.state = run.state._replace(params=params)
    protocol = pb.Protocol(curvature_examples=stream.size(0))
    result = pb.evaluate(stream, run, protocol)
    assert values(result, "dead_rank")[0][0] == expected
    assert values(result, protocol.curvature_name)[0][0] == expected


def test_heads_are_reset_where_the_stream_says_so(monkeypatch):
    calls = []
    run = population(find_learner("adam")(), [0, 1])
    original = run.reset_head

    def reset():
        before = run.state
        original()
        calls.append(
            [k for k, v in run.state.params.items() if not torch.equal(v, before.params[k])]
        )
        assert all((run.state.params[k] == 0).all() for k in ("head.weight", "head.bias"))
        assert run.state.moments is before.moments or all(
            torch.equal(v, before.moments[m][k])
            for m, own in run.state.moments.items()
            for k, v in own.items()
        )

    monkeypatch.setattr(run, "reset_head", reset)
    pb.evaluate(small_stream(resets_head=True), run, PROTOCOL)
    assert calls == [["head.weight", "head.bias"]] * 2


def test_held_out_examples_are_measured_with_the_curvature(monkeypatch):
    """By hand, on the last 297 digits; only in the tasks whose curvature is measured."""
    from plasticity_bench import data

    split = replace(data.load("digits"), num_train=1500)
    monkeypatch.setattr(data, "load", lambda _name: split)
    known = replace(data.source("digits"), num_train=1500, num_test=297)
    monkeypatch.setattr(data, "source", lambda _name: known)
    stream = small_stream("PermutedPixel", num_tasks=4)
    run = population(find_learner("adam")(step_size=1e-2), [0, 1])
    result = pb.evaluate(stream, run, PROTOCOL)
    assert list(values(result, "test_accuracy")) == [0, 2, 3]
    for replica in (0, 1):
        test = stream.task(replica, 3).test
        images = split.inputs(test.examples).reshape(297, -1)[:, test.input_permutation]
        logits = run.predict(torch.from_numpy(images.reshape(1, 297, 8, 8)).expand(2, -1, -1, -1))
        right = logits[replica].argmax(-1).numpy() == test.targets
        assert values(result, "test_accuracy")[3][replica] == pytest.approx(right.mean())


def test_what_is_measured_when():
    stream = small_stream(num_tasks=5)
    result = pb.evaluate(stream, population(pb.Learner(), [0, 1]), PROTOCOL)
    taken = [(m.task, m.when, m.name) for m in result.measurements]
    expected = []
    for task in range(5):
        expected.append((task, "start", "chance"))
        if task in (0, 2, 4):  # every second; the last, 4, is scored
            expected += [(task, "start", name) for name in ("dead_rank", "fisher_srank99_n16")]
        expected += [
            (task, "during", "online_accuracy"),
            (task, "during", "updates_to_target"),
            (task, "end", "accuracy"),
            (task, "end", "loss"),
        ]
    assert taken == expected
    assert all(m.values.shape == (2,) for m in result.measurements)


def test_curvature_is_measured_at_every_scored_task():
    protocol = pb.Protocol(curvature_every=1000)
    scored = small_stream(num_tasks=40).scored_tasks()
    measured = [index for index in range(40) if protocol.is_measured(index, scored)]
    assert measured == [0, *scored] == [0, 36, 37, 38, 39]


def test_end_of_task_numbers_are_those_of_the_whole_task(monkeypatch):
    """By a loop over the examples, on the final network; batching the evaluation is no matter."""
    monkeypatch.setattr(stacked_task, "EVALUATION_BATCH", 7)
    stream = small_stream()
    trained = population(find_learner("adam")(step_size=1e-2), [0, 3])
    result = pb.evaluate(stream, trained, PROTOCOL)
    for index, seed in enumerate((0, 3)):
        task = stream.task(seed, 2)
        right, total = 0, 0.0
        for example, target in zip(task.examples, task.targets, strict=True):
            x = torch.from_numpy(stream.inputs(np.array([example]))[0])
            params = {k: v[index] for k, v in trained.state.params.items()}
            logits = torch.func.functional_call(trained.module, params, (x[None],))[0]
            right += int(logits.argmax() == target)
            total += -logits.log_softmax(-1)[target].item()
        assert values(result, "accuracy")[2][index] == pytest.approx(right / 40)
        assert values(result, "loss")[2][index] == pytest.approx(total / 40, rel=1e-4)
        counts = np.bincount(task.targets)
        assert values(result, "chance")[2][index] == counts.max() / 40


def test_curvature_is_of_the_new_task_before_its_first_update():
    stream = small_stream(num_tasks=3)
    whole = pb.evaluate(stream, population(pb.Learner(), [2]), PROTOCOL)
    before = population(pb.Learner(), [2])
    pb.evaluate(small_stream(num_tasks=2), before, PROTOCOL)
    task = stream.task(2, 2)
    inputs = torch.from_numpy(stream.inputs(task.examples[:16]))[None]
    targets = torch.from_numpy(task.targets[:16])[None]
    rank = fisher_srank(before.module, before.state.params, inputs, targets)
    assert values(whole, "fisher_srank99_n16")[2].tolist() == rank.tolist()


def test_measuring_does_not_change_the_training():
    often = pb.Protocol(curvature_every=1, curvature_examples=16)
    seldom = pb.Protocol(curvature_every=100, curvature_examples=16)
    runs = [population(find_learner("shrink_and_perturb")(), [0]) for _ in range(2)]
    for run, protocol in zip(runs, (often, seldom), strict=True):
        pb.evaluate(small_stream(), run, protocol)
    for name, value in runs[0].state.params.items():
        assert torch.equal(value, runs[1].state.params[name])


def test_boundaries_are_revealed_only_if_the_protocol_says_so():
    stream, learner = small_stream(), find_learner("fresh")()
    steps = []
    for reveal in (False, True):
        protocol = pb.Protocol(curvature_examples=16, reveal_boundaries=reveal)
        run = population(learner, [0])
        pb.evaluate(stream, run, protocol)
        steps.append(run.state.step.item())
    assert steps == [36, 12]


def test_begin_task_is_called_before_every_task_but_the_first(monkeypatch):
    calls = []
    run = population(find_learner("fresh")(), [0])
    for name in ("begin_task", "update", "predict"):
        original = getattr(run, name)
        monkeypatch.setattr(
            run, name, lambda *a, name=name, f=original: (calls.append(name), f(*a))[1]
        )
    headline = MEASUREMENTS["fisher_srank99"]
    recorded = replace(
        headline, measure=lambda probe: (calls.append("curvature"), headline.measure(probe))[1]
    )
    monkeypatch.setitem(MEASUREMENTS, "fisher_srank99", recorded)
    protocol = pb.Protocol(curvature_every=1, curvature_examples=16, reveal_boundaries=True)
    pb.evaluate(small_stream(updates_per_task=2, num_tasks=2), run, protocol)
    task = ["curvature", "update", "update", "predict"]
    assert calls == [*task, "begin_task", *task]


class Explodes(pb.Learner):
    """Fine for two tasks, then infinite, for the replicas whose step size is large."""

    def after_update(self, state, noise):
        factor = torch.where(
            (state.step > 24) & (state.initial["head.bias"][0] > 0), torch.inf, 1.0
        )
        return state._replace(params={k: v * factor for k, v in state.params.items()})


def test_a_diverged_replica_is_recorded_and_its_neighbours_continue():
    run = population(Explodes(), range(8))
    explodes = run.state.initial["head.bias"][:, 0] > 0
    assert 0 < explodes.sum() < 8
    result = pb.evaluate(small_stream(num_tasks=4), run, PROTOCOL)
    assert result.diverged_at.tolist() == [2 if bad else -1 for bad in explodes]
    for name in ("accuracy", "loss", "online_accuracy"):
        for task, numbers in values(result, name).items():
            for bad, number in zip(explodes, numbers, strict=True):
                assert math.isnan(number) == (bool(bad) and task >= 2)
    ranks = values(result, "fisher_srank99_n16")[3]
    assert np.isnan(ranks).tolist() == explodes.tolist()


class PredictsAsItBegan(pb.Learner):
    def predict_params(self, state):
        return state.initial


def test_predictions_are_made_with_predict_params():
    """Online and at the end: a learner that predicts with its first parameters never improves."""
    run = population(PredictsAsItBegan(step_size=1e-2), [0])
    stream = small_stream(num_tasks=2)
    result = pb.evaluate(stream, run, PROTOCOL)
    for index in range(2):
        task, rows = stream.task(0, index), stream.batches(0, index)
        params = {k: v[0] for k, v in run.state.initial.items()}
        x = torch.from_numpy(stream.inputs(task.examples))
        right = (
            torch.func.functional_call(run.module, params, (x,)).argmax(-1).numpy() == task.targets
        )
        assert values(result, "accuracy")[index][0] == pytest.approx(right.mean())
        assert values(result, "online_accuracy")[index][0] == pytest.approx(right[rows].mean())


def test_how_far_a_task_moved_is_of_what_predictions_are_made_with():
    run = population(PredictsAsItBegan(step_size=1e-2), [0])
    norms = Diagnostic(name="update_norm", every=1, examples=16)
    protocol = pb.Protocol(diagnostics=(norms,), curvature_examples=16)
    result = pb.evaluate(small_stream(num_tasks=2), run, protocol)
    for index in range(2):
        assert values(result, "task_update_norm")[index][0] == 0
        assert values(result, "update_norm")[index][0] > 0


class ExplodesLast(pb.Learner):
    """Infinite from the very last update of the second task on."""

    def after_update(self, state, noise):
        factor = torch.where(state.step >= 24, torch.inf, 1.0)
        return state._replace(params={k: v * factor for k, v in state.params.items()})


def test_divergence_in_the_last_update_is_seen_at_the_end():
    result = pb.evaluate(small_stream(num_tasks=2), population(ExplodesLast(), [0]), PROTOCOL)
    assert result.diverged_at.tolist() == [1]
    assert math.isnan(values(result, "accuracy")[1][0])


class ExplodesAtTheBoundary(pb.Learner):
    def begin_task(self, state, fresh, noise):
        return state._replace(params={k: v * torch.inf for k, v in state.params.items()})


def test_divergence_before_the_first_update_is_seen_at_the_start():
    protocol = pb.Protocol(curvature_every=1, curvature_examples=16, reveal_boundaries=True)
    run = population(ExplodesAtTheBoundary(), [0, 1])
    result = pb.evaluate(small_stream(num_tasks=2), run, protocol)
    assert result.diverged_at.tolist() == [1, 1]
    assert np.isnan(values(result, "fisher_srank99_n16")[1]).all()


def test_every_task_is_reported():
    seen = []
    pb.evaluate(small_stream(), population(pb.Learner(), [0]), PROTOCOL, seen.append)
    assert seen == [0, 1, 2]


def test_colour_images_through_a_published_protocol(monkeypatch):
    """Kumar et al.'s hard and easy classes, with their network, on random photographs."""
    from plasticity_bench import data

    rng = np.random.default_rng(0)
    source = data.source("cifar100")
    labels = np.concatenate([np.repeat(np.arange(100), 12), np.repeat(np.arange(100), 2)])
    images = rng.integers(256, size=(1400, 3, 32, 32), dtype=np.uint8)
    photographs = data.Dataset("cifar100", images, labels, 100, 1200, "none", "none")
    monkeypatch.setattr(data, "load", lambda _name: photographs)
    monkeypatch.setattr(
        data,
        "source",
        lambda _name: replace(source, num_train=1200, num_test=200, per_class=(12, 2)),
    )
    stream = pb.make_stream("kumar2023/HardEasyCIFAR100-v0", num_tasks=4, updates_per_task=3)
    assert [stream.size(index) for index in range(4)] == [60, 12, 60, 12]
    spec = pb.NetworkSpec(
        name="cnn",
        channels=(16, 16),
        kernel_size=5,
        padding="valid",
        hidden=(100, 100),
        input_shape=stream.input_shape,
        num_outputs=stream.num_outputs,
    )
    run = pb.Population([pb.Replica(0, find_learner("adam")())], spec)
    result = pb.evaluate(stream, run, pb.Protocol(curvature_every=1, curvature_examples=12))
    assert [values(result, "dead_rank")[task][0] for task in range(4)] == [
        len(set(stream.task(0, task).targets[:12].tolist())) for task in range(4)
    ]
    for task in range(4):
        test = stream.task(0, task).test
        assert len(test.examples) == (10 if task % 2 == 0 else 2)
        assert 0 <= values(result, "test_accuracy")[task][0] <= 1
        assert np.isfinite(values(result, "loss")[task]).all()
