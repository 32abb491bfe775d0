"""The suite of controls shows what is known before anything runs."""

import numpy as np
import pytest

import plasticity_bench as pb
from plasticity_bench.results import Results
from plasticity_bench.running import runner
from plasticity_bench.running.execution import spread
from plasticity_bench.suite import planning
from plasticity_bench.suite.loading import load_suite
from plasticity_bench.suite.own_fresh import with_own_fresh

SUITE = load_suite("controls")
STREAMS = {suite_stream.label: suite_stream.stream for suite_stream in SUITE.streams}


def test_the_streams_are_what_their_labels_say():
    assert STREAMS["stationary"].is_stationary
    assert STREAMS["ceiling"].ceiling == 0.75
    changes = [STREAMS["held out"].change(index) for index in range(1, 30)]
    assert {change.kind for change in changes} == {"labels", "classes", "pixels"}
    assert {change.transition > 0 for change in changes} == {True, False}
    assert {change.share < 1 for change in changes} == {True, False}
    assert {change.returns_to is None for change in changes} == {True, False}


@pytest.fixture(scope="module")
def frame(tmp_path_factory):
    """The results of its first two seeds."""
    groups = with_own_fresh(planning.plan(SUITE, SUITE.contenders, range(2)))
    results = Results(tmp_path_factory.mktemp("results"))
    execution = spread("cpu", None)
    assert runner.run(groups, results, execution, lambda *_: None, lambda *_: None) == 0
    return pb.load_results(results.folder)


@pytest.fixture(scope="module")
def scores(frame):
    """The mean over seeds of a learner's score on a stream."""
    table = frame.scores().groupby(["stream", "learner"]).mean(numeric_only=True)
    return lambda stream, learner, score: table.loc[(stream, learner), score]


def values(frame, stream, measurement):
    return frame[(frame.stream == stream) & (frame.measurement == measurement)]


LEARNERS = [contender.label for contender in SUITE.contenders]


@pytest.mark.system
@pytest.mark.parametrize("learner", [name for name in LEARNERS if name != SUITE.reference])
def test_nobody_loses_plasticity_on_a_stationary_stream(scores, learner):
    assert scores("stationary", learner, "retained_plasticity") >= 0.95


@pytest.mark.system
def test_nobody_exceeds_the_ceiling_and_the_reference_comes_near(frame):
    accuracy = values(frame, "ceiling", "accuracy")
    assert set(LEARNERS) <= set(accuracy.learner)
    assert accuracy.value.max() <= 0.75
    last = accuracy[(accuracy.learner == "fresh") & (accuracy.task >= 27)]
    assert last.value.mean() >= 0.9 * 0.75


@pytest.mark.system
def test_adam_wears_out_on_random_labels_and_not_without_change(scores):
    assert scores("random labels", "adam", "retained_plasticity") < 0.3
    assert scores("ceiling", "adam", "retained_plasticity") < 0.3
    assert scores("random labels", "l2_init", "retained_plasticity") > 0.9


@pytest.mark.system
def test_input_matching_undoes_pixels_and_nothing_else(scores):
    assert scores("permuted pixels", "input_matching", "trainability") > 0.95
    assert scores("permuted pixels", "input_matching", "retained_plasticity") > 0.95
    for stream in ("random labels", "ceiling", "held out"):
        assert scores(stream, "input_matching", "trainability") < 0.1, stream


@pytest.mark.system
@pytest.mark.parametrize("stream", STREAMS)
def test_input_matching_shows_that_it_learns_nothing(frame, stream):
    later = frame[(frame.learner == "input_matching") & (frame.stream == stream) & (frame.task > 1)]
    still = ("update_norm", "task_update_norm/linear1", "task_update_norm/head")
    for name in still:
        moved = later[later.measurement == name].value.to_numpy()
        assert len(moved) > 0
        assert np.array_equal(moved, np.zeros(len(moved))), name
    learns = values(frame, stream, "update_norm")
    assert learns[(learns.learner == "l2_init")].value.min() > 0
