"""A protocol that cannot be followed is refused."""

import pytest

import plasticity_bench as pb
from plasticity_bench.evaluation.protocol import Diagnostic
from plasticity_bench.learners.lookup import find_learner


@pytest.mark.parametrize("name", ["curvature_every", "curvature_examples"])
@pytest.mark.parametrize("value", [0, -1, 2.0, True, None])
def test_counts_are_whole_numbers_from_one(name, value):
    with pytest.raises(pb.BadInputError, match=f"Protocol: {name} must be a whole number"):
        pb.Protocol(**{name: value})


def test_more_examples_than_a_task_has():
    stream = pb.make_stream("plasticity/RandomLabelDigits-v0", num_tasks=1, num_examples=40)
    network = pb.NetworkSpec(hidden=(8,), input_shape=(8, 8), num_outputs=10)
    population = pb.Population([pb.Replica(0, find_learner("sgd")())], network)
    with pytest.raises(pb.BadInputError, match="512 examples are to be measured, but .* only 40"):
        pb.evaluate(stream, population, pb.Protocol())


@pytest.mark.parametrize("given", [{"every": 0}, {"examples": -5}, {"every": 2.0}])
def test_a_diagnostic_is_taken_every_so_many_tasks(given):
    with pytest.raises(pb.BadInputError, match="Diagnostic: .* must be a whole number"):
        Diagnostic("gradient_norm", **given)
