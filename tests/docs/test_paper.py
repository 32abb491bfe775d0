"""benchmarks/paper.py and findings.py decide claims by the numbers that they state."""

import math

import numpy as np
import pandas as pd
import pytest

from benchmarks import findings
from benchmarks.paper import Claim, Scores, claims, table_of_claims
from plasticity_bench.statistics import Interval, mean_interval
from plasticity_bench.suite.loading import suite_named

STREAMS = ("a relu", "a tanh", "a identity", "b relu")
LEARNERS = ("fresh", "adam", "l2", "l2_init", "wasserstein")
SEEDS = 5


@pytest.mark.parametrize(
    ("low", "high", "above", "verdict"),
    [
        (0.1, 0.2, True, "reproduced"),
        (0.1, 0.2, False, "contradicted"),
        (-0.2, -0.1, True, "contradicted"),
        (-0.2, -0.1, False, "reproduced"),
        (-0.1, 0.1, True, "not decided"),
        (-0.1, 0.1, False, "not decided"),
        (math.nan, math.nan, True, "not decided"),
    ],
)
def test_a_claim_is_decided_by_its_whole_interval(low, high, above, verdict):
    assert Claim("text", "number", Interval(0.0, low, high), 0, above).verdict == verdict


@pytest.fixture
def scores():
    drawn = np.random.default_rng(0)
    rows = [
        {
            "stream": stream,
            "learner": learner,
            "seed": seed,
            "retained_plasticity": drawn.normal(),
            "curvature_retention": drawn.normal(),
            "online_accuracy": drawn.normal(),
        }
        for stream in STREAMS
        for learner in LEARNERS
        for seed in range(SEEDS)
    ]
    return Scores(pd.DataFrame(rows).sample(frac=1, random_state=0))


def numbers(interval):
    return [interval.mean, interval.low, interval.high]


def value(scores, stream, learner, seed, column="retained_plasticity"):
    table = scores.table
    at = (table.stream == stream) & (table.learner == learner) & (table.seed == seed)
    (found,) = table[at][column]
    return found


def test_what_a_learner_retains_is_averaged_over_streams_for_each_seed(scores):
    nonlinear = ("a relu", "a tanh", "b relu")
    by_seed = [np.mean([value(scores, s, "adam", k) for s in nonlinear]) for k in range(SEEDS)]
    first = claims(scores)[0]
    assert numbers(first.interval) == pytest.approx(numbers(mean_interval(by_seed)))
    assert first.bound == 1
    assert not first.above


def test_activations_are_compared_on_streams_that_have_both(scores):
    gaps = [
        value(scores, "a tanh", "adam", k) - value(scores, "a relu", "adam", k) for k in range(5)
    ]
    (claim,) = [one for one in claims(scores) if "tanh" in one.text]
    assert numbers(claim.interval) == pytest.approx(numbers(mean_interval(gaps)))


def test_curvature_and_plasticity_are_correlated_over_learners(scores):
    table = scores.table
    curvature = "curvature_retention"
    learners = [name for name in LEARNERS if name != "fresh"]
    for learner in learners:
        for stream in STREAMS:
            at = (table.learner == learner) & (table.stream == stream)
            table.loc[at, curvature] = table.loc[at, "retained_plasticity"] ** 3
    assert numbers(scores.rank_correlation(STREAMS)) == pytest.approx([1, 1, 1])
    table[curvature] *= -1
    assert numbers(scores.rank_correlation(STREAMS)) == pytest.approx([-1, -1, -1])


def test_claims_of_kumar_et_al(scores):
    names = {
        "a relu": "labels a",
        "a tanh": "labels b",
        "a identity": "labels c",
        "b relu": "pixels",
    }
    scores.table["stream"] = scores.table.stream.map(names)
    copied = scores.table[scores.table.learner == "adam"].assign(learner="shrink_and_perturb")
    scores.table = pd.concat([scores.table, copied])
    above, same, least, of_l2, difference = findings.claims(scores)

    def by_seed(learner, *streams):
        return [[value(scores, stream, learner, k) for k in range(SEEDS)] for stream in streams]

    gain = np.subtract(by_seed("l2_init", "pixels"), by_seed("adam", "pixels"))[0]
    assert numbers(above.interval) == pytest.approx(numbers(mean_interval(gain)))
    assert same.interval.mean == 0
    lowest = np.min(by_seed("l2_init", *names.values()), axis=0)
    assert numbers(least.interval) == pytest.approx(numbers(mean_interval(lowest)))
    labels = np.mean(by_seed("l2", "labels a", "labels b", "labels c"), axis=0)
    assert numbers(of_l2.interval) == pytest.approx(numbers(mean_interval(labels)))
    assert not of_l2.above
    every = np.mean(by_seed("l2_init", *names.values()), 0) - np.mean(
        by_seed("l2", *names.values()), 0
    )
    assert numbers(difference.interval) == pytest.approx(numbers(mean_interval(every)))
    assert table_of_claims([same]).splitlines()[2].count("|") == 5


@pytest.mark.parametrize("name", findings.PAPERS)
def test_claims_of_a_small_suite_follow_its_learners_numbers(name):
    """With the suite's own learners and streams; other numbers give other verdicts."""
    suite = suite_named(f"{name}-v0")
    ours = {"l2_init", "continual_backprop", "upgd", "redo", "shrink_and_perturb", "crelu", "l2"}
    best = {"l2_init", "upgd"}

    def verdicts(good, bad):
        rows = [
            {"stream": stream.label, "learner": contender.label, "seed": seed}
            for stream in suite.streams
            for contender in suite.contenders
            for seed in range(3)
        ]
        table = pd.DataFrame(rows)
        level = np.where(table.learner.isin(ours), good, bad) + 0.01 * table.learner.isin(best)
        for column in ("retained_plasticity", "online_accuracy"):
            table[column] = level + table.seed / 1000
        return {claim.verdict for claim in findings.PAPERS[name](Scores(table))}

    assert verdicts(1.0, 0.5) == {"reproduced"}
    assert "contradicted" in verdicts(0.5, 1.5)
