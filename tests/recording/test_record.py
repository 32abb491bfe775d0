"""What a record holds, what it costs, and what follows from evaluating records only."""

import json

import pytest
import torch

import plasticity_bench as pb
from plasticity_bench.errors import UnrecordableError
from plasticity_bench.evaluation.evaluator import evaluate
from plasticity_bench.learners.lookup import find_learner
from plasticity_bench.recording import layout
from plasticity_bench.recording.costs import costs
from plasticity_bench.recording.operation_counts import flops
from plasticity_bench.recording.record import MOST_CONSTANTS, Record
from plasticity_bench.recording.recorder import Recorder
from tests.support.helpers import SPEC

NETWORK = pb.NetworkSpec(hidden=(64, 64), input_shape=(8, 8), num_outputs=10)
BATCH = ((32, 8, 8), (32,))


def costs_of(learner, network=NETWORK):
    recorder = Recorder([learner], network)
    return costs(recorder.record, recorder.update(*BATCH), network)


@pytest.mark.parametrize("name", ["dash", "hare_and_tortoise"])
def test_a_record_survives_json(name):
    made = Recorder([find_learner(name)()], SPEC).record
    again = Record.from_json(json.loads(json.dumps(made.as_json())))
    assert again.digest() == made.digest()
    assert (again.begin_task is not None) == (name == "dash")


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d.pop("layout"),
        lambda d: d["layout"].pop("step"),
        lambda d: d["layout"]["params"].update(x=[[1], "nothing"]),
        lambda d: d["network"].update({"class": "os.system"}),
        lambda d: d.update(initial=[{}]),
        lambda d: d.update(restart=None),
    ],
)
def test_a_forged_record_is_refused(change):
    data = json.loads(json.dumps(Recorder([pb.Learner()], SPEC).record.as_json()))
    change(data)
    with pytest.raises(UnrecordableError):
        Record.from_json(data)


class TwoSteps(pb.Learner):
    """Steps a second time on a copy in memory, by a forward pass of its own."""

    def penalty(self, params, state):
        return sum((p.mT @ p).square().sum() for p in params.values() if p.ndim == 2)


class Large(pb.Learner):
    def build(self, spec):
        return pb.build_network(pb.NetworkSpec(**{**vars(spec), "hidden": (256, 256)}))


class Table(pb.Learner):
    def after_update(self, state, noise):
        table = torch.tensor([float(i) for i in range(self.entries)])
        bias = state.params["head.bias"]
        return state._replace(params={**state.params, "head.bias": bias + 0 * table.sum()})

    entries: int = 10


def test_costs_are_counted():
    plain = costs_of(pb.Learner())
    assert (plain.parameters, plain.memory, plain.flops, plain.boundaries) == (1, 0, 1, False)
    assert costs_of(TwoSteps()).flops > 1.5
    assert costs_of(Table()).constants == plain.constants + 10
    assert costs_of(find_learner("upgd")()).memory == 1.0


class Cubes(pb.Learner):
    def begin_task(self, state, fresh, noise):
        params = {k: v @ (v.mT @ v) if v.ndim == 2 else v for k, v in state.params.items()}
        return state._replace(params=params)


def test_what_happens_where_a_task_begins_is_counted():
    plain, cubes = costs_of(pb.Learner()), costs_of(Cubes())
    assert (plain.boundaries, plain.begin_task) == (False, 0)
    assert (cubes.boundaries, cubes.flops) == (True, 1)
    recorder = Recorder([pb.Learner()], NETWORK)
    update = recorder.update(*BATCH)
    of_update = flops(update, [torch.zeros(shape, dtype=dtype) for shape, dtype in update.inputs])
    products = sum(4 * rows * 64 * 64 for rows in (64, 64, 10))
    assert cubes.begin_task == pytest.approx(products / of_update, abs=1e-4)


def population(learner):
    made = pb.Population([pb.Replica(0, learner)], NETWORK)
    made.update(torch.zeros(1, *BATCH[0]), torch.zeros(1, *BATCH[1], dtype=torch.int64))
    return made


def test_much_larger_networks_and_tables_are_refused():
    with pytest.raises(pb.LearnerError, match=r"times as many, and 3 times is the most"):
        population(Large())
    with pytest.raises(pb.LearnerError, match="have captured .* numbers, and 1,024 is the most"):
        population(Table(entries=MOST_CONSTANTS))


class Shadow(pb.Learner):
    """Trains a network in memory, and predicts from that; its own parameters stay as they were."""

    def memory(self, params):
        return dict(params)

    def apply_gradients(self, gradients, state, noise):
        shadow = {k: v - 0.1 * gradients[k] for k, v in state.memory.items()}
        return state._replace(memory=shadow)

    def predict_params(self, state):
        return state.memory


def test_measurements_look_at_the_parameters_that_predict():
    stream = pb.make_stream(
        "plasticity/RandomLabelDigits-v0", num_tasks=2, updates_per_task=5, num_examples=64
    )
    made = pb.Population([pb.Replica(0, Shadow())], NETWORK)
    evaluate(stream, made, pb.Protocol(curvature_every=1, curvature_examples=16))
    memory, params = made.state.memory, made.state.params
    assert all(torch.equal(made.predicting[name], memory[name]) for name in memory)
    assert not any(torch.equal(params[name], memory[name]) for name in params)
    inputs = torch.ones(1, 3, 8, 8)
    expected = torch.func.functional_call(
        made.module, {k: v[0] for k, v in memory.items()}, inputs[0]
    )
    assert torch.allclose(made.predict(inputs)[0], expected, atol=1e-6)


SEEN = []


class Peeking(pb.Learner):
    """Keeps the targets of a batch, to predict them."""

    def loss(self, logits, targets):
        SEEN.append(targets)
        return super().loss(logits, targets)

    def predict_params(self, state):
        bias = state.params["head.bias"] + 0 * state.params["head.bias"]
        return {**state.params, "head.bias": bias + SEEN[-1].sum() if SEEN else bias}


def test_targets_are_no_input_of_predictions():
    with pytest.raises(pb.LearnerError, match="hooks may depend on their arguments only"):
        population(Peeking())
    SEEN.clear()
    made = Recorder([Shadow()], SPEC).record
    state = torch.utils._pytree.tree_leaves(layout.example(made.layout))
    assert len(made.predict_params.inputs) == len(state)


class Unmapped(pb.Learner):
    vectorized = False


def test_what_is_not_recorded_runs_and_says_so():
    made = population(Unmapped())
    assert made.unrecorded == "its class sets vectorized = False"
    assert made.costs is None
    assert population(pb.Learner()).unrecorded == ""
