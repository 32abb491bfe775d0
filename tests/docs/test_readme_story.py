"""The quick suite shows what the paper says, beyond noise: run here as its users run it."""

from dataclasses import replace

import pytest

from plasticity_bench.results import Results, select
from plasticity_bench.running import runner
from plasticity_bench.running.execution import spread
from plasticity_bench.scoring import score_table
from plasticity_bench.suite import planning
from plasticity_bench.suite.own_fresh import with_own_fresh
from plasticity_bench.suite.suite import load_suite

pytestmark = pytest.mark.system


@pytest.fixture(scope="module")
def entries(tmp_path_factory):
    """Five of its learners on its first stream, with all ten seeds."""
    suite = load_suite("quick")
    suite = replace(suite, streams=suite.streams[:1])
    learners = ("fresh", "adam", "adam_as_fresh", "l2_init", "layer_norm")
    contenders = [c for c in suite.contenders if c.label in learners]
    groups = planning.plan(suite, contenders, range(suite.num_seeds))
    groups = with_own_fresh(groups)
    results = Results(tmp_path_factory.mktemp("results"))
    failed = runner.run(groups, results, spread("cpu", None), lambda *_: None, lambda *_: None)
    assert failed == 0
    return {entry.learner: entry for entry in score_table.entries(select(results))}


def test_adam_loses_plasticity_and_its_curvature_with_it(entries):
    adam = entries["adam_as_fresh"]
    assert adam.num_seeds == 10
    assert adam.scores["trainability"].high < 0.1
    assert adam.scores["retained"].high < 0.1
    assert adam.scores["curvature"].high < 0.1


def test_a_smaller_step_keeps_curvature_and_learns_less(entries):
    adam = entries["adam"]
    assert adam.scores["curvature"].low > 0.8
    assert adam.scores["retained"].low > 0.8
    trainability = adam.scores["trainability"]
    assert 0.3 < trainability.low < trainability.high < 0.65


def test_a_learner_that_keeps_curvature_at_a_large_step_keeps_plasticity(entries):
    adam, kept = entries["adam"], entries["l2_init"]
    assert kept.scores["trainability"].low > adam.scores["trainability"].high + 0.1
    assert kept.scores["curvature"].low > 0.8
    assert kept.scores["retained"].low > 1.0


def test_what_learns_more_may_have_lost_more(entries):
    adam, normed = entries["adam"], entries["layer_norm"]
    assert normed.scores["trainability"].low > adam.scores["trainability"].high
    assert normed.scores["retained"].high < 0.65 < adam.scores["retained"].low
