"""Scores by hand: the worked examples of docs/scores.md, and the edge cases."""

import json
import math

import numpy as np
import pytest

from plasticity_bench.evaluation.protocol import Protocol
from plasticity_bench.results import RunTable
from plasticity_bench.results.parquet import seconds_of
from plasticity_bench.scoring.scores import fraction, means, score, shares

PROTOCOL = Protocol(curvature_examples=512)


def run(accuracy, curvature, chance=0.1, status="complete"):
    """A run of 20 tasks whose last two, the scored ones, have these values."""
    rows = []
    for task in range(20):
        last = task >= 18
        rows += [
            (task, "start", "chance", chance if last else 0.9),
            (task, "start", "dead_rank", 9.0 if last else 500.0),
            (task, "end", "accuracy", accuracy[task - 18] if last else 0.123),
            (task, "start", "fisher_srank99_n512", curvature[task - 18] if last else 77.0),
        ]
    info = {"status": status, "seconds": {"prepare": 9.0, "train": 2.0, "measure": 1.0}}
    return run_table([rows], [info])


def run_table(runs, infos):
    """Cells of given rows, laid end to end."""
    task, when, name, value = map(list, zip(*(row for rows in runs for row in rows)))
    whens, names = sorted(set(when)), sorted(set(name))
    return RunTable(
        [str(place) for place in range(len(runs))],
        [info["status"] for info in infos],
        [seconds_of(info) for info in infos],
        [json.dumps(info) for info in infos],
        np.cumsum([0, *map(len, runs)]),
        np.array(task),
        np.array([whens.index(w) for w in when]),
        np.array([names.index(n) for n in name]),
        np.array(value),
        whens,
        names,
    )


FRESH = run([0.9, 0.9], [209.0, 209.0])


OWN_FRESH = run([0.5, 0.5], [159.0, 159.0])


def scored(result, reference=FRESH, own_fresh=OWN_FRESH):
    found = [next(means(table, PROTOCOL, [18, 19])) for table in (result, reference, own_fresh)]
    return score(*found)


def test_the_worked_example():
    found = scored(run([0.4, 0.6], [59.0, 159.0]))
    assert found.trainability == pytest.approx((0.5 - 0.1) / (0.9 - 0.1))  # 0.5
    assert found.retained_plasticity == pytest.approx(1.0)
    assert found.curvature_to_reference == pytest.approx((109 - 9) / (209 - 9))  # 0.5
    assert found.curvature_retention == pytest.approx((109 - 9) / (159 - 9))
    assert found.accuracy == pytest.approx(0.5)
    assert found.curvature == pytest.approx(109)
    assert found.seconds == 3.0


RATIOS = ("trainability", "retained_plasticity", "curvature_retention", "curvature_to_reference")


def ratios(found):
    return [getattr(found, name) for name in RATIOS]


def test_a_learner_that_is_its_controls_scores_one_and_a_dead_network_zero():
    assert ratios(scored(FRESH, FRESH, FRESH)) == [1] * 4
    assert ratios(scored(run([0.1, 0.1], [9.0, 9.0]))) == [0] * 4


def test_nothing_is_clipped():
    better = scored(run([1.0, 1.0], [249.0, 249.0]))
    assert ratios(better) == pytest.approx([1.125, 2.25, 1.6, 1.2])
    worse = scored(run([0.05, 0.05], [0.0, 0.0]))
    assert ratios(worse) == pytest.approx([-0.0625, -0.125, -0.06, -0.045])


NAN = float("nan")
DIVERGED = run([NAN, NAN], [NAN, NAN], status="diverged")


def test_a_diverged_replica_counts_as_a_dead_network():
    found = scored(DIVERGED)
    assert (ratios(found), found.diverged) == ([0] * 4, True)
    late = scored(run([NAN, NAN], [209.0, 209.0], status="diverged"))
    assert ratios(late) == [0] * 4


@pytest.mark.parametrize("control", [run([0.1, 0.1], [9.0, 9.0]), DIVERGED])
@pytest.mark.parametrize("learner", [run([0.5, 0.5], [100.0, 100.0]), DIVERGED])
def test_where_a_control_gains_nothing_there_is_no_score(learner, control):
    found = scored(learner, reference=control)
    assert math.isnan(found.trainability) and math.isnan(found.curvature_to_reference)
    assert not math.isnan(found.retained_plasticity + found.curvature_retention)
    found = scored(learner, own_fresh=control)
    assert math.isnan(found.retained_plasticity) and math.isnan(found.curvature_retention)
    assert not math.isnan(found.trainability + found.curvature_to_reference)


@pytest.mark.parametrize("hits", [5, 14, 56, 99])
def test_a_rounded_accuracy_of_exactly_chance_is_no_gain(hits):
    """Accuracies are means in float32, and 14 / 100 of them is above the 0.14 of float64."""
    rounded = float(np.float32(hits) / np.float32(100))
    at_chance = run([rounded] * 2, [9.0, 9.0], hits / 100)
    found = scored(at_chance, at_chance, at_chance)
    assert np.isnan(ratios(found)).all()
    assert math.isnan(fraction(hits / 100 - 0.01, hits / 100, rounded))
    assert np.isnan(shares(np.ones(2), np.array([rounded - hits / 100, 1e-7]))).all()
    one_more = (hits + 1e-3) / 100  # of a million examples ten
    assert fraction(one_more, hits / 100, one_more) == 1
    assert shares(np.array(1e-5), np.array([1e-5, 2e-5])).tolist() == [1, 0.5]


def test_without_an_own_fresh_copy_there_is_nothing_retained():
    (learner,) = means(FRESH, PROTOCOL, [18, 19])
    found = score(learner, learner)
    assert math.isnan(found.retained_plasticity) and math.isnan(found.curvature_retention)
    assert (found.trainability, found.curvature_to_reference) == (1, 1)


def measured(values, status="complete"):
    """A run of tasks with (online accuracy, test accuracy, updates to target), None if absent."""
    names = (
        ("during", "online_accuracy"),
        ("end", "test_accuracy"),
        ("during", "updates_to_target"),
    )
    rows = []
    for task, of_task in enumerate(values):
        rows += [(task, "start", "chance", 0.2), (task, "end", "accuracy", 0.5)]
        rows += [(task, *n, v) for n, v in zip(names, of_task) if v is not None]
    info = {"status": status, "seconds": {"train": 2.0, "measure": 1.0}}
    (found,) = means(run_table([rows], [info]), PROTOCOL, [2, 3])
    return found.online_accuracy, found.test_accuracy, found.updates_to_target


def test_online_is_of_all_tasks_and_the_rest_of_the_scored_ones():
    whole = [(0.1, None, 50), (0.2, None, NAN), (0.3, 0.6, 30), (0.6, 0.8, 20)]
    assert measured(whole) == pytest.approx((0.3, 0.7, 25))


def test_what_a_stream_has_not_is_not_scored():
    found = measured([(0.1, None, None)] * 4)
    assert found[0] == pytest.approx(0.1)
    assert np.isnan(found[1:]).all()


def test_a_target_that_is_missed_once_has_no_time():
    assert math.isnan(measured([(0.1, None, 50)] * 3 + [(0.1, None, NAN)])[2])


def test_a_diverged_replica_is_at_chance_from_then_on():
    whole = [(0.4, None, 50), (0.6, None, 40), (NAN, NAN, NAN), (NAN, NAN, NAN)]
    online, test, time = measured(whole, status="diverged")
    assert (online, test) == pytest.approx(((0.4 + 0.6 + 0.2 + 0.2) / 4, 0.2))
    assert math.isnan(time)


def test_means_of_many_cells_are_those_of_each_by_itself():
    """Beside a loop over each run's series; runs differ in length, and one lacks a task."""
    rng = np.random.default_rng(0)
    runs = []
    for length in (20, 25, 19, 20):
        rows = []
        for task in range(length):
            rows.append((task, "start", "chance", rng.random()))
            rows.append((task, "end", "accuracy", rng.random()))
            rows.append((task, "start", "accuracy", 5.0))
        runs.append(rows)
    both = run_table(runs, [{"status": "complete"}] * 4)
    for name, when in (("accuracy", "end"), ("chance", "start"), ("absent", "end")):
        found = both.means(name, when, [3, 18, 19])
        for place in range(4):
            series = both.result(place).series(name, when)
            known = [series[task] for task in (3, 18, 19) if task in series]
            expected = sum(known) / 3 if len(known) == 3 else math.nan
            assert found[place] == pytest.approx(expected, rel=1e-15, nan_ok=True)
    assert np.isnan(both.means("accuracy", "end", [3, 18, 19])[2])
