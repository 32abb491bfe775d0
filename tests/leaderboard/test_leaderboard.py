"""From results to a leaderboard: submit, leaderboard, compare, and what CI does with entries."""

import csv
import io
import json
import re
import shutil
import subprocess
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
import yaml

from plasticity_bench.cli import main
from plasticity_bench.errors import BadInputError
from plasticity_bench.leaderboard import frame, page, rules_files
from plasticity_bench.leaderboard.entry import (
    entry_sha256,
    read_entry,
    scores_of,
    source_bytes_sha256,
)
from plasticity_bench.leaderboard.flags import flags_from
from plasticity_bench.leaderboard.manifest import MANIFEST, Flags, read_manifest
from plasticity_bench.leaderboard.ranking import AVERAGED, Row, _method
from plasticity_bench.leaderboard.rendering import needs, render
from plasticity_bench.leaderboard.settings import Settings
from plasticity_bench.leaderboard.verification import status_of
from plasticity_bench.learners.method import Method
from plasticity_bench.results import Results, select
from plasticity_bench.scoring import comparison
from plasticity_bench.scoring.ranking import common, rank_rows
from plasticity_bench.scoring.score_table import entries as table_entries
from plasticity_bench.scoring.scores import SCORES
from plasticity_bench.statistics import Interval, Rank, paired_difference, sign_flip_p_values
from plasticity_bench.suite.loading import load_suite
from tests.support.entries import SUITE, change_manifest, change_runs, put, runs_of_trial

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Results of a tiny suite with one more baseline, and entries of all three."""
    folder = tmp_path_factory.mktemp("leaderboard")
    suite, results = folder / "tiny.yaml", folder / "results"
    suite.write_text(SUITE)
    command = ["run", str(suite), "--learner", "l2_init", "--jobs", "1", "--results", str(results)]
    assert main(command) == 0
    (found,) = results.glob("tiny-v0@*")
    for name in ("fresh", "adam", "l2_init"):
        assert main(["submit", str(found), "--name", name, "--authors", "A", "--learner", name,
                     "--suite", str(suite), "--output", str(folder / "entries")]) == 0  # fmt: skip
    return folder


@pytest.fixture
def folder(made, tmp_path, monkeypatch):
    """A copy to spoil, as the current folder."""
    shutil.copytree(made, tmp_path / "copy")
    monkeypatch.chdir(tmp_path / "copy")
    return tmp_path / "copy"


@pytest.fixture
def suite(folder):
    return load_suite("tiny.yaml")


def results_of(folder):
    (found,) = (folder / "results").glob("tiny-v0@*")
    return found


def submit(folder, *arguments, learner="adam"):
    own = ["--learner", learner] if learner else []
    return main(["submit", str(results_of(folder)), "--name", "new", "--authors", "A. B, C. D",
                 "--suite", "tiny.yaml", "--output", "entries", *own, *arguments])  # fmt: skip


# ---- submitting ----------------------------------------------------------------------------------


@pytest.mark.slow
def test_an_entry_holds_what_the_table_shows(folder, suite):
    """Scores from the entry alone are those of the table, which reads the whole results."""
    table = table_entries(select(Results(results_of(folder))))
    entry = read_entry(folder / "entries" / "tiny-v0" / "adam", "fresh")
    for stream, scores in scores_of(entry, suite).items():
        (row,) = [e for e in table if (e.stream, e.learner) == (stream, "adam")]
        for name, field in SCORES.items():
            mean = np.mean([getattr(s, field) for s in scores.values()])
            assert mean == pytest.approx(row.scores[name].mean, nan_ok=True)
        assert np.isfinite(row.scores["retained"].mean)
        stated = entry.manifest.scores[stream].trainability
        assert stated == [scores[seed].trainability for seed in range(3)]


@pytest.mark.slow
def test_what_the_manifest_says(folder, suite):
    assert submit(folder, "--paper", "https://arxiv.org/abs/2308.11958", learner=None) == 0
    manifest = read_manifest(folder / "entries" / "tiny-v0" / "new")
    assert manifest.authors == ["A. B", "C. D"]
    assert manifest.learner.reference == "l2_init"
    assert manifest.suite.hash == suite.hash8
    assert manifest.cost.updates == 2 * 4 * 20
    (source,) = manifest.learner.source
    stored = folder / "entries" / "tiny-v0" / "new" / source
    assert stored.read_bytes() == (ROOT / "baselines" / "l2_init.py").read_bytes()
    assert manifest.learner.hyperparameters["labels"]["strength"] == 0.01


def test_flags_are_those_of_the_record(folder):
    flags = read_manifest(folder / "entries" / "tiny-v0" / "adam").flags
    assert (flags.recorded, flags.boundaries, flags.flops) == (True, False, 1.0)
    assert (flags.parameters, flags.memory) == (1.0, 0.0)
    assert 0 < flags.constants < 20
    assert flags_from({"execution": {"record": None}}) == Flags(recorded=False)
    with pytest.raises(BadInputError, match="record is damaged"):
        flags_from({"execution": {"record": {"flops": "many"}}})


def test_incomplete_results_are_refused_with_what_completes_them(folder, capsys):
    runs = sorted(results_of(folder).glob("cells/pixels/adam/seed*"))
    shutil.rmtree(runs[1])
    assert submit(folder) == 2
    told = capsys.readouterr().err
    assert "1 runs are missing: pixels seed 1." in told
    command = told.partition("To complete them: plasticity-bench ")[2].split()
    assert main([*command, "--results", "results"]) == 0
    assert submit(folder) == 0


@pytest.mark.slow
def test_fewer_seeds_than_the_suite_are_incomplete(folder, capsys):
    main(
        [
            "run",
            "tiny.yaml",
            "--learner",
            "sgd",
            "--seeds",
            "2",
            "--results",
            "other",
            "--jobs",
            "1",
        ]
    )
    (found,) = Path("other").glob("*")
    capsys.readouterr()
    assert (
        main(["submit", str(found), "--name", "x", "--authors", "A", "--suite", "tiny.yaml"]) == 2
    )
    told = capsys.readouterr().err
    assert "2 runs are missing: labels seed 2, pixels seed 2." in told
    assert "--jobs 1 --seeds 3" in told
    assert "--seeds 2" not in told


def test_a_learner_that_changed_is_refused(folder, capsys, monkeypatch):
    monkeypatch.setattr("plasticity_bench.source_code.source.source_hash", lambda files: "0" * 64)
    assert submit(folder) == 2
    assert "differs from the code that these results were computed with" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--name", "../x"], "letters, digits"),
        (["--authors", " ,"], "at least one name"),
        (["--learner", "l2_in"], "Did you mean 'l2_init'?"),
    ],
)
def test_what_cannot_be_submitted(folder, capsys, arguments, message):
    assert submit(folder, *arguments) == 2
    assert message in capsys.readouterr().err


def test_results_of_another_version_of_the_suite_are_refused(folder, capsys):
    Path("tiny.yaml").write_text(SUITE.replace("updates_per_task: 20", "updates_per_task: 30"))
    assert submit(folder) == 2
    assert "Run the suite again." in capsys.readouterr().err


def test_an_entry_takes_the_place_of_its_own_earlier_state_only(folder, capsys):
    assert submit(folder) == 0
    assert submit(folder, "--licence", "BSD") == 0
    new = folder / "entries" / "tiny-v0" / "new"
    assert read_manifest(new).licence == "BSD"
    before = (new / MANIFEST).read_bytes()
    for arguments, learner in ((["--authors", "E"], "adam"), ([], "l2_init")):
        assert submit(folder, *arguments, learner=learner) == 2
        assert "new exists, and is not an entry of" in capsys.readouterr().err
    assert (new / MANIFEST).read_bytes() == before


# ---- the table -----------------------------------------------------------------------------------


def table(folder, format_name="csv"):
    tables = page.tables_of(folder / "entries", [load_suite(str(folder / "tiny.yaml"))], print)
    return frame.to_csv(tables) if format_name == "csv" else page.page(tables, format_name)


def test_the_rows(folder):
    rows = list(csv.DictReader(io.StringIO(table(folder))))
    assert [row["remark"] for row in rows] == ["reference", "", ""]
    assert {row["entry"] for row in rows[1:]} == {"adam", "l2_init"}
    assert float(rows[1]["trainability"]) >= float(rows[2]["trainability"])
    assert rows[0]["rank"] == ""
    assert all(row["status"] == "self-reported" for row in rows)


def test_incomplete_entries_are_shown_without_a_rank(folder):
    adam = folder / "entries" / "tiny-v0" / "adam"
    change_runs(adam, lambda info, rows: not (info["learner"] == "adam" and info["seed"] == 1))
    rows = list(csv.DictReader(io.StringIO(table(folder))))
    assert rows[-1]["entry"] == "adam"
    assert (rows[-1]["rank"], rows[-1]["remark"]) == ("", "incomplete: 2 of 6 runs are missing")
    assert rows[1]["rank"] == "1"


def test_a_stream_without_scores_does_not_dilute_the_collapse_rate(folder):
    adam = folder / "entries" / "tiny-v0" / "adam"

    def change(info, rows):
        if info["stream"] == "pixels":  # here the reference gains nothing
            for row in rows:
                row[3] = 0.0 if row[2] == "accuracy" and info["learner"] == "fresh" else row[3]
        elif info["learner"] == "adam":
            for row in rows:
                row[3] = 0.0 if row[2] == "accuracy" else row[3]

    change_runs(adam, change)
    (own,) = [r for r in csv.DictReader(io.StringIO(table(folder))) if r["entry"] == "adam"]
    assert float(own["trainability"]) < 0  # below chance
    assert float(own["collapse"]) == 1


def test_another_seed_in_place_of_a_bad_one_is_incomplete(folder):
    def change(info, rows):
        if info["seed"] == 1:
            info["seed"] = info["identity"]["seed"] = 3

    change_runs(folder / "entries" / "tiny-v0" / "adam", change)
    rows = list(csv.DictReader(io.StringIO(table(folder))))
    assert (rows[-1]["rank"], rows[-1]["remark"]) == ("", "incomplete: 2 of 8 runs are missing")


def test_an_entry_without_cells_is_shown_too(folder):
    adam = folder / "entries" / "tiny-v0" / "adam"
    put(adam, [own for own in runs_of_trial(adam) if own[0]["learner"] != "adam"])
    rows = list(csv.DictReader(io.StringIO(table(folder))))
    assert (rows[-1]["entry"], rows[-1]["remark"]) == (
        "adam",
        "incomplete: 6 of 6 runs are missing",
    )


def test_what_cannot_be_read_is_told_of(folder, capsys):
    change_manifest(folder / "entries" / "tiny-v0" / "adam", lambda m: m.pop("authors"))
    assert "adam" not in table(folder, "table").replace("is not shown", "").partition("rank")[2]
    assert "does not fit the schema: authors" in capsys.readouterr().out


def row(manifest, name, scores, remark="", **changes):
    own = Interval(float(np.mean(scores)), 0.0, 1.0)
    flags = Flags(recorded=True, boundaries=True, flops=2.0, memory=1.0)
    values = dict(  # noqa: C408
        folder=Path(), manifest=manifest.model_copy(update={"name": name, "flags": flags}),
        rank=None, tie_group="", remark=remark, scores=dict.fromkeys(AVERAGED, own), streams=[],
        headroom={}, worst=0.5, collapse=0.25, num_seeds=10, settings=Settings("not tuned"),
        status="verified (3 runs, 2026-01-01)", by_seed=np.asarray(scores),
        method=Method(authors="Some et al.", year=2024, verified="authors' code"),
    )  # fmt: skip
    return Row(**{**values, **changes})


def test_ranks_are_of_the_streams_and_seeds_that_all_have():
    rng = np.random.default_rng(0)
    few, many = rng.normal(0.9, 0.02, size=(2, 10)), rng.normal(0.5, 0.02, size=(2, 14))
    few[1] = np.nan  # nothing is known of the second stream
    assert [own.shape for own in common([few, many])] == [(1, 10), (1, 10)]
    assert [rank.rank for rank in rank_rows([many, few])] == [2, 1]


class _Runs(HTMLParser):
    def __init__(self):
        super().__init__()
        self.found = []

    def handle_data(self, data):
        self.found += [data.strip()] if data.strip() else []


@pytest.mark.parametrize("format_name", ["table", "markdown", "latex", "html"])
def test_every_format_has_the_same(made, format_name):
    manifest = read_manifest(made / "entries" / "tiny-v0" / "adam")
    rows = [
        row(manifest, "one", np.full((1, 10), 0.5), rank=Rank(1, 1, 2)),
        row(manifest, "two", np.full((1, 3), 0.4), remark="incomplete: <1>", num_seeds=3),
    ]
    shown = render(rows, format_name)
    if format_name == "html":
        parser = _Runs()
        parser.feed(shown)
        assert "<1>" not in shown
        shown = " ".join(parser.found)
    assert ("one" in shown) and ("two" in shown) and ("verified (3 runs, 2026-01-01)" in shown)
    assert "Some et al. 2024" in shown
    assert "3 (too few)" in shown
    assert "boundaries, memory 1.0" in shown and "2.00" in shown


def test_the_source_of_a_baseline_is_that_of_its_class():
    assert _method("l2_init").citation == "Kumar et al. 2023"
    assert _method("l2_init").compared_with == "code"
    assert _method("my_module:Mine").citation == _method("adan").compared_with == ""


def test_needs_nothing():
    assert needs(Flags(recorded=True, memory=0.02)) == ""
    assert needs(Flags(recorded=False)) == "not recorded"


# ---- verification --------------------------------------------------------------------------------


def record(entry, name="1", **changes):
    runs = [
        {"stream": "labels", "seed": seed, "trainability": 0.5, "ok": True, "identical": True}
        for seed in (0, 2)
    ]
    content = {
        "nonce": "ab", "date": "2026-02-03T04:05", "cells": runs, "ok": True,
        "entry_sha256": entry_sha256(entry), "source_bytes_sha256": source_bytes_sha256(entry),
        "version": "0.1.0", **changes,
    }  # fmt: skip
    (entry / "verification").mkdir(exist_ok=True)
    (entry / "verification" / f"{name}.json").write_text(json.dumps(content))


def test_the_status_is_computed_from_records(folder):
    entry = folder / "entries" / "tiny-v0" / "adam"
    assert str(status_of(entry)) == "self-reported"
    record(entry)
    assert str(status_of(entry)) == "verified (2 runs, 2026-02-03)"
    record(
        entry,
        "2",
        date="2026-03-01",
        cells=[{"stream": "pixels", "seed": 0, "ok": True, "identical": True}],
    )
    assert str(status_of(entry)) == "verified (3 runs, 2026-03-01)"
    record(entry, "3", cells=[{"stream": "pixels", "seed": 1, "ok": False, "identical": False}])
    assert str(status_of(entry)) == "failed (2026-03-01)"


@pytest.mark.parametrize(
    "changes",
    [
        *({"entry_sha256": "0" * 64}, {"source_bytes_sha256": "0" * 64}),
        *({"source_bytes_sha256": None}, {"cells": []}, {"ok": "yes"}),
    ],
)
def test_records_of_something_else_count_as_none(folder, changes):
    entry = folder / "entries" / "tiny-v0" / "adam"
    record(entry, **changes)
    assert str(status_of(entry)) == "self-reported"


def test_a_verified_entry_that_is_edited_is_self_reported_again(folder):
    entry = folder / "entries" / "tiny-v0" / "adam"
    record(entry)
    change_manifest(entry, lambda m: m.update(licence="other"))
    assert str(status_of(entry)) == "self-reported"
    (entry / "verification" / "2.json").write_text("{")
    assert str(status_of(entry)) == "self-reported"


@pytest.mark.parametrize("change", ["a comment", "a docstring", "no file"])
def test_a_verified_entry_whose_source_changes_by_a_byte_is_self_reported_again(folder, change):
    entry = folder / "entries" / "tiny-v0" / "adam"
    record(entry)
    assert status_of(entry).state == "verified"
    (source,) = (entry / "source").rglob("*.py")
    if change == "no file":
        source.unlink()
    else:
        text = source.read_text()
        source.write_text(f"{text}#\n" if change == "a comment" else text.replace('"""', '""" ', 1))
        assert source.read_text() != text
        assert list(rules_files.hashes(entry, read_manifest(entry))) == []
    assert str(status_of(entry)) == "self-reported"


# ---- comparing -----------------------------------------------------------------------------------


def test_compare_is_the_paired_difference_of_the_scores(folder, suite, capsys):
    entries = {
        n: read_entry(folder / "entries" / "tiny-v0" / n, "fresh") for n in ("adam", "l2_init")
    }
    x, y = (
        np.array([[s.trainability for s in own.values()] for own in scores_of(e, suite).values()])
        for e in entries.values()
    )
    capsys.readouterr()
    path = str(results_of(folder))
    assert main(["compare", path, "adam", "l2_init", "--suite", "tiny.yaml"]) == 0
    shown = capsys.readouterr().out
    own = paired_difference(x, y).interval
    assert f"{own.mean:+.2f} [{own.low:+.2f}, {own.high:+.2f}]" in shown
    assert "3 shared seeds are few: use at least 10." in shown


def test_two_runs_are_compared_by_one_learner(folder, capsys):
    shutil.copytree(folder / "results", folder / "again")
    (other,) = (folder / "again").glob("*")
    path = str(results_of(folder))
    assert main(["compare", path, str(other), "--learner", "adam", "--suite", "tiny.yaml"]) == 0
    assert "do not differ significantly" in capsys.readouterr().out
    assert main(["compare", path, "adam", "--suite", "tiny.yaml"]) == 2
    assert "compare RESULTS A B" in capsys.readouterr().err
    # Equal labels, but a stream with other tasks.
    text = (folder / "tiny.yaml").read_text()
    longer = folder / "longer.yaml"
    longer.write_text(text.replace("updates_per_task: ", "updates_per_task: 1"))
    assert text != longer.read_text()
    run = ["run", str(longer), "--seeds", "3", "--jobs", "1"]
    assert main([*run, "--results", str(folder / "longer")]) == 0
    (other,) = (folder / "longer").glob("*")
    assert main(["compare", path, str(other), "--learner", "fresh"]) == 2
    assert "is another stream, network or version" in capsys.readouterr().err


def by_stream(values):
    return {f"s{index}": dict(enumerate(line)) for index, line in enumerate(values)}


def test_the_sentence_says_which_is_better_and_by_how_much():
    noise = np.random.default_rng(0).normal(0, 0.01, size=(2, 10))
    lines = comparison.compare(by_stream(0.7 + noise), by_stream(0.5 + noise / 2))
    said = comparison.sentence(lines, "a", "b", "trainability")
    assert said.startswith("a has 0.20 more trainability than b over 2 streams (95 % interval")
    assert said.endswith("a run of a beats one of b with probability 1.00.")
    back = comparison.compare(by_stream(0.5 + noise / 2), by_stream(0.7 + noise))
    assert "b has 0.20 less" in comparison.sentence(back, "b", "a", "trainability")
    assert [line.stream for line in lines] == ["s0", "s1", "all streams"]
    assert lines[0].difference.p_value == 2 / 2**10
    assert lines[0].corrected == 2 / 2**10  # no flip of the other stream alone is as far from 0


def test_p_values_of_streams_are_corrected_for_all_of_them():
    noise = np.random.default_rng(3).normal(0.03, 0.1, size=(4, 10))
    lines = comparison.compare(by_stream(0.5 + noise), by_stream(np.full((4, 10), 0.5)))
    expected = sign_flip_p_values(list(noise))
    assert [line.corrected for line in lines[:-1]] == pytest.approx(expected)
    assert lines[-1].corrected == lines[-1].difference.p_value  # the line over all streams
    assert max(p - line.difference.p_value for p, line in zip(expected, lines)) > 0.01


def test_only_shared_seeds_and_streams_with_scores_count():
    ours = {"s": {0: 0.5, 1: 0.6, 5: 0.1}, "t": {0: float("nan"), 1: 0.2, 5: 0.3}}
    theirs = {"s": {0: 0.4, 1: 0.5}, "t": {0: 0.1, 1: 0.2}}
    lines = comparison.compare(ours, theirs)
    seeds = {line.stream: line.difference.num_seeds for line in lines}
    assert seeds == {"s": 2, "t": 1, "all streams": 1}
    nothing = {"s": ours["s"], "t": dict.fromkeys(ours["t"], float("nan"))}
    (line,) = comparison.compare(nothing, theirs)
    assert (line.stream, line.difference.num_seeds) == ("s", 2)
    assert "too few seeds" in comparison.render([line])
    assert "with 2, p is at least 0.5." in comparison.sentence([line], "a", "b", "trainability")
    with pytest.raises(BadInputError, match="share no finished seed"):
        comparison.compare({"s": {0: 1.0}}, {"s": {1: 1.0}})
    with pytest.raises(BadInputError, match="gains nothing"):
        comparison.compare({"s": {0: float("nan")}}, {"s": {0: 1.0}})


# ---- the repository ------------------------------------------------------------------------------


def test_only_the_latest_version_of_a_suite_is_shown():
    suites = [replace(load_suite("quick"), name=f"a/{name}") for name in ("x-v9", "y-v0", "x-v10")]
    assert [suite.name for suite in page.latest(suites)] == ["a/y-v0", "a/x-v10"]


@pytest.mark.slow
def test_the_page_in_the_repository_is_current(capsys):
    entries = ROOT / "leaderboard" / "entries"
    tables = page.tables_of(entries, page.latest(page.suites_in(entries)), print)
    made = page.page(tables, "markdown")
    stored = (ROOT / "leaderboard" / "README.md").read_text()
    assert stored == made + "\n", "make it anew, as the end does of leaderboard/make_entries.sh"


@pytest.mark.parametrize("folder", [ROOT, ROOT / "leaderboard"], ids=["package", "own"])
def test_the_workflow_can_only_read(folder):
    text = (folder / ".github" / "workflows" / "validate.yml").read_text()
    workflow = yaml.safe_load(text)
    assert workflow["permissions"] == {"contents": "read"}
    assert list(workflow[True]) == ["pull_request"]  # YAML reads `on` as a truth value
    assert "secrets." not in text
    steps = workflow["jobs"]["validate"]["steps"]
    assert all("${{" not in step.get("run", "") for step in steps)  # nothing is pasted into shell
    checkouts = [s["with"] for s in steps if s.get("uses", "").startswith("actions/checkout")]
    assert [own["persist-credentials"] for own in checkouts] == [False, False]
    (install,) = [s["run"] for s in steps if "pip install" in s.get("run", "")]
    package = ["base/constraints.txt", "base/requirements.lock", "./base"]
    installed = package if folder == ROOT else ["base/requirements.txt"]
    assert re.findall(r"\S*(?:base|head)\S*", install) == installed


def test_the_workflow_of_a_repository_of_its_own_is_the_same():
    """But for the folder of the entries, and where the code comes from."""
    ours, own = (
        yaml.safe_load((folder / ".github" / "workflows" / "validate.yml").read_text())
        for folder in (ROOT, ROOT / "leaderboard")
    )
    jobs = [workflow["jobs"]["validate"] for workflow in (ours, own)]
    assert [s.get("uses") for s in jobs[0]["steps"]] == [s.get("uses") for s in jobs[1]["steps"]]
    runs = [job["steps"][-1]["run"] for job in jobs]
    assert runs[0].replace("leaderboard/", "") == runs[1]
    assert ours[True]["pull_request"]["paths"] == ["leaderboard/entries/**"]
    assert own[True]["pull_request"]["paths"] == ["entries/**"]


@pytest.fixture
def repository(tmp_path):
    """An empty repository: git in it, and how to write below its entries."""

    def git(*arguments):
        command = ["git", "-c", "user.name=a", "-c", "user.email=a@b.c", *arguments]
        subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)

    def write(name, text="x"):
        path = tmp_path / "leaderboard" / "entries" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    git("init", "-b", "main")
    return git, write


def test_changed_entries_are_found(tmp_path, repository):
    git, write = repository
    for name in ("s/kept/manifest.json", "s/edited/source/a.py", "s/gone/manifest.json"):
        write(name)
    git("add", "."), git("commit", "-m", "base"), git("checkout", "-b", "change")
    write("s/edited/source/a.py", "y"), write("t/new one/manifest.json"), write("t/stray.txt")
    shutil.rmtree(tmp_path / "leaderboard" / "entries" / "s" / "gone")
    git("add", "-A"), git("commit", "-m", "change")
    script = str(ROOT / "leaderboard" / "changed_entries")
    command = [script, "main", "change", "leaderboard/entries"]
    done = subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, text=True)
    places = [line.removeprefix("leaderboard/entries/") for line in done.stdout.splitlines()]
    assert places == ["s/edited", "s/gone", "t/new one", "t/stray.txt"]


def test_a_manifest_is_where_the_hash_of_an_entry_comes_from(folder):
    entry = folder / "entries" / "tiny-v0" / "adam"
    before = entry_sha256(entry)
    (entry / MANIFEST).write_text((entry / MANIFEST).read_text() + "\n")
    assert entry_sha256(entry) != before
