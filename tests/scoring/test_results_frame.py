"""Results as a data frame: every number once, settings and code apart, and scores of what it has."""

import json

import pandas as pd
import pytest

import plasticity_bench as pb
from plasticity_bench.results import Results, Row, Run, store_request
from plasticity_bench.scoring import score_table
from plasticity_bench.scoring.results_frame import COLUMNS
from tests.support import report_results


@pytest.fixture
def results(tmp_path):
    return report_results.write(tmp_path)


def test_every_number_is_one_row(results):
    frame = pb.load_results(str(results.folder))
    assert tuple(frame.columns) == COLUMNS
    assert frame["selected"].all()
    keys = ["stream", "learner", "setting", "code", "seed", "task", "when", "measurement"]
    assert not frame.duplicated(keys).any()
    assert frame["value"].dtype == float and frame["task"].dtype.kind == "i"
    assert json.loads(frame["setting"].iloc[0])["step_size"] == 0.1
    stored = {(r.stream, r.learner, r.seed): result for r, result in results.stored()}
    groups = frame.groupby(["stream", "learner", "seed"], observed=True)
    assert set(groups.groups) == set(stored)
    for key, part in groups:
        assert part["value"].tolist() == stored[key].columns["value"].tolist()


@pytest.mark.parametrize("packed", [False, True])
def test_the_files_can_be_read_without_this_package(results, packed):
    """As docs/results-on-disk.md describes them."""
    if packed:
        results.pack(many=1)
    names = ["task", "when", "name", "value"]
    parts = []
    for path in results.folder.glob("packs/*/*/*.parquet"):
        pack = pd.read_parquet(path, columns=["stream", "learner", "seed", *names])
        parts.append(pack.explode(names))
    for path in results.folder.glob("cells/*/*/seed*/measurements.parquet"):
        run = pd.read_json(path.with_name("cell.json"), typ="series")
        parts.append(pd.read_parquet(path).assign(**run[["stream", "learner", "seed"]]))
    by_run = pd.concat(parts).groupby(["stream", "learner", "seed"]).value.sum().astype(float)
    frame = pb.load_results(results.folder)
    expected = frame.groupby(["stream", "learner", "seed"], observed=True).value.sum()
    assert by_run.to_dict() == pytest.approx(expected.to_dict(), nan_ok=True)


def test_other_settings_are_rows_of_their_own_and_change_no_score(results):
    """Ten seeds untuned and ten tuned under one label were once averaged."""
    scores = pb.load_results(results.folder).scores()
    run = next(r for r in report_results.runs() if r.learner == "adam")
    changed = {**run.identity["learner"], "hyperparameters": {"step_size": 0.5}, "source": "b" * 64}
    other = Run(run.stream, run.learner, 0, {**run.identity, "learner": changed})
    results.save(other, [Row(0, "end", "accuracy", 0.0)], {"status": "complete"})
    assert len(pb.load_results(results.folder)) == len(pb.load_results(results.folder))
    frame = pb.load_results(results.folder, everything=True)
    adam = frame[(frame.learner == "adam") & (frame.stream == run.stream) & (frame.seed == 0)]
    assert adam["code"].nunique() == adam["setting"].nunique() == 2
    assert adam.groupby("code", observed=True)["selected"].all().to_dict() == {
        "00000000": True,
        "bbbbbbbb": False,
    }
    pd.testing.assert_frame_equal(frame.scores(), scores)


def test_scores_are_of_the_rows_that_are_left(results):
    frame = pb.load_results(results.folder)
    scores = frame[(frame.stream == "easy") & (frame.seed < 2)].scores()
    assert set(scores["stream"]) == {"easy"}
    assert set(scores["num_seeds"]) == {2}
    by_seed = frame.scores(by_seed=True)
    adam = by_seed[(by_seed.stream == "easy") & (by_seed.learner == "adam") & (by_seed.seed < 2)]
    mean = scores.set_index("learner").loc["adam", "trainability"]
    assert mean == pytest.approx(adam["trainability"].mean())


def test_the_numbers_are_those_of_the_csv(results):
    scores = pb.load_results(results.folder).scores()
    entries = score_table.entries(pb.load_results(results.folder).selection)
    expected = [score_table.record(e) for e in entries if e.num_seeds]
    pd.testing.assert_frame_equal(
        scores.sort_values(["learner", "stream"], ignore_index=True),
        pd.DataFrame(expected).sort_values(["learner", "stream"], ignore_index=True),
    )


def test_what_cannot_be_loaded_is_said(tmp_path, results):
    with pytest.raises(pb.BadInputError, match="holds no finished results"):
        pb.load_results(tmp_path / "nowhere")
    own = Results(tmp_path / "own")
    store_request(own.folder, "s", "run", list(report_results.runs()))
    with pytest.raises(pb.BadInputError, match="holds no finished results"):
        pb.load_results(own.folder)
    frame = type(pb.load_results(results.folder))({"learner": ["a"]})
    with pytest.raises(ValueError, match="load the results again"):
        frame.scores()
