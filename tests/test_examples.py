"""Adapters in examples/ for other libraries, which are optional: skipped where they are missing."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

import plasticity_bench as pb
from plasticity_bench.data.torchvision_guard import torchvision_datasets

EXAMPLES = Path(__file__).parents[1] / "examples"
SMALL = {"num_tasks": 2, "updates_per_task": 6, "batch_size": 4}
NAME = "plasticity/RandomLabelDigits-v0"


def imported(name):
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_river_sees_the_examples_of_every_mini_batch_in_their_order():
    pytest.importorskip("river")
    stream = pb.make_stream(NAME, **SMALL)
    seen = list(imported("river_stream").examples(pb.make(NAME, **SMALL), seed=3))
    expected = []
    for index in range(2):
        task = stream.task(3, index)
        for rows in stream.batches(3, index).ravel():
            inputs = stream.inputs(task.examples[[rows]]).ravel()
            expected.append((dict(enumerate(inputs.tolist())), int(task.targets[rows])))
    assert seen == expected


@pytest.mark.filterwarnings("ignore::UserWarning")  # of its own optional parts
def test_avalanche_gets_an_experience_for_each_task():
    if importlib.util.find_spec("avalanche") is None:
        pytest.skip("avalanche-lib is not installed")
    torchvision_datasets()  # Avalanche imports torchvision, whose operators may not load
    stream = pb.make_stream(NAME, **SMALL)
    experiences = imported("avalanche_benchmark").benchmark(stream, seed=3).train_stream
    assert len(experiences) == 2
    for index, experience in enumerate(experiences):
        task = stream.task(3, index)
        inputs, targets = zip(*(row[:2] for row in experience.dataset), strict=True)
        np.testing.assert_array_equal(np.stack(inputs), stream.inputs(task.examples))
        np.testing.assert_array_equal(np.array(targets), task.targets)
