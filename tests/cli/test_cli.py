"""The command line as a user meets it: tables, resuming, errors, Ctrl-C."""

import csv
import io
import json
import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from plasticity_bench import cli
from plasticity_bench.cli import main
from tests.support.tiny_suite import SUITE

ROOT = Path(__file__).parents[2]
LEARNER = (ROOT / "my_module.py").read_text()


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """An empty current folder with a suite and a learner in it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [p for p in sys.path if Path(p).resolve() != ROOT])
    monkeypatch.delitem(sys.modules, "my_module", raising=False)
    (tmp_path / "tiny.yaml").write_text(SUITE)
    (tmp_path / "my_module.py").write_text(LEARNER)
    return tmp_path


def run(*arguments):
    return main(["run", "tiny.yaml", "--jobs", "1", *arguments])


def run_folders(folder):
    return sorted(path.parent for path in folder.rglob("cell.json"))


@pytest.mark.slow
def test_a_users_learner_from_the_current_folder(folder, capsys):
    assert run("--learner", "my_module:Learner") == 0
    out, err = capsys.readouterr()
    assert "my_module:Learner" in out
    assert "20 runs, 0 finished, 20 to do" in err
    assert len(run_folders(folder)) == 20
    (results,) = (folder / "results").iterdir()
    assert results.name.startswith("tiny-v0@")
    assert f"Results: results/{results.name}" in err


@pytest.mark.slow
def test_the_same_command_again_runs_nothing_and_prints_the_same_table(capsys):
    assert run() == 0
    first = capsys.readouterr().out
    assert run() == 0
    out, err = capsys.readouterr()
    assert "12 runs, 12 finished, 0 to do" in err
    assert out == first


@pytest.mark.slow
def test_more_seeds_run_only_the_missing_ones(folder, capsys):
    run()
    before = {path: (path / "cell.json").stat().st_mtime_ns for path in run_folders(folder)}
    assert run("--seeds", "3") == 0
    assert "18 runs, 12 finished, 6 to do" in capsys.readouterr().err
    for path, written in before.items():
        assert (path / "cell.json").stat().st_mtime_ns == written
    # and the seeds that came later are what they would have been from the start
    main(["run", "tiny.yaml", "--jobs", "1", "--seeds", "3", "--format", "csv"])
    added = capsys.readouterr().out
    main(["run", "tiny.yaml", "--seeds", "3", "--format", "csv", "--results", "other"])
    assert without_time(added) == without_time(capsys.readouterr().out)


def without_time(text):
    rows = list(csv.DictReader(io.StringIO(text)))
    return [{k: v for k, v in row.items() if k != "seconds"} for row in rows]


@pytest.mark.slow
def test_several_processes_give_the_same_numbers(capsys):
    run("--format", "csv")
    alone = capsys.readouterr().out
    main(["run", "tiny.yaml", "--jobs", "2", "--results", "parallel", "--format", "csv"])
    assert without_time(capsys.readouterr().out) == without_time(alone)


@pytest.mark.slow
def test_an_edited_learner_is_run_again(folder, capsys):
    run("--learner", "my_module:Learner")
    (folder / "my_module.py").write_text(LEARNER.replace("0.1", "0.2"))
    capsys.readouterr()
    run("--learner", "my_module:Learner")
    assert "20 runs, 12 finished, 8 to do" in capsys.readouterr().err


@pytest.mark.slow
def test_hyperparameters_from_the_command_line(capsys):
    assert run("--learner", "adam", "-H", "step_size=1e-2", "-H", "beta1=0.5") == 0
    assert "adam step_size=0.01,beta1=0.5" in capsys.readouterr().out


@pytest.mark.slow
def test_the_learning_rate_has_other_names(folder, capsys):
    assert run("--learner", "adam", "-H", "step_size=1e-2") == 0
    before = run_folders(folder)
    capsys.readouterr()
    for name in ("lr", "learning_rate"):
        assert run("--learner", "adam", "-H", f"{name}=1e-2") == 0
        out, err = capsys.readouterr()
        assert "20 runs, 20 finished, 0 to do" in err
        assert "adam step_size=0.01" in out
    assert run_folders(folder) == before
    assert run("--learner", "adam", "-H", "lr=1e-2", "-H", "step_size=1e-2") == 2
    assert "Learner Adam: step_size is given twice" in capsys.readouterr().err


LEARNERS = ("fresh", "adam")


@pytest.mark.slow
def test_formats(capsys):
    run()
    table = capsys.readouterr().out
    shown = [name for line in table.splitlines() for name in line.split() if name in LEARNERS]
    assert sorted(shown) == ["adam", "adam", "fresh", "fresh"]
    run("--format", "markdown")
    markdown = capsys.readouterr().out.splitlines()
    assert markdown[0].startswith("| stream ")
    assert set(markdown[1]) <= set("|-: ")
    assert "1.00 [1.00, 1.00]" in markdown[2]
    run("--format", "latex")
    latex = capsys.readouterr().out
    assert "\\begin{tabular}" in latex
    assert "\\toprule" in latex
    run("--format", "csv")
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert len(rows) == 4
    fresh = next(row for row in rows if row["learner"] == "fresh")
    assert float(fresh["trainability"]) == 1.0
    assert float(fresh["retained_plasticity"]) == float(fresh["curvature_retention"]) == 1.0
    assert float(fresh["curvature_to_reference"]) == 1.0
    assert fresh["num_seeds"] == "2"


@pytest.mark.slow
def test_few_seeds_are_pointed_out(capsys):
    run()
    assert "Intervals from 2 seeds are unreliable" in capsys.readouterr().err


BROKEN = """\
import plasticity_bench as pb
class Learner(pb.Learner):
    def penalty(self, params, state):
        return params["head.weight"].sum().item() * params["head.bias"].sum()
"""


@pytest.mark.slow
@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_broken_learner_fails_alone_and_says_where(folder, capsys, jobs):
    (folder / "broken.py").write_text(BROKEN)
    command = ["run", "tiny.yaml", "--jobs", jobs, "--learner", "broken:Learner"]
    assert main(command) == 1
    out, err = capsys.readouterr()
    assert err.count("broken.py:4 in penalty: `return params") == 4  # it, and its own fresh copy
    assert "set `vectorized = False`" in err
    assert "Traceback" not in err
    assert "n/a" in next(line for line in out.splitlines() if "broken" in line)
    assert "1.00 [1.00, 1.00]" in next(line for line in out.splitlines() if "fresh" in line)
    failed = [p for p in run_folders(folder) if p.parent.name == "broken_Learner"]
    assert '"status": "failed"' in (failed[0] / "cell.json").read_text()
    assert "Traceback" in (failed[0] / "cell.json").read_text()
    assert main(command) == 1  # what failed is tried again; the rest is not
    assert "20 runs, 12 finished, 8 to do" in capsys.readouterr().err


@pytest.mark.slow
def test_a_diverged_learner_scores_worst_and_is_named(capsys):
    assert run("--learner", "sgd", "-H", "step_size=1e30") == 0
    rows = [line for line in capsys.readouterr().out.splitlines() if "(2 diverged)" in line]
    assert len(rows) == 2
    for row in rows:
        assert "sgd" in row
        assert row.count("0.00 [0.00, 0.00]") == 1
        assert row.count("n/a") == 2  # its own fresh copy diverged too


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["run", "nothing.yaml"], "There is no suite 'nothing.yaml'."),
        pytest.param(
            ["run", "tiny.yaml", "--learner", "nowhere:Learner"],
            "there is no module 'nowhere'",
            marks=pytest.mark.slow,
        ),
        (["run", "tiny.yaml", "--learner", "adma"], "Unknown learner 'adma'. Did you mean 'adam'?"),
        (
            ["run", "tiny.yaml", "--learner", "adam", "-H", "setp_size=1"],
            "Did you mean 'step_size'?",
        ),
        (["run", "tiny.yaml", "--learner", "adam", "-H", "step_size"], "is set as -H key=value"),
        (["run", "tiny.yaml", "--learner", "adam", "-H", "step_size=fast"], "not 'fast'"),
        (["run", "tiny.yaml", "-H", "step_size=1"], "no --learner is given"),
        (
            ["run", "tiny.yaml", "--learner", "adam", "-H", "step_size=1", "-H", "step_size=2"],
            "-H sets step_size twice",
        ),
        (["run", "tiny.yaml", "--engine", "dask", "--dask", "nonsense"], "as tcp://login1:8786"),
    ],
)
def test_bad_input_is_one_sentence_and_exit_code_2(folder, capsys, arguments, sentence):
    assert main(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert sentence in err
    assert err.count("\n") == 1
    assert not (folder / "results").exists()


def test_results_that_cannot_be_written_are_refused_before_anything_runs(folder, capsys):
    (folder / "taken").write_text("a file")
    assert run("--results", "taken") == 2
    err = capsys.readouterr().err
    assert "Cannot write results to taken/tiny-v0@" in err
    assert "Choose another folder with --results." in err


@pytest.mark.parametrize(
    "wrong", [["--seeds", "0"], ["--seeds", "x"], ["--jobs", "-1"], ["--form"]]
)
def test_wrong_options_exit_with_2(wrong, capsys):
    with pytest.raises(SystemExit) as caught:
        run(*wrong)
    assert caught.value.code == 2
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.parametrize("given", ["--replicas", "--members"])
def test_replicas_in_one_population_under_both_names(folder, given):
    assert run(given, "1", "--seeds", "3") == 0
    infos = [json.loads((path / "cell.json").read_text()) for path in run_folders(folder)]
    assert [info["execution"]["members"] for info in infos] == [1] * 18


@pytest.mark.parametrize(
    ("earlier", "now", "option"),
    [("--members", "--replicas", "replicas"), ("--cell-timeout", "--run-timeout", "run_timeout")],
)
@pytest.mark.parametrize("verb", ["run", "tune"])
def test_earlier_names_of_options_are_accepted_and_not_shown(capsys, verb, earlier, now, option):
    parser = cli._parser()
    for name in (earlier, now):
        assert getattr(parser.parse_args([verb, "tiny.yaml", name, "7"]), option) == 7
    assert getattr(parser.parse_args([verb, "tiny.yaml"]), option) is None
    with pytest.raises(SystemExit):
        main([verb, "--help"])
    shown = capsys.readouterr().out
    assert now in shown
    assert earlier not in shown


def test_runs_to_verify_have_an_earlier_name(capsys):
    parser = cli._parser()
    for name in ("--runs", "--cells"):
        assert parser.parse_args(["verify", "entry", name, "7"]).runs == 7
    assert parser.parse_args(["verify", "entry"]).runs == 8
    with pytest.raises(SystemExit):
        main(["verify", "--help"])
    assert "--cells" not in capsys.readouterr().out


def test_list_and_schema(capsys):
    assert main(["list"]) == 0
    out = capsys.readouterr().out
    assert "quick" in out
    assert "plasticity/RandomLabelDigits-v0" in out
    assert "wasserstein" in out
    assert main(["list", "streams"]) == 0
    assert "wasserstein" not in capsys.readouterr().out
    assert main(["list", "learners"]) == 0
    fields = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["l2_init", "Kumar", "et", "al.", "2023", "2308.11958", "code"] in fields
    assert main(["schema"]) == 0
    assert '"streams"' in capsys.readouterr().out


def command(*arguments):
    return [str(Path(sys.executable).parent / "plasticity-bench"), *arguments]


@pytest.mark.slow
def test_the_installed_command_finds_my_module_in_the_current_folder(folder):
    done = subprocess.run(
        command("run", "tiny.yaml", "--learner", "my_module:Learner", "--jobs", "2"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "my_module:Learner" in done.stdout
    lines = [line for line in done.stderr.splitlines() if line.startswith("[")]
    assert len(lines) == 10  # plain lines, one for each group, for this is no terminal
    assert lines[-1].startswith("[10/10]")
    assert "s left" in lines[0]


@pytest.mark.slow
@pytest.mark.parametrize("jobs", ["1", "2"])
def test_ctrl_c_says_what_is_saved_and_how_to_resume(folder, jobs):
    (folder / "tiny.yaml").write_text(SUITE.replace("num_tasks: 4", "num_tasks: 400", 1))
    process = subprocess.Popen(
        command("run", "tiny.yaml", "--jobs", jobs),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        # Where the tests themselves run in the background, a shell has them ignore Ctrl-C.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
    )
    for line in process.stderr:  # the first group has ended: its runs are saved
        if line.startswith("[1/"):
            break
    time.sleep(0.3)
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert out == ""
    assert "Traceback" not in err
    saved = len(run_folders(folder))
    assert 2 <= saved < 12
    assert f"Stopped: {saved} of 12 runs are finished in results/" in err
    assert "Run the same command again to resume." in err


@pytest.mark.parametrize("arguments", [["--help"], ["list"], ["run", "--help"]])
def test_what_computes_nothing_does_not_import_torch(arguments):
    code = f"""
import sys
from plasticity_bench.cli import main
try:
    main({arguments!r})
except SystemExit:
    pass
assert "torch" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


@pytest.mark.slow
def test_a_label_that_the_terminal_cannot_encode_is_printed_all_the_same(tmp_path):
    suite = tmp_path / "suite.yaml"
    suite.write_text(
        SUITE.replace(
            "learners:", "learners:\n  - {name: sgd, label: \N{GREEK SMALL LETTER RHO}}", 1
        )
    )
    done = subprocess.run(
        [sys.executable, "-m", "plasticity_bench.cli", "show", str(suite)],
        env={**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"},
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert r"\u03c1" in done.stdout


def test_a_number_of_seeds_beyond_any_range_is_refused(tmp_path, capsys):
    suite = tmp_path / "suite.yaml"
    suite.write_text(SUITE)
    with pytest.raises(SystemExit, match="2"):
        main(["run", str(suite), "--seeds", str(2**63), "--results", str(tmp_path)])
    assert "--seeds: a whole number from 1 to 1,000,000" in capsys.readouterr().err


# ---- standard output is data --------------------------------------------------------------------

PRINTS = """\
import plasticity_bench as pb

print("printed on import")

class Learner(pb.Learner):
    vectorized = False

    def build(self, spec):
        print("printed in build")
        return pb.build_network(spec)

    def after_update(self, state, noise):
        print("printed in after_update")
        return state
"""


@pytest.mark.slow
@pytest.mark.parametrize("jobs", ["1", "2"])
def test_what_a_learner_prints_is_not_in_the_table(folder, jobs):
    (folder / "prints.py").write_text(PRINTS)
    options = ["--learner", "prints:Learner", "--seeds", "1", "--format", "csv"]
    for verb, more in (("run", ["--jobs", jobs, "--replicas", "1"]), ("collect", [])):
        done = subprocess.run(
            command(verb, "tiny.yaml", *options, *more), capture_output=True, text=True, check=True
        )
        rows = list(csv.DictReader(io.StringIO(done.stdout)))
        assert {row["learner"] for row in rows} == {"fresh", "adam", "prints:Learner"}
        assert "printed" not in done.stdout
        assert "printed on import" in done.stderr
        assert ("printed in after_update" in done.stderr) == (verb == "run")


@pytest.mark.slow
def test_check_prints_what_the_learner_prints_elsewhere(folder, capsys):
    (folder / "prints.py").write_text(PRINTS.replace("    vectorized = False\n", ""))
    assert main(["check", "prints:Learner"]) == 0
    out, err = capsys.readouterr()
    assert out == "prints:Learner passed.\n"
    assert "printed in build" in err


@pytest.mark.slow
def test_the_ends_of_an_interval_are_not_known_from_one_seed(capsys):
    assert run("--seeds", "1", "--format", "csv") == 0
    for row in csv.DictReader(io.StringIO(capsys.readouterr().out)):
        assert row["trainability"] != "nan"
        ends = [
            row[f"{score}{end}"]
            for score in ("trainability", "curvature_retention")
            for end in ("_low", "_high")
        ]
        assert ends == ["nan"] * 4
    assert run("--format", "csv") == 0
    for row in csv.DictReader(io.StringIO(capsys.readouterr().out)):
        assert row["trainability_low"] != "nan"


# ---- hooks that change Python state -------------------------------------------------------------

COUNTS = """\
import plasticity_bench as pb

UPDATES = [0]

class Learner(pb.Learner):
    def after_update(self, state, noise):
        UPDATES[0] += 1
        if UPDATES[0] % 1000 != 0:
            return state
        return state._replace(params={k: 0 * v for k, v in state.params.items()})
"""


@pytest.mark.slow
@pytest.mark.parametrize("looped", ["", "    vectorized = False\n"])
def test_a_counter_in_a_module_is_refused_by_check_and_run(folder, capsys, looped):
    text = COUNTS.replace("class Learner(pb.Learner):\n", f"class Learner(pb.Learner):\n{looped}")
    (folder / "counts.py").write_text(text)
    sentence = (
        "hook after_update: it changes counts.UPDATES[0]: hooks may depend on their arguments"
    )
    sys.modules.pop("counts", None)
    assert main(["check", "counts:Learner"]) == 2
    assert sentence in capsys.readouterr().err
    assert run("--learner", "counts:Learner") == 1
    assert sentence in capsys.readouterr().err
    sys.modules.pop("counts", None)


@pytest.mark.slow
def test_a_reader_that_has_seen_enough_gets_no_traceback():
    command = f"{shlex.quote(sys.executable)} -m plasticity_bench.cli"
    done = subprocess.run(
        ["bash", "-c", f"{command} show quick | head -c 1; exit ${{PIPESTATUS[0]}}"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Traceback" not in done.stderr
    assert done.returncode in (0, 128 + 13)


def test_ctrl_c_while_the_command_is_imported_ends_it_without_a_traceback(tmp_path):
    """The process stops itself when numpy, which the package imports, is looked for."""
    (tmp_path / "sitecustomize.py").write_text(
        "import os, signal, sys\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "class Finder:\n"
        "    def find_spec(name, *_):\n"
        "        if name == 'numpy':\n"
        "            os.kill(os.getpid(), signal.SIGINT)\n"
        "sys.meta_path.insert(0, Finder)\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "plasticity_bench.cli", "list"],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (-signal.SIGINT, "", "")


UNRECORDED = """\
import plasticity_bench as pb
from plasticity_bench.evaluation import recorder
evaluated = recorder.Recorder._evaluated
def halved(self, *examples, **options):
    metric, loss = evaluated(self, *examples, **options)
    return metric / 2, loss
recorder.Recorder._evaluated = halved
class Learner(pb.Learner):
    vectorized = False
"""


@pytest.mark.slow
def test_code_that_runs_unrecorded_is_in_no_process_that_scores_others(folder, capsys):
    main(["run", "tiny.yaml", "--jobs", "1", "--format", "csv", "--results", "alone"])
    alone = without_time(capsys.readouterr().out)
    (folder / "loud.py").write_text(UNRECORDED)
    loud = ["--learner", "loud:Learner"]
    assert main(["run", "tiny.yaml", "--jobs", "1", "--format", "csv", *loud]) == 0
    rows = without_time(capsys.readouterr().out)
    assert [row for row in rows if row["learner"] != "loud:Learner"] == alone
    assert "loud" not in sys.modules
