"""The table's rows, columns and order."""

from dataclasses import replace

import pytest

import plasticity_bench as pb
from plasticity_bench.cli.options import SCORE_NAMES
from plasticity_bench.results import LearnerOnStream
from plasticity_bench.scoring import score_table
from plasticity_bench.scoring.score_table import COLUMNS, chosen_columns, notices, record, render
from plasticity_bench.scoring.scores import SCORES, WORDS
from tests.support.helpers import a_score

NAN = float("nan")


def scored(stream, learner, trainability, **changes):
    """The entry of a learner whose seeds have these trainabilities."""
    scores = [a_score(t, **changes) for t in trainability]
    return score_table.entry(LearnerOnStream(stream, learner), scores, flops=1.25)


def test_plain_means_are_of_the_seeds_that_did_not_diverge():
    """A replica may diverge in the last task, after its curvature was measured."""
    healthy = a_score(0.5, 0.5, curvature_to_reference=0.6, accuracy=0.7, curvature=30.0)
    diverged = a_score(0.0, 0.0, accuracy=NAN, diverged=True, seconds=3.0)
    found = score_table.entry(LearnerOnStream("s", "l"), [healthy, diverged])
    assert (found.curvature_to_reference, found.accuracy, found.curvature) == (0.6, 0.7, 30.0)
    assert (found.scores["trainability"].mean, found.seconds, found.num_diverged) == (0.25, 2.0, 1)


def table(num_streams):
    """`weak` is ahead on the last stream only."""
    streams = [f"s{index}" for index in range(num_streams)]
    strong = [scored(s, "strong", [0.9 if s != streams[-1] else 0.2] * 10) for s in streams]
    weak = [replace(scored(s, "weak", [0.5] * 10), num_diverged=2) for s in streams]
    return [*weak, *strong]


def rows(text):
    return [[run.strip() for run in line.split("|")[1:-1]] for line in text.splitlines()[2:]]


def test_streams_stand_below_one_another_each_ranked():
    found = rows(render(table(3), "markdown"))
    assert [row[:2] for row in found] == [
        ["s0", "strong"],
        ["", "weak (2 diverged)"],
        ["s1", "strong"],
        ["", "weak (2 diverged)"],
        ["s2", "weak (2 diverged)"],
        ["", "strong"],
    ]
    assert found[0][2:] == [
        *("0.90 [0.90, 0.90]", "0.90 [0.90, 0.90]", "0.50 [0.50, 0.50]", "0.50 [0.50, 0.50]"),
        *("1.2", "10"),
    ]


def test_columns_are_chosen_by_name():
    shown = render(table(1), "markdown", chosen_columns("time,rank,trainability"))
    header = [part.strip() for part in shown.splitlines()[0].split("|")[1:-1]]
    assert header == [
        "stream",
        "learner",
        "updates to target",
        "curvature rank",
        "trainability",
        "seeds",
    ]
    assert rows(shown)[0][2:5] == ["n/a", "10.0", "0.50 [0.50, 0.50]"]
    assert chosen_columns("all") == tuple(COLUMNS)
    with pytest.raises(pb.BadInputError, match="no column 'retaned'. Did you mean 'retained'"):
        chosen_columns("trainability,retaned")


def test_names_are_the_same_everywhere():
    assert SCORE_NAMES == tuple(SCORES) == tuple(WORDS)
    assert set(SCORES) <= set(COLUMNS)


@pytest.mark.parametrize("style", ["table", "latex"])
@pytest.mark.parametrize("streams", [2, 5])
def test_every_style_has_every_learner_of_every_stream(style, streams):
    shown = render(table(streams), style)
    assert shown.count("weak") == shown.count("strong") == streams


def test_a_row_of_few_seeds_says_so():
    few = [replace(own, num_seeds=3) for own in table(1)]
    assert [row[-1] for row in rows(render(few, "markdown"))] == ["3 (too few)"] * 2
    assert [row[-1] for row in rows(render(table(1), "markdown"))] == ["10"] * 2


def test_a_stream_or_a_seed_without_gain_unranks_nobody():
    values = {"worse": [0.1, 0.2, 0.3], "best": [0.9, NAN, 0.9], "middle": [0.5, 0.5, 0.5]}
    table = [
        scored(
            stream,
            learner,
            [NAN] * 3 if stream == "no gain" else values[learner],
            retained_plasticity=1.0,
        )
        for learner in values
        for stream in ("no gain", "gain")
    ]
    assert [row[1] for row in rows(render(table, "markdown"))[3:]] == ["best", "middle", "worse"]
    best = table[3]
    mean = best.scores["trainability"].mean
    assert (mean, best.num_without_gain, best.num_seeds) == (0.9, 1, 3)
    assert best.scores["trainability"] == scored("gain", "best", [0.9, 0.9]).scores["trainability"]
    assert notices(table) == [
        "no gain: the reference gains nothing, so there is no trainability; learners are sorted "
        "by the other streams.",
        "gain: the reference gains nothing with 1 of 3 seeds; trainability is that of the others.",
    ]
    assert notices([scored("gain", "worse", values["worse"])]) == []


def test_learners_whose_intervals_do_not_hold_are_named():
    lost = scored("s", "lost", [0.0, 0.1, 0.0])
    assert notices([lost, scored("s", "new", [0.5, 0.0, 0.6])]) == [
        "s: lost learned next to nothing; near a limit, intervals are too short "
        "(docs/statistics.md)."
    ]
    assert notices([scored("s", "without interval", [0.0])]) == []


def test_what_has_no_own_fresh_copy_is_named():
    without = scored("s", "old", [0.5], retained_plasticity=NAN)
    assert notices([without, scored("s", "new", [0.5])]) == [
        "s: no retained plasticity of old: an own fresh copy was not run, or gains nothing."
    ]


def test_a_time_is_shown_only_if_every_seed_reaches_the_target():
    def time(*updates):
        scores = [a_score(updates_to_target=u) for u in updates]
        return score_table.entry(LearnerOnStream("s", "l"), scores)

    assert COLUMNS["time"].text(time(40.0, 50.0, 60.0)) == "50 [25, 75]"
    assert COLUMNS["time"].text(time(40.0, NAN)) == "n/a"
    assert record(time(40.0, NAN))["updates_to_target"] != 40.0


def test_a_learner_that_is_not_finished_is_last():
    table = [scored("s", name, [value]) for name, value in (("a", -0.1), ("b", 0.9))]
    table.append(scored("s", "c", []))
    assert [row[1] for row in rows(render(table, "markdown"))] == ["b", "a", "c"]
    assert rows(render(table, "markdown"))[-1][2] == "n/a"
