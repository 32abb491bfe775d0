"""What tasks of a cluster import is a copy, made when they were submitted."""

import subprocess
import sys
from pathlib import Path

import pytest

from plasticity_bench.learners.lookup import find_learner
from plasticity_bench.running.engines import frozen_code

LEARNER = """\
import frozen_helper
import plasticity_bench as pb


class Mine(pb.Learner):
    def penalty(self, params, state):
        import frozen_package.late
        return 0.0
"""


@pytest.fixture
def here(tmp_path, monkeypatch):
    work = tmp_path / "work"
    (work / "frozen_package" / "__pycache__").mkdir(parents=True)
    (work / "frozen_package" / "__init__.py").write_text("")
    (work / "frozen_package" / "late.py").write_text("word = 'then'\n")
    (work / "frozen_package" / "data.csv").write_text("1\n")
    (work / "frozen_package" / "__pycache__" / "late.pyc").write_text("")
    (work / "frozen_helper.py").write_text("word = 'then'\n")
    (work / "frozen_learner.py").write_text(LEARNER)
    (work / "unrelated.py").write_text("")
    monkeypatch.chdir(work)
    monkeypatch.setattr(sys, "path", ["", *sys.path])
    names = ("frozen_learner", "frozen_helper", "frozen_package", "frozen_package.late")
    for name in names:
        monkeypatch.setitem(sys.modules, name, None)
        monkeypatch.delitem(sys.modules, name)
    return work


def test_modules_are_copied_those_that_functions_import_too(here, tmp_path):
    code = tmp_path / "code"
    assert frozen_code.freeze([find_learner("frozen_learner:Mine")], code) == []
    copied = {str(path.relative_to(code)) for path in code.rglob("*") if path.is_file()}
    package = {"frozen_package/__init__.py", "frozen_package/late.py", "frozen_package/data.csv"}
    expected = {"frozen_learner.py", "frozen_helper.py", *package}
    assert {name for name in copied if not name.startswith("tests/")} >= expected
    assert not any("unrelated" in name or "pycache" in name for name in copied)
    assert not any(name.startswith(("plasticity_bench", "torch", "numpy")) for name in copied)


def test_python_finds_the_copies_first_whatever_has_changed_since(here, tmp_path):
    code = tmp_path / "a folder's code"
    frozen_code.freeze([find_learner("frozen_learner:Mine")], code)
    (here / "frozen_helper.py").write_text("word = 'now'\n")
    (here / "frozen_package" / "late.py").write_text("word = 'now'\n")
    program = "import frozen_helper as h, frozen_package.late as l; print(h.word, l.word)"
    line = f'{frozen_code.export(code)}\n"{sys.executable}" -P -c "{program}"'
    done = subprocess.run(
        ["bash", "-c", line], cwd=here, capture_output=True, text=True, check=False
    )
    assert done.stdout == "then then\n", done.stderr


def test_a_package_that_is_too_large_is_named(here, tmp_path, monkeypatch):
    monkeypatch.setattr(frozen_code, "MAX_BYTES", 10)
    mine = find_learner("frozen_learner:Mine")
    left_out = frozen_code.freeze([mine], tmp_path / "code")
    assert "frozen_package" in left_out
    assert not (tmp_path / "code" / "frozen_package").exists()


def test_files_among_the_arguments_are_copied(here, tmp_path):
    (here / "suite.yaml").write_text("suite: a\n")
    (here / "tuned.yaml").write_text("b\n")
    arguments = ["run", "./suite.yaml", "--tuned=tuned.yaml", "--learner", "frozen_learner:Mine"]
    files = ("suite.yaml", "tuned.yaml", "quick")
    found = frozen_code.with_copies(arguments, files, tmp_path / "submission")
    assert found[0] == "run" and found[3:] == arguments[3:]
    (here / "suite.yaml").write_text("suite: changed\n")
    assert Path(found[1]).read_text() == "suite: a\n"
    assert Path(found[2].removeprefix("--tuned=")).read_text() == "b\n"
    assert frozen_code.with_copies(["run", "quick"], ("quick",), tmp_path) == ["run", "quick"]
