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
_, CHANCE, FRESH_ACCURACY, OWN_ACCURACY, _, DEAD_RANK, FRESH_RANK, OWN_RANK = TASKS["mean"]
FRESH = means(FRESH_ACCURACY, FRESH_RANK, CHANCE, DEAD_RANK)
OWN_FRESH = means(OWN_ACCURACY, OWN_RANK, CHANCE, DEAD_RANK)


def test_means_over_tasks():
    for one, other, mean in zip(TASKS["18"], TASKS["19"], TASKS["mean"]):
        assert mean == pytest.approx((one + other) / 2)
    assert SEEDS["0"][:2] == [TASKS["mean"][0], TASKS["mean"][4]]


@pytest.mark.parametrize("seed", ["0", "1", "2"])
def test_scores_of_seeds(seed):
    accuracy, rank, *expected = SEEDS[seed]
    if accuracy == "diverged":
        own = means(0.5, 100.0, CHANCE, DEAD_RANK, diverged=True)
    else:
        own = means(accuracy, rank, CHANCE, DEAD_RANK)
    found = score(own, FRESH, OWN_FRESH)
    ours = (found.trainability, found.retained_plasticity, found.curvature_retention)
    assert ours == pytest.approx(expected)


def test_the_ratio_to_the_reference():
    accuracy, rank, *_ = SEEDS["0"]
    found = score(means(accuracy, rank, CHANCE, DEAD_RANK), FRESH, OWN_FRESH)
    shown = f"$({rank:g} - {DEAD_RANK:g}) / ({FRESH_RANK:g} - {DEAD_RANK:g})"
    assert f"{shown} = {found.curvature_to_reference:g}$" in PAGE


def test_means_over_seeds():
    for column in (2, 3, 4):
        scores = [SEEDS[seed][column] for seed in "012"]
        assert SEEDS["mean"][column] == pytest.approx(sum(scores) / 3, abs=5e-4)
