"""docs/new-learner.md says what is so; and the verb `new`."""

import re
import sys
from pathlib import Path

import gymnasium
import pytest

import plasticity_bench as pb
from plasticity_bench.checks.trial import UPDATES
from plasticity_bench.cli import main
from plasticity_bench.learners.lookup import HOOKS, find_learner
from plasticity_bench.networks.sizing import num_parameters
from plasticity_bench.programs.recorded import MOST_PARAMETERS
from plasticity_bench.shipped import baseline_names
from plasticity_bench.streams import registry
from tests.support.helpers import as_before

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "new-learner.md").read_text()


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """An empty current folder, where Python looks for modules."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend("")
    with as_before(gymnasium.registry), as_before(registry._registered):
        yield tmp_path
    for name in ("my_idea", "my_task"):
        sys.modules.pop(name, None)


def test_what_it_says_is_so():
    assert f"at most {MOST_PARAMETERS} times the parameters" in PAGE
    assert f"after {UPDATES} updates it predicts" in PAGE
    for hook in HOOKS:
        assert re.search(rf"`{hook}\(", PAGE), hook
    suites = pb.NetworkSpec(hidden=(64, 64), input_shape=(8, 8), num_outputs=10)
    ratios = {}
    for name in baseline_names():
        built = find_learner(name)().build(suites)
        ratios[name] = round(sum(p.numel() for p in built.parameters()) / num_parameters(suites), 2)
    assert f"{ratios.pop('plasticity_injection')}" in PAGE
    assert f"{min(ratios.values())} to {max(ratios.values())}\n" in PAGE


# ---- the verb ---------------------------------------------------------------------------------


@pytest.mark.slow
def test_new_writes_a_learner_and_tells_what_to_do_with_it(folder, capsys):
    assert main(["new", "learner", "my_idea"]) == 0
    told = capsys.readouterr().out
    assert "  plasticity-bench check my_idea:Learner\n" in told
    text = (folder / "my_idea.py").read_text()
    assert "plasticity-bench run quick --learner my_idea:Learner\n" in text
    assert "my_learner" not in text
    assert main(["check", "my_idea:Learner"]) == 0
    assert capsys.readouterr().out == "my_idea:Learner passed.\n"


def test_new_writes_a_stream_and_a_suite_for_it(folder, capsys):
    assert main(["new", "stream", "my_task"]) == 0
    told = capsys.readouterr().out
    assert "my_task.py is a stream that works as it stands, my_task.yaml a suite for it." in told
    assert "  plasticity-bench check my_task:my-lab/Stream-v0\n" in told
    assert main(["check", "my_task:my-lab/Stream-v0"]) == 0
    assert main(["show", "my_task.yaml"]) == 0
    suite = (folder / "my_task.yaml").read_text()
    assert "my_stream" not in suite
    (folder / "wrong.yaml").write_text(suite.replace("num_tasks: 20", "num_pairs: 6"))
    assert main(["show", "wrong.yaml"]) == 2
    assert "num_pairs is 6: digits has classes for 1 to 5 pairs." in capsys.readouterr().err
    assert main(["new", "stream", "my_task"]) == 2
    assert "my_task.py exists" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("my-idea", "'my-idea' cannot be the name of a Python module: use letters, digits and _"),
        ("my_idea.py", "such as my_idea; .py is added"),
        ("class", "'class' cannot be the name of a Python module"),
        ("../my_idea", "cannot be the name of a Python module"),
        ("random", "random.py would hide the installed module 'random': choose another name"),
        ("taken", "taken.py exists: choose another name, or move it"),
    ],
)
def test_a_bad_name_gets_a_sentence(folder, capsys, name, sentence):
    (folder / "taken.py").write_text("mine = 1\n")
    assert main(["new", "learner", name]) == 2
    assert sentence in capsys.readouterr().err
    assert [path.name for path in folder.iterdir()] == ["taken.py"]
    assert (folder / "taken.py").read_text() == "mine = 1\n"
