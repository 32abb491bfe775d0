"""Entries that our own commands made, to be forged."""

import os
import shutil
import sys
from pathlib import Path

import pytest
from filelock import FileLock

from plasticity_bench.cli import main
from tests.support.entries import SUITE, copy_of

ROOT = Path(__file__).parents[2]
LEARNER = (ROOT / "my_module.py").read_text()
NAMES = {"fresh": "fresh", "adam": "adam", "mine": "my_module:Learner (tuned)"}


@pytest.fixture(scope="session")
def made(tmp_path_factory, worker_id):
    """Entries made by our own commands: the reference, a baseline, a tuned learner of one's own.

    They are made once for all processes that run tests, and only read.
    """
    if worker_id == "master":  # one process alone
        return _make(tmp_path_factory.mktemp("entries"))
    folder = tmp_path_factory.getbasetemp().parent / "entries"
    made_before = folder.with_suffix(".made")
    with FileLock(f"{folder}.lock"):
        if not made_before.exists():
            shutil.rmtree(folder, ignore_errors=True)  # of a process that failed
            _make(folder)
            made_before.touch()
    return folder


def _make(folder):
    folder.mkdir(exist_ok=True)
    before = Path.cwd()
    (folder / "tiny.yaml").write_text(SUITE)
    (folder / "my_module.py").write_text(LEARNER)
    path, known = list(sys.path), sys.modules.pop("my_module", None)
    sys.path[:] = [p for p in sys.path if Path(p).resolve() != ROOT]
    os.chdir(folder)
    try:
        own = ["--learner", "my_module:Learner", "--jobs", "1"]
        assert main(["tune", "tiny.yaml", *own, "--settings", "2", "--seeds", "1", "--tasks", "2",
                     "--output", "tuning.yaml"]) == 0  # fmt: skip
        assert main(["run", "tiny.yaml", *own, "--tuned", "tuning.yaml"]) == 0
        (results,) = Path("results").glob("tiny-v0@*")
        for name, label in NAMES.items():
            assert main(["submit", str(results), "--name", name, "--authors", "A. B, C. D",
                         "--learner", label, "--suite", "tiny.yaml", "--output", "entries"]) == 0  # fmt: skip
    finally:
        os.chdir(before)
        sys.path[:] = path
        sys.modules.pop("my_module", None)
        if known:
            sys.modules["my_module"] = known
    return folder


@pytest.fixture
def entry(made, tmp_path):
    """A copy of all entries; the folder of the learner of one's own."""
    return copy_of(made / "entries" / "tiny-v0" / "mine", tmp_path)
