"""The table's layouts: few streams beside one another, many below one another."""

from dataclasses import replace

import pytest

from plasticity_bench.scoring import score_table
from plasticity_bench.scoring.score_table import Entry, notices, render
from plasticity_bench.scoring.scores import Score
from plasticity_bench.statistics import Interval


def entry(stream, learner, trainability, num_diverged=0):
    interval = Interval(trainability, trainability - 0.1, trainability + 0.1)
    return Entry(stream, learner, 10, interval, None, 0.5, 0.5, 9.0, 1.5, num_diverged)


def test_means_before_clipping_are_of_the_seeds_that_did_not_diverge():
    """A replica may diverge in the last task, after its curvature was measured."""
    healthy = Score(0.5, 0.5, 0.6, 0.7, 30.0, diverged=False, seconds=1.0)
    diverged = Score(0.0, 0.0, 0.2, float("nan"), 10.0, diverged=True, seconds=3.0)
    found = score_table.entry("s", "l", [healthy, diverged])
    assert (found.retention_raw, found.accuracy, found.curvature) == (0.6, 0.7, 30.0)
    assert (found.trainability.mean, found.seconds, found.num_diverged) == (0.25, 2.0, 1)


def table(num_streams):
    """`weak` is ahead on the last stream only."""
    streams = [f"s{index}" for index in range(num_streams)]
    strong = [entry(s, "strong", 0.9 if s != streams[-1] else 0.2) for s in streams]
    weak = [entry(s, "weak", 0.5, num_diverged=2) for s in streams]
    return [*weak, *strong]


def rows(text):
    return [[run.strip() for run in line.split("|")[1:-1]] for line in text.splitlines()[2:]]


def test_few_streams_stand_beside_one_another():
    shown = render(table(3), "markdown")
    assert "s0 trainability" in shown.splitlines()[0]
    assert [row[0] for row in rows(shown)] == ["strong", "weak (6 diverged)"]
    assert rows(shown)[0][1:3] == ["0.90 [0.80, 1.00]", "n/a"]


def test_many_streams_stand_below_one_another_each_ranked():
    found = rows(render(table(4), "markdown"))
    assert [row[:2] for row in found[:3]] == [
        ["s0", "strong"],
        ["", "weak (2 diverged)"],
        ["s1", "strong"],
    ]
    assert [row[:2] for row in found[-2:]] == [["s3", "weak (2 diverged)"], ["", "strong"]]
    assert found[0][2:] == ["0.90 [0.80, 1.00]", "n/a", "1.50", "10"]


@pytest.mark.parametrize("style", ["table", "latex"])
@pytest.mark.parametrize("streams", [2, 5])
def test_every_style_has_every_learner_of_every_stream(style, streams):
    shown = render(table(streams), style)
    assert shown.count("weak") == shown.count("strong") == (1 if streams == 2 else 5)


def test_a_row_of_few_seeds_says_so():
    few = [replace(own, num_seeds=3) for own in table(1)]
    assert [row[-1] for row in rows(render(few, "markdown"))] == ["3 (too few)"] * 2
    assert [row[-1] for row in rows(render(table(1), "markdown"))] == ["10"] * 2


def scored(stream, learner, trainability):
    """The entry of a learner whose seeds have these trainabilities."""
    scores = [Score(t, 0.5, 0.5, 0.7, 30.0, diverged=False, seconds=1.0) for t in trainability]
    return score_table.entry(stream, learner, scores)


def test_a_stream_or_a_seed_without_gain_unranks_nobody():
    nan = float("nan")
    values = {"worse": [0.1, 0.2, 0.3], "best": [0.9, nan, 0.9], "middle": [0.5, 0.5, 0.5]}
    table = [
        scored(stream, learner, [nan] * 3 if stream == "no gain" else values[learner])
        for learner in values
        for stream in ("no gain", "gain")
    ]
    assert [row.split()[0] for row in render(table, "table").splitlines()[3:]] == [
        "best",
        "middle",
        "worse",
    ]
    best = table[3]
    assert (best.trainability.mean, best.num_without_gain, best.num_seeds) == (0.9, 1, 3)
    assert best.trainability == scored("gain", "best", [0.9, 0.9]).trainability
    assert notices(table) == [
        "no gain: the reference gains nothing, so there is no trainability; learners are sorted "
        "by the other streams.",
        "gain: the reference gains nothing with 1 of 3 seeds; trainability is that of the others.",
    ]
    assert notices([scored("gain", "worse", values["worse"])]) == []


def test_a_learner_that_is_not_finished_everywhere_is_last():
    table = [scored(s, name, [value]) for name, value in (("a", 0.1), ("b", 0.9)) for s in "st"]
    table[3] = scored("t", "b", [])
    rows = render(table, "table").splitlines()[3:]
    assert [row.split()[0] for row in rows] == ["a", "b"]
