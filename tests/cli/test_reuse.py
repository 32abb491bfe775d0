"""A change of a suite recomputes what depends on it, and nothing else."""

import re
import sys
from pathlib import Path

import pytest

from plasticity_bench.cli import main

pytestmark = pytest.mark.slow

SUITE = """\
suite: test/reused-v0
streams:
  - id: plasticity/RandomLabelDigits-v0
    label: one
    num_tasks: 2
    updates_per_task: 3
    num_examples: 40
    network: {hidden: [8]}
learners: [fresh, adam]
seeds: 2
measure: {curvature: {every: 2, examples: 16}}
"""
SECOND = """\
  - id: plasticity/PermutedPixelDigits-v0
    label: two
    num_tasks: 2
    updates_per_task: 3
    num_examples: 40
    network: {hidden: [8]}
learners:"""


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """Run a suite; the numbers of runs that were planned, finished and to do, and what was said."""
    monkeypatch.chdir(tmp_path)

    def counts(text, *arguments):
        Path("suite.yaml").write_text(text)
        assert main(["run", "suite.yaml", "--jobs", "1", "--results", "r", *arguments]) == 0
        said = capsys.readouterr().err
        numbers = re.search(r"(\d+) runs, (\d+) finished, (\d+) to do", said)
        return *map(int, numbers.groups()), said

    return counts


def test_one_more_stream_recomputes_nothing_else(run):
    assert run(SUITE)[:3] == (6, 0, 6)  # of each seed: fresh, adam, and its own fresh copy
    (before,) = Path("r").iterdir()
    *numbers, said = run(SUITE.replace("learners:", SECOND))
    assert numbers == [12, 6, 6]
    assert f"6 runs taken over from {before}.\n" in said
    assert len(list(Path("r").iterdir())) == 2
    assert run(SUITE.replace("learners:", SECOND))[:3] == (12, 12, 0)


def test_another_name_of_suite_stream_or_learner_recomputes_nothing(run):
    run(SUITE)
    assert run(SUITE.replace("reused", "other"))[:3] == (6, 6, 0)
    assert run(SUITE.replace("label: one", "label: uno"))[:3] == (6, 6, 0)
    assert run(SUITE.replace("adam", "{name: adam, label: a}"))[:3] == (6, 6, 0)
    assert run(SUITE.replace("updates_per_task: 3", "updates_per_task: 4"))[:3] == (6, 0, 6)


def test_a_damaged_run_is_computed(run):
    run(SUITE)
    path = next(Path("r").glob("*/cells/one/adam/seed000-*/measurements.parquet"))
    path.write_bytes(b"")
    assert run(SUITE.replace("learners:", SECOND))[:3] == (12, 5, 7)


def test_the_order_of_settings_recomputes_nothing(run):
    settings = ["-H", "step_size=1e-2", "-H", "beta1=0.8"]
    assert run(SUITE, "--learner", "l2", *settings)[:3] == (10, 0, 10)
    assert run(SUITE, "--learner", "l2", *settings[2:], *settings[:2])[:3] == (10, 10, 0)


@pytest.mark.slow
def test_what_no_key_covers_is_named(run):
    Path("reading_learner.py").write_text(
        "import os\nimport plasticity_bench as pb\nclass Mine(pb.Learner):\n"
        "    strength: float = float(os.environ.get('STRENGTH', 1.0))\n"
    )
    said = run(SUITE, "--learner", "reading_learner:Mine")[3]
    line = "reading_learner:Mine: reading_learner.py:4 reads the environment: "
    assert [text for text in said.splitlines() if "reading_learner.py" in text] == [
        f"{line}if what is read or changed there differs, results keep their key and are not "
        "computed again."
    ]


def test_check_refuses_it(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("x").write_text("1")
    Path("opening_learner.py").write_text(
        "import plasticity_bench as pb\nfrom pathlib import Path\nclass Mine(pb.Learner):\n"
        "    def penalty(self, params, state):\n        return float(Path('x').read_text())\n"
    )
    assert main(["check", "opening_learner:Mine"]) == 2
    assert "opening_learner.py:5 reads by " in capsys.readouterr().err
    Path("opening_stream.py").write_text(
        "from dataclasses import dataclass\nimport plasticity_bench as pb\nSEEN = []\n"
        "@dataclass(frozen=True, kw_only=True)\nclass Mine(pb.ClassStream):\n"
        "    def task(self, seed, index):\n        SEEN.append(index)\n"
        "        return super().task(seed, index)\n"
        "if 'check/Mine-v0' not in pb.registered_streams():\n    pb.register('check/Mine-v0', Mine)\n"
    )
    assert main(["check", "opening_stream:check/Mine-v0"]) == 2
    assert "opening_stream.py:7 changes the global SEEN: results would" in capsys.readouterr().err


def test_a_module_with_the_name_of_another_is_named(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    text = "import plasticity_bench as pb\nclass Mine(pb.Learner): pass\n"
    for name in ("random", "zlib", "sys"):
        Path(f"{name}.py").write_text(text)
        assert main(["check", f"{name}:Mine"]) == 2
        said = capsys.readouterr().err
        assert f"Learner {name}:Mine: module {name} was loaded from " in said
        assert said.endswith(f", not from ./{name}.py: rename it.\n")
    assert main(["check", "random:lab/X-v0"]) == 2
    said = capsys.readouterr().err
    assert f"module random was loaded from {sys.modules['random'].__file__}, not from" in said
    assert main(["check", "json:Mine"]) == 2  # there is no ./json.py
    assert "json has no class 'Mine'" in capsys.readouterr().err
