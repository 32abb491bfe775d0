"""`tune` as a user meets it, and what `run` and `plot` make of its file."""

import json
import re
from pathlib import Path

import pytest
import yaml

from plasticity_bench.cli import main
from plasticity_bench.cli import tune as cli_tune
from plasticity_bench.running import runner
from plasticity_bench.scoring import version
from plasticity_bench.suite.loading import load_suite
from plasticity_bench.tuning.record import read_record

ROOT = Path(__file__).parents[2]
SUITE = """\
suite: test/tiny-v0
streams:
  - id: plasticity/RandomLabelDigits-v0
    num_tasks: 3
    updates_per_task: 60
    num_examples: 40
    network: {hidden: [8]}
# The learners, tuned.
learners:
  - {name: fresh, step_size: 3e-2}
  - {name: l2, step_size: 3e-2}
seeds: 2
tuning: {settings: 4, seeds: 2}
measure:
  curvature: {every: 2, examples: 16}
"""


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tiny.yaml").write_text(SUITE)
    return tmp_path


def tune(*arguments):
    return main(["tune", "tiny.yaml", "--jobs", "1", *arguments])


def results(folder):
    (found,) = (folder / "results").iterdir()
    return found


@pytest.mark.slow
def test_the_same_command_again_computes_nothing_and_prints_the_same(folder, capsys, monkeypatch):
    assert tune() == 0
    first, err = capsys.readouterr()
    assert "tuning on 2 tasks: 16 runs, 0 finished, 16 to do" in err
    path = results(folder) / "tuning.yaml"
    assert f"Tuned: {path.relative_to(folder)}" in err
    written = path.read_text()
    monkeypatch.setattr(runner, "run_group", lambda *_: pytest.fail("something was computed"))
    assert tune() == 0
    again, err = capsys.readouterr()
    assert "16 runs, 16 finished, 0 to do" in err
    assert again == first
    assert path.read_text() == written
    names = [line.split()[0] for line in first.splitlines() if line.startswith(("fresh", "l2"))]
    assert names == ["fresh", "l2"] * 2  # in the table of settings, and in that of budgets


@pytest.mark.slow
def test_a_larger_budget_runs_only_what_is_new(folder, capsys):
    tune()
    assert tune("--settings", "6", "--seeds", "2") == 0
    assert "24 runs, 16 finished, 8 to do" in capsys.readouterr().err
    assert tune("--seeds", "3") == 0
    assert "24 runs, 16 finished, 8 to do" in capsys.readouterr().err


@pytest.mark.slow
def test_its_results_stand_apart_from_those_that_are_scored(folder, capsys):
    tune()
    scored = results(folder) / "cells"
    assert not scored.exists()
    assert len(list((results(folder) / "tuning" / "cells").rglob("cell.json"))) == 16
    assert main(["run", "tiny.yaml", "--jobs", "1"]) == 0
    assert "6 runs, 0 finished, 6 to do" in capsys.readouterr().err
    assert len(list(scored.rglob("cell.json"))) == 6


@pytest.mark.slow
def test_a_run_uses_what_was_chosen_and_says_where_it_comes_from(folder, capsys):
    assert tune("--learner", "l2", "--output", "mine.yaml", "--search", "grid") == 0
    chosen = yaml.safe_load(Path("mine.yaml").read_text())["learners"]["l2"]["chosen"]
    assert main(["run", "tiny.yaml", "--jobs", "1", "--tuned", "mine.yaml"]) == 0
    assert "mine.yaml has nothing for fresh" in capsys.readouterr().err
    for file in (results(folder) / "cells").rglob("cell.json"):
        info = json.loads(file.read_text())
        settings = info["identity"]["learner"]["hyperparameters"]
        if info["learner"] == "fresh":
            assert "tuned" not in info
            assert settings["step_size"] == 3e-2
            continue
        assert info["tuned"] == read_record(Path("mine.yaml")).origin
        assert {name: settings[name] for name in chosen} == chosen
        assert "tuned" not in info["identity"]
    # A suite with these settings written in it has the same runs.
    text = SUITE.replace(
        "step_size: 3e-2}\nseeds", f"{str(chosen)[1:-1]}}}\nseeds".replace("'", "")
    )
    Path("tiny.yaml").write_text(text)
    assert main(["run", "tiny.yaml", "--jobs", "1"]) == 0
    assert "6 runs, 6 finished, 0 to do" in capsys.readouterr().err


LABELS = """\
  - {name: adam, step_size: 0.01}
  - {name: adam, step_size: 0.03, label: adam defaults}
  - {name: sgd, step_size: 0.1}
  - {name: sgd, step_size: 0.0001, label: sgd (tuned)}
"""


@pytest.mark.parametrize(
    ("options", "label"),
    [
        (("--learner", "adam"), "adam defaults"),
        (("--tuned", str(ROOT / "suites" / "tuning" / "quick.yaml")), "sgd (tuned)"),
    ],
)
def test_no_added_or_tuned_learner_takes_a_label_of_the_suite(folder, options, label, capsys):
    (folder / "tiny.yaml").write_text(
        SUITE.replace("seeds: 2\ntuning", f"{LABELS}seeds: 2\ntuning")
    )
    assert main(["run", "tiny.yaml", "--jobs", "1", *options]) == 2
    told = f"Two learners are called {label!r}: give the one in the file of test/tiny-v0 another"
    assert told in capsys.readouterr().err
    assert not (folder / "results").exists()


def test_a_suites_own_tuned_learner_has_no_settings_of_the_search(folder, capsys):
    text = SUITE.replace("{name: l2, step_size: 3e-2}", "{name: sgd, label: sgd (tuned)}")
    (folder / "tiny.yaml").write_text(text)
    tuned = ("--tuned", str(ROOT / "suites" / "tuning" / "quick.yaml"))
    assert main(["run", "tiny.yaml", "--jobs", "1", "--seeds", "1", *tuned]) == 0
    assert "has nothing for sgd (tuned):" in capsys.readouterr().err
    files = list((results(folder) / "cells").rglob("cell.json"))
    found = [json.loads(file.read_text()) for file in files]
    assert {info["learner"] for info in found if "tuned" in info} == {"fresh (tuned)"}


@pytest.mark.slow
def test_a_record_of_another_suite_is_told_of(folder, capsys):
    tune("--settings", "1", "--seeds", "1", "--output", "mine.yaml")
    command = ["run", "tiny.yaml", "--jobs", "1", "--seeds", "1", "--tuned", "mine.yaml"]
    assert main(command) == 0
    said = capsys.readouterr().err
    assert "is of a search on" not in said
    assert "tune again" not in said
    (folder / "tiny.yaml").write_text(SUITE.replace("num_tasks: 3", "num_tasks: 2"))
    assert main(command) == 0
    found = re.search(
        "mine.yaml is of a search on (.*), and this is (.*).", capsys.readouterr().err
    )
    assert found.group(1) == read_record(Path("mine.yaml")).record.suite != found.group(2)
    text = Path("mine.yaml").read_text()
    Path("mine.yaml").write_text(text.replace(f"scores: {version.VERSION}\n", "scores: 0\n"))
    assert main(command) == 0
    assert "mine.yaml chose settings by version 0 of the scores" in capsys.readouterr().err


@pytest.mark.slow
def test_the_block_for_the_suites_file(folder, capsys):
    tune("--format", "suite")
    block = capsys.readouterr().out
    text = re.sub(r"learners:\n(  - .*\n)+", block, SUITE)
    assert "# The learners, tuned.\nlearners:\n  - {name: fresh, step_size: " in text
    Path("tiny.yaml").write_text(text)
    agrees(load_suite("tiny.yaml"), read_record(results(folder) / "tuning.yaml"))


@pytest.mark.slow
def test_halving_and_a_figure(folder, capsys):
    (folder / "tiny.yaml").write_text(SUITE.replace("num_tasks: 3", "num_tasks: 12"))
    assert tune("--search", "halving", "--seeds", "1") == 0
    err = capsys.readouterr().err
    assert "tuning on 5 tasks, round 1 of 2: 8 runs" in err
    assert "tuning on 10 tasks, round 2 of 2: 4 runs" in err
    file = results(folder) / "tuning.yaml"
    assert main(["plot", str(file)]) == 0
    assert file.with_suffix(".png").read_bytes().startswith(b"\x89PNG")
    assert main(["plot", str(file), "--measurement", "loss"]) == 2
    assert "no --measurement, no --stream, and no --kind but budget." in capsys.readouterr().err


@pytest.mark.slow
def test_a_learner_of_ones_own(folder, capsys):
    (folder / "mine_to_tune.py").write_text(
        "import plasticity_bench as pb\n"
        "class Learner(pb.Learner):\n"
        "    pull: float = 1e-2\n"
        "    search = {'pull': pb.Choice(0.0, 1e-2)}\n"
    )
    name = "mine_to_tune:Learner"
    assert tune("--learner", name, "--settings", "2") == 0
    assert name in capsys.readouterr().out
    file = str(results(folder) / "tuning.yaml")
    assert main(["run", "tiny.yaml", "--learner", name, "--tuned", file, "--jobs", "1"]) == 0
    assert "nothing for fresh, l2" in capsys.readouterr().err


BROKEN = """\
import plasticity_bench as pb
class Learner(pb.Learner):
    def penalty(self, params, state):
        raise RuntimeError("it broke")
"""


@pytest.mark.slow
def test_a_broken_learner_is_named_and_the_exit_code_says_so(folder, capsys):
    (folder / "broken_to_tune.py").write_text(BROKEN)
    assert tune("--learner", "broken_to_tune:Learner", "--learner", "l2") == 1
    out, err = capsys.readouterr()
    assert "broken_to_tune:Learner: nothing was chosen" in err
    assert "l2" in out
    assert list(read_record(results(folder) / "tuning.yaml").record.learners) == ["l2"]


@pytest.mark.slow
def test_what_is_held_is_not_searched(folder):
    assert tune("--learner", "l2", "-H", "strength=0.5", "--settings", "3") == 0
    (path,) = results(folder).glob("tuning.yaml")
    found = read_record(path).record.learners["l2 strength=0.5"]
    assert found.fixed == {"strength": 0.5}
    assert [list(tried.setting) for tried in found.tried] == [["step_size"]] * 3
    arguments = ["--learner", "l2", "-H", "strength=0.5", "--tuned", str(path), "--jobs", "1"]
    assert main(["run", "tiny.yaml", *arguments]) == 0
    files = (results(folder) / "cells").rglob("cell.json")
    tuned = [info for file in files if "tuned" in (info := json.loads(file.read_text()))]
    assert len(tuned) == 4  # two seeds of it and of its own fresh copy
    for info in tuned:
        settings = info["identity"]["learner"]["hyperparameters"]
        assert (settings["strength"], settings["step_size"]) == (0.5, found.chosen["step_size"])


def test_what_is_held_under_another_name_is_not_searched(folder):
    assert tune("--learner", "l2", "-H", "lr=0.02", "--settings", "2", "--seeds", "1") == 0
    found = read_record(results(folder) / "tuning.yaml").record.learners["l2 step_size=0.02"]
    assert found.fixed == {"step_size": 0.02}
    assert [list(tried.setting) for tried in found.tried] == [["strength"]] * 2


@pytest.mark.slow
def test_the_record_of_other_learners_is_not_written_over(folder, capsys, monkeypatch):
    assert tune("--learner", "l2", "--settings", "1") == 0
    written = (results(folder) / "tuning.yaml").read_text()
    with monkeypatch.context() as patch:
        patch.setattr(runner, "run_group", lambda *_: pytest.fail("something was computed"))
        capsys.readouterr()
        assert tune("--learner", "adam", "--settings", "1") == 2
    assert "the record of a search for l2" in capsys.readouterr().err
    assert (results(folder) / "tuning.yaml").read_text() == written
    assert tune("--learner", "adam", "--settings", "1", "--output", "adam.yaml") == 0
    assert tune("--learner", "l2", "--settings", "2") == 0  # the same learner's may grow


def test_learners_are_found_by_label_and_by_class():
    Path("tiny.yaml").write_text(SUITE.replace("{name: l2, step", "{name: l2, label: pulled, step"))
    suite = load_suite("tiny.yaml")

    def labels(*references):
        return [c.label for c in cli_tune._contenders(suite, references, {})]

    assert labels() == ["fresh", "pulled"]
    assert labels("pulled", "fresh", "pulled") == ["pulled", "fresh"]
    assert labels("l2", "adam", "adam") == ["l2", "adam"]
    Path("tiny.yaml").write_text(
        SUITE.replace("{name: l2, step_size: 3e-2}", "{name: l2, label: pulled}")
    )
    suite = load_suite("tiny.yaml")
    assert labels("l2") == ["pulled"]  # with its default settings


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["tune", "tinny.yaml"], "There is no suite 'tinny.yaml'"),
        (["tune", "tiny.yaml", "--learner", "adma"], "Did you mean 'adam'?"),
        (["tune", "tiny.yaml", "--learner", "l2", "-H", "strenth=1"], "Did you mean 'strength'?"),
        (["tune", "tiny.yaml", "-H", "strength=1"], "no --learner is given"),
        (["tune", "tiny.yaml", "--learner", "wrong_to_tune:Learner"], "no hyperparameter 'pul'"),
        pytest.param(
            ["tune", "tiny.yaml", "--learner", "wrong_to_tune:Learner", "--dry-run"],
            "no hyperparameter 'pul'",
            marks=pytest.mark.slow,
        ),
        (["tune", "tiny.yaml", "--output", "."], ". is a folder: give a file for the record"),
        (["tune", "tiny.yaml", "--output", ".", "--dry-run"], ". is a folder: give a file for"),
        (["run", "tiny.yaml", "--tuned", "nothing.yaml"], "Cannot read nothing.yaml"),
        (["run", "tiny.yaml", "--tuned", "tiny.yaml"], "tiny.yaml:13: tuning"),
        (["run", "tiny.yaml", "--seeds", "1001"], "settings are chosen on seeds from 1000 on"),
        (["plot", "tiny.yaml"], "this is not a file that `plasticity-bench tune` has written"),
    ],
)
def test_bad_input_is_one_sentence_and_exit_code_2(folder, capsys, arguments, sentence):
    (folder / "wrong_to_tune.py").write_text(
        "import plasticity_bench as pb\n"
        "class Learner(pb.Learner):\n"
        "    search = {'pul': pb.Choice(0.0, 1e-2)}\n"
    )
    assert main(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert sentence in err
    assert err.count("\n") == 1
    assert not (folder / "results").exists()


def test_data_that_are_only_tuned_on_are_asked_for_by_tune_alone(folder, capsys, own_cache):
    own = (
        "{settings: 1, seeds: 1, streams: [{id: kumar2023/RandomLabelMNIST-v0, num_tasks: 2, "
        "updates_per_task: 2, num_examples: 40, network: {hidden: [4]}}]}"
    )
    (folder / "tiny.yaml").write_text(SUITE.replace("{settings: 4, seeds: 2}", own))
    assert tune() == 2
    assert "mnist" in capsys.readouterr().err
    assert main(["run", "tiny.yaml", "--jobs", "1"]) == 0


# ---- what comes with the package ----------------------------------------------------------------


def agrees(suite, tuned):
    """A suite's settings are those that a search chose: applying it changes nothing."""
    for contender, applied in zip(suite.contenders, tuned.applied(suite.contenders), strict=True):
        for label in (suite_stream.label for suite_stream in suite.streams):
            own, chosen = contender.on(label).learner, applied.on(label).learner
            assert own.hyperparameters() == chosen.hyperparameters(), (contender.label, label)


RECORDS = sorted((ROOT / "suites" / "tuning").glob("*.yaml"))


@pytest.mark.parametrize("path", RECORDS, ids=lambda path: path.stem)
def test_shipped_suites_carry_what_their_search_chose(path):
    suite, tuned = load_suite(path.stem, with_data=False), read_record(path)
    assert tuned.record.suite == f"{suite.name}@{suite.hash8}"
    assert set(tuned.record.learners) == {c.label for c in suite.contenders if c.tuned}
    assert len({learner.updates for learner in tuned.record.learners.values()}) == 1
    assert tuned.record.tuning.settings == suite.tuning.settings
    agrees(suite, tuned)


def test_nothing_is_chosen_where_a_fresh_network_gains_nothing(folder, capsys):
    (folder / "tiny.yaml").write_text(
        SUITE.replace("fresh, step_size: 3e-2", "fresh, step_size: 1e-12")
    )
    assert tune("--learner", "l2", "--search", "grid", "--settings", "1", "--seeds", "1") == 1
    assert "l2: nothing was chosen" in capsys.readouterr().err


def test_a_suite_that_differs_from_its_search_is_found_out(folder, capsys):
    tune()
    with pytest.raises(AssertionError):
        agrees(load_suite("tiny.yaml"), read_record(results(folder) / "tuning.yaml"))
