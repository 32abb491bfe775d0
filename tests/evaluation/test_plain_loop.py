"""A loop that anyone can read gives the numbers of the evaluator."""

import importlib.util
from pathlib import Path

import pytest
import torch

import plasticity_bench as pb
from plasticity_bench.learners.lookup import find_learner

FILE = Path(__file__).parents[2] / "examples" / "plain_loop.py"


@pytest.fixture(scope="module")
def plain_loop():
    spec = importlib.util.spec_from_file_location("plain_loop", FILE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    "name", ["RandomLabelDigits-v0", "PermutedLabelDigits-v0", "PermutedClassDigits-v0"]
)
def test_the_plain_loop_has_the_accuracies_of_the_evaluator(plain_loop, name):
    stream = pb.make_stream(f"plasticity/{name}", num_tasks=3, updates_per_task=40, num_examples=64)
    spec = pb.NetworkSpec(hidden=(32,), input_shape=stream.input_shape, num_outputs=10)
    with torch.random.fork_rng(devices=[]):
        mine = [plain_loop.accuracy_of_each_task(stream, spec, s, 0.1) for s in (0, 1)]
    sgd = find_learner("sgd")(step_size=0.1, momentum=0.0)
    frame = pb.evaluate(sgd, stream, seeds=2, network=spec).frame
    chosen = frame[(frame.learner == "SGD") & (frame.measurement == "accuracy")]
    theirs = chosen.sort_values(["seed", "task"]).value.tolist()
    assert theirs == [accuracy for of_seed in mine for accuracy in of_seed]
    assert max(theirs) > 0.3
