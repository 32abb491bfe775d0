"""Whoever changes the code that computes results decides whether stored results are still valid."""

import json

import pytest

from plasticity_bench.evaluation.version import VERSION
from tests.support import evaluator_code
from tests.support.evaluator_code import FILES, LEFT_OUT, PACKAGE, RECORD, hashes, main, problem


def test_the_code_that_computes_results_is_that_of_its_version():
    told = problem(json.loads(RECORD.read_text()), VERSION, hashes())
    assert told is None, told


def test_everything_that_is_named_exists():
    assert all((PACKAGE / name).is_file() for name in (*FILES, *LEFT_OUT))
    recorded = hashes()
    for name in (
        "measurements/lanczos.py",
        "programs/kernels/matmul.cpp",
        "streams/class_groups.py",
    ):
        assert name in recorded


@pytest.fixture
def record(tmp_path, monkeypatch):
    """A record of the code as it is, and a copy of the code to be edited."""
    for name in (*hashes(), *LEFT_OUT):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes((PACKAGE / name).read_bytes())
    monkeypatch.setattr(evaluator_code, "PACKAGE", tmp_path)
    monkeypatch.setattr(evaluator_code, "RECORD", tmp_path / "record.json")
    assert main([]) == 0
    return tmp_path


def edit(file, old, new):
    assert old in file.read_text()
    file.write_text(file.read_text().replace(old, new))


def test_a_change_is_recorded_with_a_higher_version_or_a_promise(record, monkeypatch, capsys):
    edit(record / "seeding.py", "TUNING =", "TUNING = 1 +")
    assert main([]) == 1
    assert "seeding.py changed since version 1" in capsys.readouterr().out
    monkeypatch.setattr(evaluator_code, "VERSION", VERSION + 1)
    assert "; record version 2" in problem(
        json.loads((record / "record.json").read_text()), 2, hashes()
    )
    assert main([]) == 0
    edit(record / "seeding.py", "TUNING = 1 +", "TUNING = 2 +")
    assert main([]) == 1
    assert main(["--same-numbers"]) == 0
    assert main([]) == 0


def test_a_comment_is_no_change_and_a_new_file_is_one(record):
    edit(record / "seeding.py", "TUNING =", "# Tuning.\nTUNING =")
    edit(record / "streams" / "env.py", "import", "import os\nimport")
    assert main([]) == 0
    (record / "measurements" / "another.py").write_text("A = 1\n")
    assert main([]) == 1
