"""A pull request's entries are judged by the published ones, never by what it brings along."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from plasticity_bench.cli import main
from plasticity_bench.leaderboard import page
from plasticity_bench.leaderboard.entry import entry_sha256, source_bytes_sha256
from plasticity_bench.leaderboard.validation import validate
from plasticity_bench.leaderboard.verification import status_of
from plasticity_bench.suite.loading import load_suite
from tests.leaderboard.test_validation import moved_reference
from tests.support.entries import change_manifest

pytestmark = pytest.mark.slow  # entries are made for them, which takes long

ROOT = Path(__file__).parents[2]


@pytest.fixture
def published(made):
    """The entries of the base branch."""
    return made / "entries"


def failures(entry, published):
    return validate(entry, str(entry.parents[2] / "tiny.yaml"), published).failures


def record(entry, ok=True, name="20990101-aaaaaaaa.json"):
    """A record of a verification, as anyone can write it."""
    content = {
        "nonce": "a" * 32,
        "date": "2099-01-01",
        "cells": [{"stream": "labels", "seed": 0, "ok": ok, "identical": ok}],
        "ok": ok,
        "entry_sha256": entry_sha256(entry),
        "source_bytes_sha256": source_bytes_sha256(entry),
        "version": {},
    }
    (entry / "verification").mkdir(exist_ok=True)
    (entry / "verification" / name).write_text(json.dumps(content))


def test_a_reference_changed_in_the_same_pull_request_is_of_no_use(entry, published):
    for folder in (entry, entry.parent / "fresh"):
        moved_reference(folder)
        assert "reference" in {f.partition(":")[0] for f in failures(folder, published)}
    shutil.rmtree(entry.parent / "fresh")
    assert failures(entry, published)[0].startswith("reference: ")


def test_an_honest_change_is_judged_by_the_earlier_entries(entry, published):
    change_manifest(entry, lambda manifest: manifest.update(licence="BSD"))
    assert failures(entry, published) == []


def test_an_entry_without_a_published_reference_is_refused(entry, tmp_path):
    (fault,) = failures(entry, tmp_path / "nothing")
    assert fault == "reference: there is no published entry of the reference fresh."
    verdict = validate(entry.parent / "fresh", str(tmp_path / "tiny.yaml"), tmp_path / "nothing")
    assert verdict.failures == []
    assert "the reference's runs, since no entry of it is published" in verdict.notes


def test_records_of_verification_come_from_the_published_entries_alone(entry, published):
    record(entry)
    assert str(status_of(entry)) == "verified (1 runs, 2099-01-01)"  # so the page would say
    (fault,) = failures(entry, published)
    assert "20990101-aaaaaaaa.json is not a published record" in fault


@pytest.mark.parametrize("change", ["edited", "removed"])
def test_a_published_record_stays_as_it_is(entry, tmp_path, change):
    record(entry, ok=False)
    shutil.copytree(entry.parents[1], tmp_path / "base")
    assert failures(entry, tmp_path / "base") == []
    if change == "edited":
        record(entry, ok=True)
    else:
        shutil.rmtree(entry / "verification")
    (fault,) = failures(entry, tmp_path / "base")
    assert fault.startswith("records: ")
    # An entry that is submitted anew has no records, and is self-reported.
    shutil.rmtree(entry / "verification", ignore_errors=True)
    change_manifest(entry, lambda manifest: manifest.update(licence="BSD"))
    assert failures(entry, tmp_path / "base") == []


def test_the_command_judges_by_the_folder_it_is_given(entry, published, capsys):
    moved_reference(entry)
    shutil.rmtree(entry.parent / "fresh")
    suite = ["--suite", str(entry.parents[2] / "tiny.yaml")]
    assert main(["validate", str(entry), *suite, "--published", str(published)]) == 2
    assert "differs from the published reference's" in capsys.readouterr().err


def test_seeds_beyond_the_published_ones_can_be_left_out(made, published, tmp_path, monkeypatch):
    shutil.copytree(made / "results", tmp_path / "results")
    shutil.copy(made / "tiny.yaml", tmp_path)
    monkeypatch.chdir(tmp_path)
    assert main(["run", "tiny.yaml", "--jobs", "1", "--seeds", "4"]) == 0
    (results,) = Path("results").glob("tiny-v0@*")
    submit = ["submit", str(results), "--learner", "adam", "--name", "adam", "--authors", "A",
              "--suite", "tiny.yaml", "--output", "entries"]  # fmt: skip
    entry = Path("entries/tiny-v0/adam")
    assert main(submit) == 0
    faults = validate(entry, "tiny.yaml", published).failures
    assert "fresh on labels, seed 3 is not published" in " ".join(faults)
    assert main([*submit, "--seeds", "3"]) == 0
    assert validate(entry, "tiny.yaml", published).failures == []


def test_the_table_says_whether_settings_were_tuned(entry):
    suite = load_suite(str(entry.parents[2] / "tiny.yaml"))

    def settings():
        table = page.table_of(entry.parents[1], suite, print)
        return {row.name: str(row.settings) for row in table}

    # Of the few values that were tried, the chosen one is the smallest or the largest.
    tuned = "tuned; at the edge: step_size"
    assert settings() == {"fresh": "suite's", "adam": "suite's", "mine": tuned}
    change_manifest(entry, lambda manifest: manifest.update(tuning=None))
    assert settings()["mine"] == "not tuned"
    tables = page.tables_of(entry.parents[1], [suite], print)
    assert "not tuned" in page.page(tables, "table")


# ---- the workflow --------------------------------------------------------------------------------


@pytest.fixture(params=["leaderboard", ""], ids=["package", "own"])
def workflow(request, tmp_path):
    """Run the workflow's last step on two checkouts; return its result.

    The entries lie in the package's repository, or in one of their own.
    """
    own = Path() if request.param else Path("leaderboard")
    text = (ROOT / own / ".github" / "workflows" / "validate.yml").read_text()
    step = yaml.safe_load(text)["jobs"]["validate"]["steps"][-1]["run"]
    (tmp_path / "bin").mkdir()
    command = tmp_path / "bin" / "plasticity-bench"
    command.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    command.chmod(0o755)
    (tmp_path / "base" / request.param).mkdir(parents=True)
    shutil.copy(ROOT / "leaderboard" / "changed_entries", tmp_path / "base" / request.param)

    def run(base="main", head="change"):
        names = {"GITHUB_WORKSPACE": tmp_path, "RUNNER_TEMP": tmp_path, "BASE": base, "HEAD": head}
        names |= {"GITHUB_STEP_SUMMARY": "/dev/null"}
        path = f"{tmp_path / 'bin'}:{os.environ['PATH']}"
        return subprocess.run(
            ["bash", "-e", "-c", step],
            cwd=tmp_path,
            env={**os.environ, **{k: str(v) for k, v in names.items()}, "PATH": path},
            check=False,
            capture_output=True,
            text=True,
        )

    def git(*arguments):
        command = ["git", "-c", "user.name=a", "-c", "user.email=a@b.c", *arguments]
        subprocess.run(command, cwd=tmp_path / "head", check=True, capture_output=True)

    entries = tmp_path / "head" / request.param / "entries" / "s"
    for name in ("fresh", "kept"):
        (entries / name).mkdir(parents=True)
        (entries / name / "manifest.json").write_text(name)
    git("init", "-b", "main"), git("add", "."), git("commit", "-m", "base")
    git("checkout", "-b", "change")

    def commit():
        git("add", "-A"), git("commit", "--allow-empty", "-m", "change")

    return run, entries, commit


def test_the_workflow_judges_changed_entries_by_the_base_branch(workflow):
    run, entries, commit = workflow
    (entries / "mine").mkdir()
    (entries / "mine" / "manifest.json").write_text("mine")
    shutil.rmtree(entries / "fresh")
    commit()
    done = run()
    assert done.returncode == 0, done.stderr
    told = done.stdout.splitlines()
    published = str(entries.parent).replace("/head/", "/base/")
    assert told[told.index("--published") + 1] == published
    # The removed reference is an argument as well, and `validate` refuses what is no folder.
    assert [Path(line).name for line in told[-2:]] == ["fresh", "mine"]


def test_a_record_alone_is_a_change_that_the_workflow_sees(workflow):
    run, entries, commit = workflow
    (entries / "kept" / "verification").mkdir()
    (entries / "kept" / "verification" / "1.json").write_text("{}")
    commit()
    assert [Path(line).name for line in run().stdout.splitlines()[-1:]] == ["kept"]


def test_the_workflow_fails_if_the_changed_entries_cannot_be_listed(workflow):
    run, _, commit = workflow
    commit()
    assert run(head="missing").returncode != 0
    empty = run()
    assert empty.returncode == 1
    assert "No entry differs" in empty.stdout
