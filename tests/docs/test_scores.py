"""docs/scores.md: its tables by hand are what the code computes."""

import re

import pytest

from plasticity_bench.scoring.scores import Means, score
from tests.support.pages import text_of

PAGE = text_of("docs/scores.md")


def rows(first):
    """The rows of the table whose first heading this is, as lists of numbers and words."""
    table = PAGE[PAGE.index(f"| {first} |") :].partition("\n\n")[0]
    lines = [[run.strip() for run in line.strip("|").split("|")] for line in table.splitlines()]
    return {line[0]: [number(run) for run in line[1:]] for line in lines[2:]}


def number(text):
    return float(text) if re.fullmatch(r"[\d.]+", text) else text


def means(accuracy, curvature, chance, dead_rank, diverged=False):
    return Means(accuracy, curvature, dead_rank, chance, diverged, 0.0)


TASKS, SEEDS = rows("task"), rows("seed")
_, CHANCE, FRESH_ACCURACY, _, DEAD_RANK, FRESH_RANK = TASKS["mean"]
FRESH = means(FRESH_ACCURACY, FRESH_RANK, CHANCE, DEAD_RANK)


def test_means_over_tasks():
    for one, other, mean in zip(TASKS["18"], TASKS["19"], TASKS["mean"]):
        assert mean == pytest.approx((one + other) / 2)
    accuracy, _, _, rank, _, _ = TASKS["mean"]
    assert SEEDS["0"][:2] == [accuracy, rank]


@pytest.mark.parametrize("seed", ["0", "1", "2"])
def test_scores_of_seeds(seed):
    accuracy, rank, trainability, retention = SEEDS[seed]
    if accuracy == "diverged":
        own = means(0.5, 100.0, CHANCE, DEAD_RANK, diverged=True)
    else:
        own = means(accuracy, rank, CHANCE, DEAD_RANK)
    found = score(own, FRESH)
    assert (found.trainability, found.retention) == pytest.approx((trainability, retention))


def test_ratios_before_clipping():
    accuracy, rank, *_ = SEEDS["1"]
    found = score(means(accuracy, rank, CHANCE, DEAD_RANK), FRESH)
    raw = (accuracy - CHANCE) / (FRESH_ACCURACY - CHANCE)
    assert f"its ratios of {raw:.3f} and {found.retention_raw:.2f} are clipped" in PAGE


def test_means_over_seeds():
    for column in (2, 3):
        scores = [SEEDS[seed][column] for seed in "012"]
        assert SEEDS["mean"][column] == round(sum(scores) / 3, 3)
