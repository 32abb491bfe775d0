"""Whoever changes the code that computes results decides whether stored results are still valid."""

import json

import pytest

from plasticity_bench.evaluation import version
from plasticity_bench.scoring import version as scoring_version
from tests.support import versioned_code
from tests.support.versioned_code import PACKAGE, PARTS, RECORD, main, problem


@pytest.mark.parametrize("name", PARTS)
def test_the_code_is_that_of_its_version(name):
    told = problem(name, PARTS[name], json.loads(RECORD.read_text())[name])
    assert told is None, told


def test_everything_that_is_named_exists():
    for part in PARTS.values():
        assert all((PACKAGE / name).is_file() for name in (*part.files, *part.left_out))
    names = ("measurements/lanczos.py", "programs/kernels/matmul.h", "streams/class_groups.py")
    assert PARTS["evaluation"].hashes().keys() > set(names)


@pytest.fixture
def code(tmp_path, monkeypatch):
    """A copy of the code to be edited, and its record."""
    for part in PARTS.values():
        for name in (*part.hashes(), *part.left_out):
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_bytes((PACKAGE / name).read_bytes())
    monkeypatch.setattr(versioned_code, "PACKAGE", tmp_path)
    monkeypatch.setattr(versioned_code, "RECORD", tmp_path / "record.json")
    assert main([]) == 0
    return tmp_path


def edit(file, old, new):
    assert old in file.read_text()
    file.write_text(file.read_text().replace(old, new))


def test_a_change_is_recorded_with_a_higher_version_or_a_promise(code, monkeypatch, capsys):
    edit(code / "seeding.py", "TUNING =", "TUNING = 1 +")
    assert main([]) == 1
    assert (
        f"seeding.py changed since version {version.VERSION} of evaluation was"
        in capsys.readouterr().out
    )
    monkeypatch.setattr(version, "VERSION", version.VERSION + 1)
    recorded = json.loads((code / "record.json").read_text())["evaluation"]
    assert f"; record version {version.VERSION}: " in problem(
        "evaluation", PARTS["evaluation"], recorded
    )
    assert main([]) == 0
    edit(code / "seeding.py", "TUNING = 1 +", "TUNING = 2 +")
    assert main([]) == 1
    assert main(["--same-numbers"]) == 0
    assert main([]) == 0


def test_a_comment_is_no_change_and_a_new_file_is_one(code, capsys):
    edit(code / "seeding.py", "TUNING =", "# Tuning.\nTUNING =")
    edit(code / "streams" / "env.py", "import", "import os\nimport")
    assert main([]) == 0
    (code / "measurements" / "another.py").write_text("A = 1\n")
    edit(code / "scoring" / "scores.py", "def score(", "def scored(")
    assert main([]) == 1
    told = capsys.readouterr().out
    assert (
        f"measurements/another.py changed since version {version.VERSION} of evaluation was" in told
    )
    changed = f"scoring/scores.py changed since version {scoring_version.VERSION} of scoring was"
    assert changed in told
