"""Files of a source keep to names of their own, and all of them are the learner's."""

import shutil
import sys
from pathlib import Path

import pytest
import yaml

from plasticity_bench.cli import main
from plasticity_bench.errors import BadInputError
from plasticity_bench.leaderboard.source_names import shadowing, unreached
from plasticity_bench.leaderboard.submitted_code import submitted
from plasticity_bench.suite.loading import load_suite

pytestmark = pytest.mark.slow  # entries are made for them, which takes long

ROOT = Path(__file__).parents[2]
L2 = (ROOT / "baselines" / "l2.py").read_bytes()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("source/json.py", b""),
        ("source/json/tool.py", b""),
        ("source/yaml/__init__.py", b""),
        ("source/yaml/constructor.py", b""),
        ("source/plasticity_bench/errors.py", b""),
        ("source/baselines/l2.py", L2 + b"\nx = 1\n"),
        ("source/baselines/mine.py", b""),
    ],
)
def test_a_name_of_another_module_is_refused(name, content):
    assert list(shadowing({"source/mine.py": b"", name: content}))


def test_names_of_its_own_and_the_modules_themselves_are_accepted():
    installed = Path(yaml.__file__).read_bytes()  # as of a learner in an installed package
    sources = {"source/mine.py": b"", "source/my_lab/json.py": b"", "source/baselines/l2.py": L2}
    assert list(shadowing({**sources, "source/yaml/__init__.py": installed})) == []


def test_files_are_reached_through_packages_and_relative_imports():
    sources = {
        "source/lab/learner.py": b"from . import near\nimport plasticity_bench.baselines.l2",
        "source/baselines/l2.py": L2,
        "source/lab/__init__.py": b"",
        "source/lab/near.py": b"def f():\n    from lab.far import g",
        "source/lab/far.py": b"",
        "source/lab/other.py": b"import lab.learner",
    }
    assert unreached(sources) == ["source/lab/other.py"]


def test_submit_refuses_such_a_name_as_well(made, tmp_path, monkeypatch, capsys):
    for name in ("results", "tiny.yaml", "my_module.py", "tuning.yaml"):
        source = made / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, tmp_path / name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", ["", *(p for p in sys.path if Path(p).resolve() != ROOT)])
    monkeypatch.delitem(sys.modules, "my_module", raising=False)
    names = sys.stdlib_module_names | {"my_module"}
    monkeypatch.setattr("plasticity_bench.leaderboard.source_names.sys.stdlib_module_names", names)
    (results,) = Path("results").glob("tiny-v0@*")
    assert main(["submit", str(results), "--name", "mine", "--authors", "A",
                 "--suite", "tiny.yaml", "--output", "entries"]) == 2  # fmt: skip
    assert "my_module has the name of one of Python's" in capsys.readouterr().err
    assert not Path("entries").exists()


def test_submit_refuses_the_reference_under_another_label(made):
    suite = load_suite(str(made / "tiny.yaml"))
    with pytest.raises(BadInputError, match="is the reference fresh under another label"):
        submitted(suite, "fresh step_size=0.1", [])
