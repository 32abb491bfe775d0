"""Branches: beside a run that just goes on, a fresh learner, and a loop of PyTorch's."""

from dataclasses import replace

import numpy as np
import pytest
import torch

import plasticity_bench as pb
from plasticity_bench.evaluation.evaluation import Progress
from plasticity_bench.evaluation.evaluator import evaluate
from plasticity_bench.learners.lookup import find_learner
from plasticity_bench.measurements import MEASUREMENTS
from plasticity_bench.networks import initial_parameters
from plasticity_bench.probing.branches import LOOKED_AT, ProbingTask, branch
from plasticity_bench.probing.conditions import (
    ADAM,
    CONDITIONS,
    FRESH,
    OWN,
    OWN_FRESH,
    OWN_RESET,
    bounds_of,
)
from plasticity_bench.probing.factors import FACTORS
from plasticity_bench.seeding import Branch, integer
from plasticity_bench.streams import make_stream

SPEC = pb.NetworkSpec(hidden=(9,), input_shape=(8, 8), num_outputs=10)
PROTOCOL = pb.Protocol(curvature_every=1, curvature_examples=16)
SIZES = {"num_tasks": 3, "updates_per_task": 15, "num_examples": 40, "batch_size": 8}
SEEDS = (0, 3)
STEP_SIZE = 0.02


def stream_of(name="RandomLabelDigits-v0", **changes):
    return make_stream(f"plasticity/{name}", **{**SIZES, **changes})


def population(learner, spec=SPEC):
    return pb.Population([pb.Replica(seed, learner) for seed in SEEDS], spec)


def end_of(stream, run, protocol=PROTOCOL):
    evaluation = evaluate(stream, run, protocol)
    none = np.zeros((0, len(SEEDS)))
    return Progress(stream.num_tasks, 0, evaluation, run.tensors(), none, none, {})


def branches(learner, stream, protocol=PROTOCOL, spec=SPEC):
    """What comes of the ends of runs; the ends; and the stream with the probing task."""
    run = population(learner, spec)
    end = end_of(stream, run, protocol)
    longer = replace(stream, num_tasks=stream.num_tasks + 1)
    return branch(run, end, ProbingTask(longer, protocol, spec, STEP_SIZE)), end, longer


def metric(evaluation, task, name="accuracy", when="end"):
    (values,) = (
        m.values for m in evaluation.measurements if (m.task, m.name, m.when) == (task, name, when)
    )
    return values.tolist()


@pytest.mark.parametrize("name", ["adam", "shrink_and_perturb", "head_reset"])
def test_own_is_the_run_itself_going_on(name):
    learner = find_learner(name)(step_size=0.01)
    protocol = replace(PROTOCOL, reveal_boundaries=True)
    # With a transition: the probing task sees examples of the last one.
    stream = stream_of(transition=5)
    ours, _, longer = branches(learner, stream, protocol)
    going_on = evaluate(longer, population(learner), protocol)
    for number, when in (("accuracy", "end"), ("loss", "end"), ("fisher_srank99_n16", "start")):
        assert ours.numbers[OWN][number].tolist() == metric(going_on, 3, number, when)


@pytest.mark.slow
def test_all_fresh_is_a_fresh_learner_and_own_fresh_the_learners_own():
    learner = pb.Learner(step_size=STEP_SIZE)
    ours, _, longer = branches(learner, stream_of())
    fresh = evaluate(longer, population(learner), replace(PROTOCOL, restarts=True))
    for condition in (FRESH, OWN_FRESH):
        assert ours.numbers[condition]["loss"].tolist() == metric(fresh, 3, "loss")
    slower = pb.Learner(step_size=0.001)
    others, _, _ = branches(slower, stream_of())
    own = evaluate(longer, population(slower), replace(PROTOCOL, restarts=True))
    assert others.numbers[OWN_FRESH]["loss"].tolist() == metric(own, 3, "loss")
    assert others.numbers[FRESH]["loss"].tolist() == metric(fresh, 3, "loss")


def test_adam_with_its_state_reset_is_fresh_adam():
    ours, _, _ = branches(pb.Learner(step_size=STEP_SIZE), stream_of())
    assert ours.numbers[OWN_RESET]["loss"].tolist() == ours.numbers[ADAM]["loss"].tolist()
    assert ours.numbers[OWN_RESET]["loss"].tolist() != ours.numbers[OWN]["loss"].tolist()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("condition", "step_size"),
    [("adam_third", STEP_SIZE / 3), (ADAM, STEP_SIZE), ("adam_triple", 3 * STEP_SIZE)],
)
def test_fresh_adam_is_that_of_torch(condition, step_size):
    ours, end, longer = branches(find_learner("sgd")(step_size=0.1), stream_of())
    for replica in range(len(SEEDS)):
        loss = by_torch(longer, end, replica, step_size)
        assert ours.numbers[condition]["loss"][replica] == pytest.approx(loss, rel=1e-3)


def test_a_reset_leaves_parameters_and_penalty():
    learner = find_learner("l2_init")(step_size=0.01, strength=0.1)
    ours, end, longer = branches(learner, stream_of())
    for replica in range(len(SEEDS)):
        loss = by_torch(longer, end, replica, 0.01, strength=0.1)
        assert ours.numbers[OWN_RESET]["loss"][replica] == pytest.approx(loss, rel=1e-3)


def by_torch(stream, end, replica, step_size, strength=0.0):
    """The loss after the probing task, learnt by a new torch.optim.Adam from a run's end."""
    module = pb.build_network(SPEC)
    names = [name for name, _ in module.named_parameters()]
    params, initial = (
        {name: end.population[f"[0].{part}['{name}']"][replica] for name in names}
        for part in ("params", "initial")
    )
    module.load_state_dict(params)
    optimizer = torch.optim.Adam(module.parameters(), lr=step_size)
    task = stream.task(SEEDS[replica], 3)
    inputs = torch.from_numpy(stream.inputs(task.examples))
    targets = torch.from_numpy(task.targets)
    for rows in stream.batches(SEEDS[replica], 3):
        loss = torch.nn.functional.cross_entropy(module(inputs[rows]), targets[rows])
        pulls = [(value - initial[k]).square().sum() for k, value in module.named_parameters()]
        optimizer.zero_grad()
        (loss + strength / 2 * sum(pulls)).backward()
        optimizer.step()
    return torch.nn.functional.cross_entropy(module(inputs), targets).item()


def test_the_fresh_draw_is_that_of_the_probing_task():
    ours, _, _ = branches(pb.Learner(), stream_of())
    norms = []
    for seed in SEEDS:
        drawn = initial_parameters(
            lambda: pb.build_network(SPEC), integer(seed, Branch.PARAMETERS, 3)
        )
        norms.append(sum(float(value.square().sum()) for value in drawn.values()) ** 0.5)
    assert ours.numbers[FRESH]["parameter_norm"] == pytest.approx(norms)
    assert ours.numbers["norms"]["parameter_norm"] != pytest.approx(norms)  # of other biases


@pytest.mark.slow
def test_every_condition_has_all_numbers_or_a_reason():
    ours, _, _ = branches(pb.Learner(), stream_of())
    assert tuple(ours.numbers) == (
        OWN,
        OWN_RESET,
        OWN_FRESH,
        "adam_third",
        ADAM,
        *FACTORS,
        FRESH,
        "adam_triple",
    )
    assert set(ours.numbers) == set(CONDITIONS)
    assert ours.missing == {}
    names = {name.partition("_n16")[0] for name in ours.numbers[ADAM]}
    assert names > {"accuracy", "loss", "fisher_srank99", "parameter_norm", "feature_srank99"}
    assert all(numbers.keys() == ours.numbers[OWN].keys() for numbers in ours.numbers.values())
    linear, _, _ = branches(pb.Learner(), stream_of(), spec=replace(SPEC, hidden=()))
    assert set(linear.missing) == {"dormant_units", "random_units", "feature_rank"}
    assert set(linear.numbers) == set(CONDITIONS) - set(linear.missing)


def test_factors_change_their_own_number():
    learner = pb.Learner(step_size=0.05)
    ours, _, _ = branches(learner, stream_of(num_tasks=6, updates_per_task=60))
    worn, fresh = ours.numbers[ADAM], ours.numbers[FRESH]
    dormant = "dormant_units_tau0.1_n16"
    assert (worn[dormant] > fresh[dormant]).all()
    assert (ours.numbers["dormant_units"][dormant] < worn[dormant]).all()
    assert (ours.numbers["norms"]["parameter_norm"] < 0.6 * worn["parameter_norm"]).all()
    assert ours.numbers["head"][dormant].tolist() == worn[dormant].tolist()


class Hooked(pb.Learner):
    """A network of its own, parameters that differ from the trained ones, and no record."""

    vectorized = False

    def build(self, spec):
        return torch.nn.Sequential(
            torch.nn.Flatten(), torch.nn.Linear(64, 7), torch.nn.Tanh(), torch.nn.Linear(7, 10)
        )

    def predict_params(self, state):
        return {name: 0.5 * value for name, value in state.params.items()}


class Recorded(Hooked):
    vectorized = True


@pytest.mark.slow
@pytest.mark.parametrize("cls", [Hooked, Recorded])
def test_a_network_of_the_learners_own_is_probed_as_it_predicts(cls):
    ours, end, _ = branches(cls(step_size=0.01), stream_of())
    squares = [v.flatten(1).square().sum(1) for k, v in end.population.items() if ".params" in k]
    half = 0.5 * torch.stack(squares).sum(0).sqrt()
    assert ours.numbers[ADAM]["parameter_norm"] == pytest.approx(half.numpy(), rel=1e-6)
    assert ours.missing == {}


def test_regression_is_probed_too():
    stream = make_stream("plasticity/SlowlyChangingRegression-v0", num_tasks=2, updates_per_task=10)
    spec = pb.NetworkSpec(hidden=(6,), input_shape=stream.input_shape, num_outputs=1)
    ours, _, _ = branches(pb.Learner(), stream, spec=spec)
    assert all("r_squared" in numbers for numbers in ours.numbers.values())


def test_replicas_that_diverged_stay_so():
    run = population(pb.Learner())
    end = end_of(stream_of(), run)
    end.evaluation.diverged_at[1] = 2
    end.population["[0].params['linear0.weight']"][1] = float("nan")
    task = ProbingTask(replace(stream_of(), num_tasks=4), PROTOCOL, SPEC, STEP_SIZE)
    ours = branch(run, end, task)
    for numbers in ours.numbers.values():
        assert np.isfinite(numbers["accuracy"]).tolist() == [True, False]


def test_conditions_are_compared_with_what_is_trained_in_the_same_way():
    own = {OWN, OWN_RESET, OWN_FRESH}
    for condition in CONDITIONS:
        assert bounds_of(condition) == ((OWN, OWN_FRESH) if condition in own else (ADAM, FRESH))
    assert all(name in MEASUREMENTS for name in LOOKED_AT)
