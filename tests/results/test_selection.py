"""Which runs count: those of the last request of each learner, on the last version of a stream."""

import pytest

from plasticity_bench.errors import BadInputError
from plasticity_bench.results import (
    GroupNotes,
    LearnerOnStream,
    Results,
    Row,
    Run,
    Scoring,
    select,
    store_request,
)


def runs(learner, seeds, *, code="a", step_size=0.1, stream_source="v1"):
    identity = {
        "stream": {"id": "lab/Own-v0", "parameters": {"num_tasks": 10}, "source": stream_source},
        "network": {"hidden": [8]},
        "learner": {
            "class": "Own",
            "source": code * 64,
            "hyperparameters": {"label": learner, "step_size": step_size},
        },
        "protocol": {"curvature_examples": 16},
    }
    return list(Run.of_seeds("s", learner, identity, seeds))


@pytest.fixture
def results(tmp_path):
    return Results(tmp_path / "own-v0@01234567")


def request(results, *groups, reference="fresh", **others):
    requested = [run for group in groups for run in group]
    for run in requested:
        results.save(run, [Row(0, "end", "accuracy", 0.5)], {"status": "complete"})
    scoring = Scoring(reference, {"s": [9]})
    store_request(results.folder, "own", "run own", requested, scoring=scoring, **others)


def selected(results, learner):
    return [run for run in select(results).runs if run.learner == learner]


def test_the_code_that_was_requested_last_counts_with_all_of_its_seeds(results):
    first, second = runs("own", range(4)), runs("own", range(2), code="b")
    request(results, first, runs("fresh", range(4)))
    request(results, second)
    assert selected(results, "own") == second
    request(results, first[:1])
    assert selected(results, "own") == first  # of the seeds, all that were ever requested
    assert "own: the last of 2 versions, code aaaaaaaa" in select(results).sentences[0]


def test_a_request_of_one_learner_changes_no_other(results):
    adam = runs("adam", range(3))
    request(results, adam, runs("fresh", range(3)))
    request(results, runs("own", range(2)), runs("fresh", range(2)))
    assert selected(results, "adam") == adam
    assert selected(results, "fresh") == runs("fresh", range(3))
    assert select(results).sentences == ["Selection: 2 to 3 seeds; relative to fresh."]


def test_reading_changes_nothing(results):
    request(results, runs("fresh", range(3)))
    files = {path: path.read_bytes() for path in results.folder.rglob("*") if path.is_file()}
    assert select(results).stored
    assert files == {p: p.read_bytes() for p in results.folder.rglob("*") if p.is_file()}


def test_tuned_and_untuned_are_two_rows_and_the_reference_is_the_tuned_one(results):
    request(results, runs("own", range(3)), runs("fresh", range(3)))
    assert select(results).reference == "fresh"
    origin = {"file": "tuned.yaml", "sha256": "1234567890"}
    tuned = [runs(f"{name} (tuned)", range(2), step_size=0.2) for name in ("own", "fresh")]
    notes = {LearnerOnStream("s", "own (tuned)"): GroupNotes(tuned=origin)}
    request(results, *tuned, notes=notes)
    selection = select(results)
    assert selection.learners == ["own", "fresh", "own (tuned)", "fresh (tuned)"]
    assert selection.reference == "fresh (tuned)"
    assert "own (tuned) by tuned.yaml 12345678" in selection.sentences[0]
    assert select(results, "fresh").reference == "fresh"
    assert selection.checked("own") == "own"


def test_the_mark_may_be_left_out_where_it_is_clear(results):
    request(results, runs("own (tuned)", range(2)), runs("fresh", range(2)))
    assert select(results).checked("own") == "own (tuned)"
    assert select(results).only(["own"]).learners == ["own (tuned)", "fresh"]
    with pytest.raises(BadInputError, match="no learner 'onw'. Known: fresh, own"):
        select(results).checked("onw")


def test_runs_on_an_earlier_version_of_a_stream_do_not_count(results):
    """Scores are relative to the reference on the same tasks."""
    request(results, runs("own", range(3)), runs("fresh", range(3)))
    request(results, runs("fresh", range(3), stream_source="v2"))
    selection = select(results)
    assert selection.learners == ["fresh"]
    assert selection.sentences[1:] == [
        "own: results of an earlier version of a stream or of the evaluator are left out; "
        "run it again."
    ]


def test_networks_of_their_own_are_said(results):
    notes = {LearnerOnStream("s", "own"): GroupNotes(own_network=True)}
    request(results, runs("own", range(2)), runs("fresh", range(2)), notes=notes)
    assert "Networks of their own: own; fresh has the suite's." in select(results).sentences


def test_the_reference_and_the_scored_tasks_are_stored(results):
    request(results, runs("base", range(2)), runs("own", range(2)), reference="base")
    selection = select(results)
    assert selection.reference == "base"
    assert selection.requests.scoring.tasks == {"s": [9]}
    with pytest.raises(BadInputError, match="no results of the reference 'bas'. Name .* 'base'"):
        select(results, "bas")


def test_without_a_request_the_settings_with_most_seeds_count(results):
    few, many = runs("own", range(2), code="b"), runs("own", range(3))
    for run in (*few, *many):
        results.save(run, [Row(0, "end", "accuracy", 0.5)], {"status": "complete"})
    assert selected(results, "own") == many


def test_an_empty_folder_is_refused(results):
    with pytest.raises(BadInputError, match="holds no finished results"):
        select(results)
