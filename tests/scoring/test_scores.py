"""Scores by hand: the worked examples of docs/scores.md, and the edge cases."""

import json
import math

import numpy as np
import pytest

from plasticity_bench.evaluation.protocol import Protocol
from plasticity_bench.results import RunTable
from plasticity_bench.results.parquet import seconds_of
from plasticity_bench.scoring.scores import means, score

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


def scored(result, reference=FRESH):
    (own,), (fresh,) = (list(means(b, PROTOCOL, [18, 19])) for b in (result, reference))
    return score(own, fresh)


def test_the_worked_example():
    found = scored(run([0.4, 0.6], [59.0, 159.0]))
    assert found.trainability == pytest.approx((0.5 - 0.1) / (0.9 - 0.1))  # 0.5
    assert found.retention == pytest.approx((109 - 9) / (209 - 9))  # 0.5
    assert found.accuracy == pytest.approx(0.5)
    assert found.curvature == pytest.approx(109)
    assert found.seconds == 3.0


def test_the_reference_scores_one_and_a_dead_network_zero():
    assert (scored(FRESH).trainability, scored(FRESH).retention) == (1, 1)
    dead = scored(run([0.1, 0.1], [9.0, 9.0]))
    assert (dead.trainability, dead.retention) == (0, 0)


def test_scores_are_clipped_and_the_raw_ratio_is_kept():
    better = scored(run([1.0, 1.0], [249.0, 249.0]))
    assert (better.trainability, better.retention) == (1, 1)
    assert better.retention_raw == pytest.approx(1.2)
    worse = scored(run([0.05, 0.05], [0.0, 0.0]))
    assert (worse.trainability, worse.retention) == (0, 0)
    assert worse.retention_raw < 0


def test_a_diverged_member_scores_worst_and_is_not_dropped():
    nan = float("nan")
    found = scored(run([nan, nan], [nan, nan], status="diverged"))
    assert (found.trainability, found.retention, found.diverged) == (0, 0, True)


def test_where_the_reference_gains_nothing_there_is_no_score():
    found = scored(run([0.5, 0.5], [100.0, 100.0]), run([0.1, 0.1], [9.0, 9.0]))
    assert math.isnan(found.trainability)
    assert math.isnan(found.retention)
    nan = float("nan")
    diverged = run([nan, nan], [nan, nan], status="diverged")
    for reference in (run([0.1, 0.1], [9.0, 9.0]), diverged):
        found = scored(diverged, reference)
        assert math.isnan(found.trainability)
        assert math.isnan(found.retention)


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
