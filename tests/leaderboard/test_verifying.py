"""Cells that are run again come out as an honest entry has them, and a forged one is found out."""

import json
import math
import re
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from plasticity_bench.cli import main
from plasticity_bench.leaderboard import tolerance, verifying
from plasticity_bench.leaderboard.entry import read_entry
from plasticity_bench.leaderboard.manifest import read_manifest
from plasticity_bench.leaderboard.unpublished import Unpublished, drawn_seeds, shortfalls
from plasticity_bench.leaderboard.validation import validate
from plasticity_bench.leaderboard.verification import status_of
from plasticity_bench.recording import sealed_process
from plasticity_bench.results import Row
from plasticity_bench.results.parquet import (
    measurements_bytes,
    measurements_table,
    single_run_table,
)
from tests.leaderboard.test_validation import own
from tests.support.entries import change_manifest, change_runs, change_source
from tests.support.helpers import a_score

pytestmark = pytest.mark.system


def verify(folder, *options):
    return main(["verify", str(folder), "--suite", str(suite_file(folder)), *options])


def suite_file(folder):
    return folder.parents[2] / "tiny.yaml"


def test_an_honest_entry_is_verified_to_the_bit(entry, capsys):
    assert str(status_of(entry)) == "self-reported"
    assert verify(entry, "--cells", "3") == 0
    out = capsys.readouterr().out
    assert out.count(" identical") == 3
    assert re.search(r"3 runs drawn by [0-9a-f]{32}: verified\.", out)
    assert str(status_of(entry)).startswith("verified (3 runs, ")
    (file,) = (entry / "verification").iterdir()
    record = json.loads(file.read_text())
    assert record["ok"]
    assert all(run["identical"] for run in record["cells"])
    assert set(record["version"]) == {"plasticity-bench", "torch"}
    assert len({run["seed"] for run in record["unpublished"]}) == 2
    assert "Mean trainability with 2 other seeds: " in out
    # Another draw adds to it; the same nonce draws the same runs.
    assert verify(entry, "--cells", "3", "--nonce", record["nonce"]) == 0
    assert [c["seed"] for c in json.loads(file.read_text())["cells"]] == [
        c["seed"] for c in record["cells"]
    ]
    found = validate(entry, str(suite_file(entry)))
    assert found.failures == []
    assert set(found.notes) == {
        "its records of verification, because anyone can write them: verify it again",
        "its costs, which only its record can tell: verify it",
    }


def test_a_learner_in_a_package_that_builds_on_a_baseline_is_verified(made, tmp_path, monkeypatch):
    shutil.copytree(made / "results", tmp_path / "results")
    shutil.copy(made / "tiny.yaml", tmp_path)
    package = tmp_path / "my_lab"
    package.mkdir()
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "lab_helper.py").write_text("STRENGTH = 0.02\n")
    (package / "__init__.py").write_text(
        "from plasticity_bench.baselines.l2_init import L2Init\n"
        "from lab_helper import STRENGTH\n"
        "class Learner(L2Init):\n"
        "    strength: float = STRENGTH\n"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path / "lib"))
    monkeypatch.syspath_prepend(str(tmp_path))
    own = ["--learner", "my_lab:Learner"]
    assert main(["run", "tiny.yaml", *own, "--jobs", "1"]) == 0
    (results,) = (tmp_path / "results").glob("tiny-v0@*")
    for learner, name in (("fresh", "fresh"), (own[1], "lab")):
        assert main(["submit", str(results), "--learner", learner, "--name", name,
                     "--authors", "A", "--suite", "tiny.yaml", "--output", "entries"]) == 0  # fmt: skip
    folder = tmp_path / "entries" / "tiny-v0" / "lab"
    assert read_manifest(folder).learner.source == [
        "source/my_lab/__init__.py",
        "source/lab_helper.py",
        "source/baselines/l2_init.py",
    ]
    assert main(["verify", str(folder), "--suite", "tiny.yaml", "--cells", "1"]) == 0


def test_a_record_is_of_the_source_that_was_recorded(entry, monkeypatch):
    original, (source,) = verifying.run_again, (entry / "source").glob("*.py")

    def changing(*arguments):
        results = original(*arguments)
        source.write_text(f"{source.read_text()}# changed meanwhile\n")
        return results

    monkeypatch.setattr(verifying, "run_again", changing)
    assert verify(entry, "--runs", "1") == 0
    assert str(status_of(entry)) == "self-reported"


def test_where_files_are_not_protected_that_is_told(entry, monkeypatch, capsys):
    monkeypatch.setattr(sealed_process, "protects_files", lambda: False)
    assert verify(entry, "--runs", "1") == 0
    assert "it could write to any file of yours." in capsys.readouterr().err


def test_a_terminal_obeys_nothing_of_an_entrys(entry, capsys):
    (source,) = (entry / "source").glob("*.py")
    printing = "import os\nos.write(2, b'\\x1b[2J verified.\\n')\n"
    change_source(entry, printing + source.read_text())
    verify(entry, "--runs", "1")
    err = capsys.readouterr().err
    assert "Learner: \\x1b[2J verified." in err.splitlines(), err
    assert "\x1b" not in err


def test_scores_that_were_made_up_are_found_out(entry, capsys):
    """The forger edits measurements, and everything that is computed from them."""

    def better(info, rows):
        if own(info):
            for row in rows:
                if (row[1], row[2]) == ("end", "accuracy"):
                    row[3] = min(1.0, row[3] + 0.4)

    change_runs(entry, better)
    assert verify(entry, "--cells", "6") == 1
    assert "differs" in capsys.readouterr().out
    assert str(status_of(entry)).startswith("failed (")


def test_packages_of_another_version_are_told_of(entry, capsys):
    stated = {"packages": {"pytest": "0.0"}}
    change_runs(entry, lambda info, rows: info["identity"]["learner"].update(stated))
    assert verify(entry, "--runs", "1") == 2
    assert f"imports pytest 0.0, which is {pytest.__version__} here" in capsys.readouterr().err


def test_nothing_of_an_invalid_entry_is_run(entry, capsys, monkeypatch):
    monkeypatch.setattr(verifying, "verify", lambda *_: pytest.fail("it was run"))
    (entry / "more.txt").write_text("x")
    assert verify(entry) == 2
    assert "is not valid: nothing of it was run." in capsys.readouterr().err


def test_a_nonce_is_hexadecimal(entry, capsys):
    assert verify(entry, "--nonce", "../x") == 2
    assert "--nonce ../x: 8 to 64 hexadecimal digits" in capsys.readouterr().err


def test_the_draw_depends_on_nonce_and_entry(entry):
    read = read_entry(entry, "fresh")
    assert verifying.drawn(read, 3, "a" * 32) == verifying.drawn(read, 3, "a" * 32)
    draws = {tuple(verifying.drawn(read, 3, f"{n:032x}")) for n in range(40)}
    assert len(draws) > 10
    seen = [place for draw in draws for place in draw]
    assert set(seen) == set(read.runs)
    assert len(verifying.drawn(read, 100, "a" * 32)) == len(read.runs)


def test_a_machine_whose_bits_differ_verifies_nothing(entry, capsys, monkeypatch):
    monkeypatch.setattr(verifying.portability, "unpinned", lambda: "this is another processor")
    assert verify(entry) == 2
    told = capsys.readouterr().err
    assert "Runs do not have the same bits here as elsewhere: this is another processor." in told


def test_what_is_not_recorded_is_not_verified(entry, capsys):
    change_manifest(entry, lambda m: m["flags"].update(recorded=False))
    assert verify(entry) == 2
    assert "is not recorded, so its runs cannot be verified" in capsys.readouterr().err


def test_costs_are_those_of_the_record(entry, capsys):
    change_manifest(entry, lambda m: m["flags"].update(flops=0.5))
    assert verify(entry, "--runs", "1") == 1
    assert "flags are not those of the learner's record" in capsys.readouterr().out


def run_table(**values):
    """One run with measurements at the end of a task, and losses during it."""
    rows = [Row(0, "during" if n == "loss" else "end", n, v) for n, v in values.items()]
    table = measurements_table(measurements_bytes(rows), Path("x"))
    return single_run_table("key", {"status": "complete"}, table, Path("x"))


@pytest.mark.parametrize("name", ["accuracy", "chance", "dead_rank", "fisher_srank99_n16", "loss"])
def test_what_scores_are_made_of_is_equal_in_every_bit(name):
    stated = run_table(**{name: 0.3})
    assert verifying.same_measurements(stated, run_table(**{name: 0.3}), "fisher_srank99_n16")
    other = run_table(**{name: math.nextafter(0.3, 1)})
    assert not verifying.same_measurements(stated, other, "fisher_srank99_n16")


def test_the_last_bits_of_diagnostics_are_those_of_the_machine():
    stated = run_table(parameter_norm=19.0, fisher_srank99_n64=0.3, gradient_norm=math.nan)

    def same(**values):
        found = {"parameter_norm": 19.0, "fisher_srank99_n64": 0.3, "gradient_norm": math.nan}
        return verifying.same_measurements(
            stated, run_table(**{**found, **values}), "fisher_srank99_n16"
        )

    assert same()
    assert same(parameter_norm=math.nextafter(19.0, 0))
    assert same(fisher_srank99_n64=math.nextafter(0.3, 0))
    assert not same(parameter_norm=19.0 * (1 + 1e-11))
    assert not same(gradient_norm=0.0)
    assert not same(parameter_norm=math.nan)


def test_runs_that_are_only_within_tolerance_are_not_verified(entry, capsys):
    """Whatever an entry says of its device, runs that differ in a bit are no proof."""

    def on_gpu(info, rows):
        if own(info):
            info["execution"]["device"] = "cuda"
            for row in rows:
                if row[2] == "online_accuracy":
                    row[3] += 1e-6

    change_runs(entry, on_gpu)
    assert verify(entry, "--runs", "2") == 0
    out = capsys.readouterr().out
    assert "within tolerance" in out
    assert "consistent, within the tolerance of runs on a GPU." in out
    assert str(status_of(entry)).startswith("consistent (2 runs, ")


# ---- other seeds --------------------------------------------------------------------------------


def scores(values, name="trainability"):
    return [replace(PLAIN, **{name: value}) for value in values]


def with_other_seeds(values, stream="a"):
    return [Unpublished(stream, i, one) for i, one in enumerate(scores(values))]


def shortfall(stated, found):
    return shortfalls({"a": scores(stated)}, with_other_seeds(found))["trainability"]


def test_a_learner_that_only_knows_the_published_seeds_is_found_out():
    stated = [0.98, 1.0, 1.0, 0.97, 1.01, 1.0, 0.99, 0.98, 1.0, 1.0]
    assert shortfall(stated, [0.95, 1.0]).ok
    assert shortfall(stated, [1.3, 1.2]).ok  # higher is no contradiction
    found = shortfall(stated, [0.3, 0.25])
    assert not found.ok
    assert found.stated == pytest.approx(0.993)
    assert found.found == pytest.approx(0.275)
    # Where seeds differ much, a low pair is none.
    assert shortfall([0.0, 1.0] * 5, [0.0, 0.1]).ok


def test_streams_have_equal_weight_and_undefined_scores_none():
    stated = {"a": scores([1.0] * 8), "b": scores([0.5] * 4), "c": scores([math.nan] * 4)}
    drawn = [*with_other_seeds([1.0, 1.0], "a"), *with_other_seeds([0.1, 0.1], "b"),
             *with_other_seeds([0.9], "c")]  # fmt: skip
    found = shortfalls(stated, drawn)["trainability"]
    assert (found.stated, found.found) == (pytest.approx(0.75), pytest.approx(0.55))
    assert "trainability" not in shortfalls({"c": stated["c"]}, drawn)


def test_honest_scores_are_seldom_taken_for_lower():
    chance = np.random.default_rng(0)
    wrong = 0
    for _ in range(400):
        stated, found = chance.normal(0.5, 0.3, 10), chance.normal(0.5, 0.3, 2)
        wrong += not shortfall(stated, found).ok
    assert wrong <= 3


def test_the_seeds_are_no_suites_and_depend_on_the_nonce():
    seeds = drawn_seeds(3, "a1b2c3d4")
    assert len(seeds) == 3
    assert seeds.start >= 10**6
    assert drawn_seeds(3, "a1b2c3d4") == seeds
    assert drawn_seeds(3, "a1b2c3d5") != seeds


# ---- the tolerance ------------------------------------------------------------------------------

PLAIN = a_score()


def moved(trainability=0.0, rank=0.0):
    return replace(PLAIN, trainability=0.5 + trainability, curvature_to_reference=0.5 + rank)


@pytest.mark.parametrize("name", ["retained_plasticity", "curvature_retention", "online_accuracy"])
def test_every_score_that_tables_show_is_compared(name):
    moved = replace(PLAIN, **{name: getattr(PLAIN, name) + tolerance.RUN_TOLERANCE + 0.01})
    assert not tolerance.agree(PLAIN, moved)


def test_one_cell_may_move_so_far():
    edge = tolerance.RUN_TOLERANCE
    assert tolerance.agree(PLAIN, moved(edge - 1e-9))
    assert not tolerance.agree(PLAIN, moved(edge + 1e-9))
    assert not tolerance.agree(PLAIN, moved(rank=-edge - 1e-9))
    assert not tolerance.agree(PLAIN, replace(PLAIN, diverged=True))
    nothing = replace(PLAIN, curvature_to_reference=math.nan)
    assert tolerance.agree(nothing, nothing)
    assert not tolerance.agree(PLAIN, nothing)


def test_many_cells_may_move_less_to_one_side():
    step = tolerance.MEAN_OF_ONE / 2
    assert tolerance.runs_agree([(PLAIN, moved(step - 1e-9))] * 4)
    assert not tolerance.runs_agree([(PLAIN, moved(step))] * 5)
    assert tolerance.runs_agree([(PLAIN, moved(step)), (PLAIN, moved(-step))] * 50)
