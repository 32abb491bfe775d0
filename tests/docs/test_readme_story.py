"""The quick suite shows what the paper says, beyond noise: run here as its users run it."""

from dataclasses import replace

import pytest

from plasticity_bench.results import Results, select
from plasticity_bench.running import runner
from plasticity_bench.running.execution import spread
from plasticity_bench.scoring import score_table
from plasticity_bench.suite import planning
from plasticity_bench.suite.loading import load_suite
from plasticity_bench.suite.own_fresh import with_own_fresh

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


def test_settings_of_the_first_tasks_do_not_save_it(entries):
    adam = entries["adam"]
    assert adam.scores["trainability"].high < 0.2
    assert adam.scores["retained"].high < 0.2
    assert adam.scores["curvature"].high < 0.3


def test_a_learner_that_keeps_its_curvature_keeps_its_plasticity(entries):
    normed, kept, adam = entries["layer_norm"], entries["l2_init"], entries["adam"]
    assert normed.scores["retained"].low > 0.9
    assert normed.scores["curvature"].low > 0.8
    for score in ("retained", "curvature"):
        assert normed.scores[score].low > kept.scores[score].high
        assert kept.scores[score].mean > adam.scores[score].mean
