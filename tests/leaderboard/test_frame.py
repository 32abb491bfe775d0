"""The rows of the leaderboard as values: `load_leaderboard`, CSV and JSON."""

import io
import json
import math

import numpy as np
import pandas as pd
import pytest

import plasticity_bench as pb
from plasticity_bench.cli import main
from plasticity_bench.leaderboard import frame, page
from plasticity_bench.leaderboard.manifest import read_manifest
from plasticity_bench.suite.loading import load_suite
from tests.support.entries import change_manifest, runs_of_trial
from tests.support.pages import ROOT

LEADERBOARD = ROOT / "leaderboard"


@pytest.fixture
def tables(entry):
    suite = load_suite(str(entry.parents[2] / "tiny.yaml"))
    return page.tables_of(entry.parents[1], [suite], print)


@pytest.fixture
def rows(tables):
    return frame.frame(tables).set_index("entry")


def test_scores_are_means_of_the_manifests(rows, entry):
    """Of what `submit` stored, averaged here over streams and seeds."""
    for name in ("mine", "adam"):
        stored = read_manifest(entry.parent / name).scores.values()
        for score in ("trainability", "retained_plasticity", "curvature_retention"):
            values = np.array([getattr(stream, score) for stream in stored], dtype=float)
            values = values[:, ~np.isnan(values).any(axis=0)]  # seeds without a score on a stream
            assert rows.loc[name, score] == pytest.approx(np.mean(values))
            low, high = rows.loc[name, [f"{score}_low", f"{score}_high"]]
            assert (low + high) / 2 == pytest.approx(np.mean(values)) and low < high


def test_headroom_is_what_a_perfect_learner_would_have(rows, entry):
    """From the reference's measurements, with the last of four tasks scored."""
    room = []
    for info, measured in runs_of_trial(entry):
        if info["learner"] == "fresh":
            last = {(when, name): value for task, when, name, value in measured if task == 3}
            chance, reached = last["start", "chance"], last["end", "accuracy"]
            room.append((1 - chance) / (reached - chance) - 1)
    assert len(room) == 6
    assert rows.loc["mine", "headroom"] == pytest.approx(np.mean(room))


def test_costs_and_settings(rows, entry):
    mine, adam = rows.loc["mine"], rows.loc["adam"]
    assert (mine["settings"], mine["searched_settings"]) == ("tuned", 2)
    assert mine["searched_updates"] == 2 * 2 * 2 * 20  # settings, streams, tasks, updates of a task
    assert (adam["settings"], pd.isna(adam["searched_updates"])) == ("suite's", True)
    assert (adam["flops"], adam["boundaries"], adam["recorded"]) == (1.0, False, True)
    assert (mine["learner"], mine["authors"]) == ("my_module:Learner", "A. B, C. D")
    assert adam["paper"] == "https://arxiv.org/abs/1412.6980"
    assert (rows.loc["fresh", "remark"], rows.loc["fresh", "tie_group"]) == ("reference", "")
    assert set(rows.loc[["mine", "adam"], "rank"]) <= {1, 2}
    assert (entry.parents[2] / adam["files"] / "manifest.json").is_file()


def test_nothing_is_known_of_an_unrecorded_learner(entry):
    change_manifest(entry, lambda m: m.update(flags={"recorded": False}))
    suite = load_suite(str(entry.parents[2] / "tiny.yaml"))
    rows = frame.frame(page.tables_of(entry.parents[1], [suite], print)).set_index("entry")
    mine = rows.loc["mine"]
    assert not mine["recorded"]
    assert all(pd.isna(mine[name]) for name in ("flops", "memory", "constants", "boundaries"))


def test_csv_and_json_have_the_same(tables):
    from_csv = pd.read_csv(io.StringIO(frame.to_csv(tables)))
    assert tuple(from_csv.columns) == frame.COLUMNS
    content = json.loads(frame.to_json(tables))
    (suite,) = content["suites"]
    assert (suite["suite"], suite["streams"]) == ("tiny-v0", ["labels", "pixels"])
    for line, entry in zip(from_csv.to_dict("records"), content["entries"], strict=True):
        for name, value in line.items():
            missing = isinstance(value, float) and math.isnan(value)
            assert entry[name] == (
                "" if missing and entry[name] == "" else None if missing else value
            )
        means = [stream["trainability"][0] for stream in entry["streams"]]
        assert np.mean(means) == pytest.approx(entry["trainability"])


@pytest.mark.slow
def test_every_entry_of_the_repository_is_loaded(monkeypatch, tmp_path):
    folders = {
        (p.parent.parent.name, p.parent.name) for p in LEADERBOARD.glob("entries/*/*/manifest.json")
    }
    monkeypatch.chdir(tmp_path)  # the clone that the package is installed from
    loaded = pb.load_leaderboard()
    assert set(zip(loaded["suite"], loaded["entry"])) == folders
    ranked = loaded[loaded["suite"] == "quick-v1"].dropna(subset="rank")
    # A letter for each rank, in the order of the ranks.
    pairs = ranked[["rank", "tie_group"]].drop_duplicates().sort_values("rank")
    letters = pairs["tie_group"].tolist()
    assert letters == [chr(ord("a") + i) for i in range(len(letters))]
    assert ranked["trainability"].is_monotonic_decreasing


def test_a_path_is_the_repository_or_its_entries(tmp_path, monkeypatch):
    place = tmp_path / "clone" / "entries" / "quick-boundaries-v0"
    place.mkdir(parents=True)
    for name in ("fresh", "adam"):
        (place / name).symlink_to(LEADERBOARD / "entries" / place.name / name)
    with pytest.raises(pb.BadInputError, match="no entries in .*nowhere: give load_leaderboard"):
        pb.load_leaderboard(tmp_path / "nowhere")
    assert pb.load_leaderboard(tmp_path / "clone").empty  # links are not followed
    for name in ("fresh", "adam"):
        (place / name).unlink()
        (place / name).mkdir()
        for file in ("manifest.json", "measurements.parquet", "tuning.yaml"):
            source = LEADERBOARD / "entries" / place.name / name / file
            (place / name / file).write_bytes(source.read_bytes())
    for path in (tmp_path / "clone", str(tmp_path / "clone" / "entries")):
        assert list(pb.load_leaderboard(path)["entry"]) == ["fresh", "adam"]
    change_manifest(place / "adam", lambda m: m.pop("authors"))
    with pytest.warns(UserWarning, match="does not fit the schema: authors") as told:
        assert list(pb.load_leaderboard(tmp_path / "clone")["entry"]) == ["fresh"]
    assert [warning.filename for warning in told] == [__file__]


@pytest.mark.slow
def test_the_command_prints_csv_and_json_of_all_suites(capsys, monkeypatch):
    monkeypatch.chdir(ROOT)
    assert main(["leaderboard", "--format", "csv"]) == 0
    table = pd.read_csv(io.StringIO(capsys.readouterr().out))
    assert set(table["suite"]) == {"standard-v0", "quick-v1", "quick-boundaries-v1"}
    assert main(["leaderboard", "--format", "json", "--suite", "quick-boundaries"]) == 0
    content = json.loads(capsys.readouterr().out)
    assert {entry["suite"] for entry in content["entries"]} == {"quick-boundaries-v1"}
