"""`probe` as a user meets it: tables, resuming, refusals, errors in a sentence."""

import csv
import io
import json
import shutil
import signal
import sys

import pytest

from plasticity_bench.cli import main
from plasticity_bench.probing import branches, probing, retraining
from plasticity_bench.probing.conditions import CONDITIONS
from plasticity_bench.results import Results
from plasticity_bench.running import checkpoints
from tests.support.tiny_suite import SUITE

OWN = """\
import plasticity_bench as pb

class Learner(pb.Learner):
    pull: float = 0.1
"""


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """The tiny suite, run."""
    folder = tmp_path_factory.mktemp("finished")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        (folder / "tiny.yaml").write_text(SUITE)
        assert main(["run", "tiny.yaml", "--jobs", "1"]) == 0
    (results,) = (folder / "results").iterdir()
    return results


@pytest.fixture
def results(finished, tmp_path, monkeypatch):
    """A copy of its results, in the current folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delitem(sys.modules, "own_learner", raising=False)
    (tmp_path / "tiny.yaml").write_text(SUITE)
    shutil.copytree(finished, tmp_path / "results" / finished.name)
    return tmp_path / "results" / finished.name


def probe(results, *arguments):
    return main(["probe", str(results), "--suite", "tiny.yaml", "--jobs", "1", *arguments])


def stored(results):
    files = sorted((results / "probe").glob("*.json"))
    return {file.name: json.loads(file.read_text()) for file in files}


ONE = ("--stream", "RandomLabelDigits-v0", "--learner", "adam")


def test_it_prints_tables_and_the_second_time_computes_nothing(results, capsys, monkeypatch):
    assert probe(results, *ONE) == 0
    out, err = capsys.readouterr()
    assert "RandomLabelDigits-v0: accuracy at the end of task 4, which no run has seen" in out
    assert "% of what was lost that returns, with 95 % intervals" in out
    assert "test/tiny-v0: 2 runs, 0 probed, 2 to do." in err
    assert "Intervals from 2 seeds are unreliable" in err
    probes = stored(results)
    assert {p["seed"] for p in probes.values()} == {0, 1}
    assert all(set(p["numbers"]) == set(CONDITIONS) for p in probes.values())
    monkeypatch.setattr(probing, "probe_all", None)
    assert probe(results, *ONE, "--format", "csv") == 0
    again, err = capsys.readouterr()
    assert "2 runs, 2 probed, 0 to do." in err
    rows = list(csv.DictReader(io.StringIO(again)))
    assert [row["condition"] for row in rows] == list(CONDITIONS)
    assert probe(results, *ONE) == 0
    assert capsys.readouterr().out == out


@pytest.mark.slow
def test_the_reference_is_probed_only_if_it_is_named(results, capsys):
    assert probe(results, "--stream", "RandomLabelDigits-v0", "--seeds", "1") == 0
    assert {p["learner"] for p in stored(results).values()} == {"adam"}
    assert probe(results, *ONE[:2], "--learner", "fresh", "--seeds", "1") == 0
    assert {p["learner"] for p in stored(results).values()} == {"adam", "fresh"}
    assert "fresh" in capsys.readouterr().out


@pytest.mark.slow
def test_more_seeds_and_another_step_size_compute_what_is_missing(results, capsys):
    assert probe(results, *ONE, "--seeds", "1") == 0
    first = stored(results)
    assert probe(results, *ONE) == 0
    assert "2 runs, 1 probed, 1 to do" in capsys.readouterr().err
    assert first.items() < stored(results).items()
    assert probe(results, *ONE, "--step-size", "0.5") == 0
    assert "2 runs, 0 probed, 2 to do" in capsys.readouterr().err
    assert all(p["step_size"] == 0.5 for p in stored(results).values())


@pytest.mark.slow
def test_an_interrupted_probe_resumes_to_the_same_bit(results, capsys, monkeypatch):
    assert probe(results, *ONE) == 0
    expected = stored(results)
    (checkpoint,) = (results / "probe" / "checkpoints").iterdir()
    for file in [checkpoint, *(results / "probe").glob("*.json")]:
        file.unlink()
    asked = []

    def received():
        asked.append(1)
        return signal.SIGTERM if len(asked) > 25 else None  # in the third task

    with monkeypatch.context() as patch:
        patch.setattr(checkpoints, "received_signal", received)
        patch.setattr(probing.stopping, "received_signal", received)
        assert probe(results, *ONE) == 128 + signal.SIGTERM
    assert "Run the same command again to resume" in capsys.readouterr().err
    assert stored(results) == {}
    progress = checkpoints.read(checkpoint)[1]
    assert 0 < progress.task < 4
    begun = []
    evaluate = retraining.evaluate

    def watched(*arguments):
        begun.append(arguments[-1])
        return evaluate(*arguments)

    monkeypatch.setattr(retraining, "evaluate", watched)
    assert probe(results, *ONE) == 0
    assert (begun[0].task, begun[0].update) == (progress.task, progress.update)
    assert stored(results) == expected


@pytest.mark.slow
def test_the_end_of_a_run_is_kept_and_read_again(results, monkeypatch):
    assert probe(results, *ONE) == 0
    expected = stored(results)
    for file in (results / "probe").glob("*.json"):
        file.write_text(file.read_text()[:-20])  # damaged: probed again
    monkeypatch.setattr(retraining, "evaluate", None)  # not trained again
    assert probe(results, *ONE) == 0
    assert stored(results) == expected


@pytest.mark.slow
def test_a_damaged_checkpoint_is_trained_again(results):
    assert probe(results, *ONE) == 0
    expected = stored(results)
    (checkpoint,) = (results / "probe" / "checkpoints").iterdir()
    checkpoint.write_bytes(checkpoint.read_bytes()[:-1])
    for file in (results / "probe").glob("*.json"):
        file.unlink()
    assert probe(results, *ONE) == 0
    assert stored(results) == expected


def test_a_run_that_comes_out_otherwise_is_refused(results, capsys, monkeypatch):
    series = retraining.RunResult.series

    def shifted(self, name, when):
        return {task: value + (task == 2) for task, value in series(self, name, when).items()}

    monkeypatch.setattr(retraining.RunResult, "series", shifted)
    assert probe(results, *ONE) == 1
    out, err = capsys.readouterr()
    assert "adam on RandomLabelDigits-v0, seed 0: trained again, its accuracy of task 2 is" in err
    assert "Run the suite again with --no-reuse" in err
    assert out == "" and stored(results) == {}


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["nowhere"], "nowhere holds no finished results."),
        (["RESULTS", "--learner", "adma"], "no learner 'adma'. Did you mean 'adam'?"),
        (["RESULTS", "--stream", "RandomLabels"], "no stream 'RandomLabels'. "),
        (["RESULTS", "--seeds", "0"], "a whole number from 1"),
        (["RESULTS", "--step-size", "-1"], "a positive number, not '-1'"),
        (["RESULTS", "--suite", "other.yaml"], "There is no suite 'other.yaml'."),
    ],
)
def test_bad_input_is_told_in_a_sentence(results, arguments, told, capsys):
    given = [str(results) if word == "RESULTS" else word for word in arguments]
    try:
        code = main(["probe", "--suite", "tiny.yaml", *given])
    except SystemExit as exit_:
        code = exit_.code
    assert code == 2
    out, err = capsys.readouterr()
    assert told in err
    assert out == "" and "Traceback" not in err


def test_changed_code_is_refused(results, capsys, monkeypatch):
    from plasticity_bench.evaluation import version

    monkeypatch.setattr(version, "VERSION", version.VERSION + 1)
    assert probe(results, *ONE) == 2
    assert "is not that of its stored results" in capsys.readouterr().err


@pytest.mark.slow
def test_an_error_while_branching_is_told_and_other_groups_go_on(results, capsys, monkeypatch):
    real = branches.branch

    def failing(population, end, task):
        if (
            len(task.stream.task(0, 0).arrays())
            and task.stream.__class__.__name__ == "RandomLabels"
        ):
            raise probing.PlasticityBenchError("no luck")
        return real(population, end, task)

    monkeypatch.setattr(probing, "branch", failing)
    assert probe(results, "--seeds", "1") == 1
    out, err = capsys.readouterr()
    assert "RandomLabelDigits-v0  adam: FAILED: no luck" in err
    assert "PermutedPixelDigits-v0: accuracy" in out


@pytest.mark.system
def test_a_users_learner_is_probed_in_another_process(results, tmp_path, capsys):
    (tmp_path / "own_learner.py").write_text(OWN)
    given = ["tiny.yaml", "--jobs", "1", "--learner", "own_learner:Learner", "-H", "pull=0.2"]
    assert main(["run", *given]) == 0
    label = "own_learner:Learner pull=0.2"
    capsys.readouterr()
    assert probe(results, *ONE[:2], "--learner", label, "--seeds", "1") == 0
    assert {p["learner"] for p in stored(results).values()} == {label}
    (tmp_path / "own_learner.py").write_text(OWN + "    push: float = 0.1\n")
    assert "own_learner" not in sys.modules
    assert probe(results, *ONE[:2], "--learner", label) == 2
    assert "is not that of its stored results" in capsys.readouterr().err


def test_results_of_a_folder_are_untouched(results):
    before = {p: p.read_bytes() for p in results.rglob("*.parquet")}
    assert probe(results, *ONE, "--seeds", "1") == 0
    assert {p: p.read_bytes() for p in results.rglob("*.parquet")} == before
    assert Results(results).snapshot().damaged == []
