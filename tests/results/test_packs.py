"""Packs: nothing is lost, nothing counts twice, and what is damaged is told of and run again."""

import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256

import numpy as np
import pandas as pd
import pytest

from plasticity_bench import safe_files
from plasticity_bench.errors import DamagedError
from plasticity_bench.results import Results, Row, Run, packs
from plasticity_bench.results.parquet import Limits

INFO = {"status": "complete", "seconds": {"train": 1.0, "measure": 0.5}}


def run(seed, learner="adam", stream="s"):
    return Run(stream, learner, seed, {"seed": seed, "learner": learner})


def rows(seed, tasks=3):
    return [Row(task, "end", f"name{(seed + task) % 4}", seed + task / 10) for task in range(tasks)]


@pytest.fixture
def results(tmp_path):
    """Eight runs, of different lengths; one diverged."""
    store = Results(tmp_path / "suite@12345678")
    for seed in range(8):
        status = "diverged" if seed == 5 else "complete"
        store.save(run(seed), rows(seed, 3 + seed % 2), {**INFO, "status": status})
    return store


def contents(results):
    """All that readers can see."""
    return {
        own.seed: (result.info, {name: list(c) for name, c in result.columns.items()})
        for own, result in results.stored()
    }


def run_folders(results):
    return sorted(path.name for path in results.folder.glob("cells/*/*/*"))


def packed(results):
    return sorted(results.folder.glob("packs/*/*/*.parquet"))


def test_a_packed_run_is_what_it_was(results):
    before, heads = contents(results), results.snapshot()
    assert results.pack(many=8) == 8
    assert run_folders(results) == []
    assert contents(results) == before
    after = results.snapshot()
    assert {h._replace(path=None) for h in after.finished.values()} == {
        h._replace(path=None) for h in heads.finished.values()
    }
    assert all(results.is_finished(run(seed)) for seed in range(8))
    assert not results.is_finished(run(8))
    assert results.load(run(8)) is None
    assert results.load(run(6)).series("name2", "end") == {0: 6.0}


def test_means_do_not_change_by_a_bit(results):
    def means():
        return {
            key: mean
            for table in results.run_tables("s", "adam")
            for key, mean in zip(table.keys, table.means("name1", "end", [0]).tolist())
        }

    before = means()
    results.pack(many=1)
    np.testing.assert_equal(means(), before)


def test_few_runs_stay_readable_to_people(results):
    assert results.pack() == 0
    assert len(run_folders(results)) == 8
    assert results.pack(in_all=8) == 8


def test_what_is_missing_is_told_in_order_packed_or_not(results):
    wanted = [run(9), run(3), run(8), run(0), run(2, stream="t"), run(2)]
    missing = [run(9), run(8), run(2, stream="t")]
    results.save_failure(run(8), "Traceback\n  File\nValueError: no", {})
    assert results.snapshot().missing(wanted) == missing
    results.pack(many=1)
    assert results.snapshot().missing(iter(wanted)) == missing
    assert results.snapshot().missing([]) == []
    assert Results(results.folder / "none").snapshot().missing(wanted) == wanted


def test_what_is_not_finished_stays(results):
    results.save_failure(run(9), "Traceback\n  File\nValueError: no", {})
    (results.path(run(2)) / "measurements.parquet").write_bytes(b"PAR1")
    assert results.pack(many=1) == 7
    assert [name[:7] for name in run_folders(results)] == ["seed002", "seed009"]


def test_runs_that_come_later_are_in_another_pack(results):
    results.pack(many=1)
    results.save(run(8), rows(8), INFO)
    assert sorted(contents(results)) == list(range(9))
    results.pack(many=1)
    assert len(packed(results)) == 2
    assert sorted(contents(results)) == list(range(9))


def test_a_run_in_a_folder_and_in_a_pack_counts_once(results):
    before = contents(results)
    results.pack(many=1)
    results.save(run(3), rows(3, 4), INFO)
    results.save_failure(run(4), "an attempt that came too late", {})
    assert len(results.snapshot().finished) == 8
    assert results.snapshot().failed == {}
    assert [own.seed for own, _ in results.stored()] == list(range(8))
    assert results.pack(many=1) == 1
    assert len(results.snapshot().finished) == 8
    assert contents(results).keys() == before.keys()


@pytest.mark.parametrize("moment", ["before the pack", "before removing", "while removing"])
def test_a_crash_at_any_moment_loses_nothing(results, monkeypatch, moment):
    before = contents(results)

    class Crash(BaseException):
        pass

    def crash(*_):
        raise Crash

    done = []

    def remove_one(path):
        if done:
            raise Crash
        done.append(path)
        real(path)

    real = safe_files.remove_folder
    with monkeypatch.context() as patch:
        if moment == "before the pack":
            patch.setattr("os.fsync", crash)
        else:
            remove = crash if moment == "before removing" else remove_one
            patch.setattr("plasticity_bench.results.store.remove_folder", remove)
        with pytest.raises(Crash):
            results.pack(many=1)
    assert contents(results) == before
    assert len(results.snapshot().finished) == 8
    results.pack(many=1)
    assert contents(results) == before
    assert run_folders(results) == []


def test_a_kill_at_a_random_moment_loses_nothing(results):
    before = contents(results)
    code = (
        "import sys; from pathlib import Path; from plasticity_bench.results import Results\n"
        "store = Results(Path(sys.argv[1])); print('ready', flush=True)\n"
        "while True: store.pack(many=1)"
    )
    for delay in (0.0, 0.004, 0.02):
        command = [sys.executable, "-c", code, str(results.folder)]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
            process.stdout.readline()
            time.sleep(delay)
            process.send_signal(signal.SIGKILL)
        assert contents(results) == before
        for seed in range(8):
            results.save(run(seed), rows(seed, 3 + seed % 2), before[seed][0])


def test_many_processes_may_pack_and_read_at_once(results):
    before = set(contents(results))
    with ThreadPoolExecutor(6) as pool:
        jobs = [pool.submit(results.pack, 1) for _ in range(4)]
        seen = [pool.submit(results.snapshot) for _ in range(8)]
        for job in (*jobs, *seen):
            job.result()
        for found in seen:
            assert len(found.result().finished) == 8
            assert found.result().damaged == []
    assert set(contents(results)) == before


def test_the_same_runs_make_the_same_pack(results, tmp_path):
    other = Results(tmp_path / "other")
    for seed in reversed(range(8)):
        other.save(run(seed), rows(seed, 3 + seed % 2), results.load(run(seed)).info)
    for store in (results, other):
        store.pack(many=1)
    assert packed(results)[0].name == packed(other)[0].name


@pytest.mark.parametrize("damage", ["a flipped byte", "cut short", "another name", "empty"])
def test_a_damaged_pack_is_told_of_and_never_used(results, damage):
    results.pack(many=1)
    (path,) = packed(results)
    content = path.read_bytes()
    if damage == "a flipped byte":
        middle = len(content) // 2
        path.write_bytes(content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :])
    elif damage == "another name":
        path = path.rename(path.with_name("0" * 64 + ".parquet"))
    else:
        path.write_bytes(content[:-9] if damage == "cut short" else b"")
    found = results.snapshot()
    assert found.finished == {}
    (error,) = found.damaged
    assert str(error) == f"{path} is not what was written: its sha256 is not its name"
    assert list(results.stored()) == []
    assert results.load(run(0)) is None
    results.set_aside(error)
    assert results.snapshot().damaged == []
    assert path.with_suffix(".damaged").exists()


def test_a_forged_pack_is_told_of(results):
    """The name fits the contents, which are not ours."""
    results.pack(many=1)
    (path,) = packed(results)
    frame = pd.read_parquet(path)
    frame.assign(status="failed").to_parquet(path)
    content = path.read_bytes()
    path.rename(path.with_name(f"{sha256(content).hexdigest()}.parquet"))
    assert "has other columns than results have" in str(results.snapshot().damaged[0])


def test_packs_are_split_by_size(results, monkeypatch):
    monkeypatch.setattr(packs, "MAX_RUNS", 3)
    results.pack(many=1)
    assert len(packed(results)) == 3
    assert sorted(contents(results)) == list(range(8))


# ---- what others may have put there -----------------------------------------------------------


def test_nothing_is_read_or_removed_behind_a_link(results, tmp_path):
    outside = tmp_path / "outside"
    results.path(run(0)).rename(outside)
    results.path(run(0)).symlink_to(outside)
    (tmp_path / "cells").mkdir()
    (results.folder / "cells" / "linked").symlink_to(tmp_path / "cells")
    assert not results.is_finished(run(0))
    assert results.pack(many=1) == 7
    assert (outside / "cell.json").exists()
    assert len(results.snapshot().finished) == 7
    results.save(run(0), rows(0), INFO)  # takes the link's place
    assert not results.path(run(0)).is_symlink()
    assert results.is_finished(run(0))
    assert (outside / "cell.json").exists()


def test_nothing_is_written_behind_a_link(results, tmp_path):
    (tmp_path / "outside").mkdir()
    (results.folder / "cells" / "t").symlink_to(tmp_path / "outside")
    with pytest.raises(DamagedError, match=r"cells/t is a link, which is not followed"):
        results.save(run(0, stream="t"), rows(0), INFO)
    assert list((tmp_path / "outside").iterdir()) == []


def test_a_label_in_a_file_does_not_become_a_path(results, tmp_path):
    """A run that says that it belongs elsewhere is not where its key has it."""
    path = results.path(run(0)) / "cell.json"
    info = json.loads(path.read_text())
    path.write_text(json.dumps({**info, "stream": "../../../escaped"}))
    found = results.snapshot()
    assert "is not where its key has it" in str(found.damaged[0])
    results.pack(many=1)
    assert not (tmp_path / "escaped").exists()
    assert len(run_folders(results)) == 1


def test_a_pipe_does_not_hang_and_large_files_are_refused(results, monkeypatch):
    info = results.path(run(0)) / "cell.json"
    info.unlink()
    os.mkfifo(info)
    monkeypatch.setattr("plasticity_bench.results.parquet.MAX_MEASUREMENTS_BYTES", 100)
    said = [str(error) for error in results.snapshot().damaged]
    assert said[0] == f"{info} is not a plain file"
    assert all("bytes; more than 100 are not read" in line for line in said[1:])
    assert len(said) == 8


def test_few_bytes_that_claim_to_be_many_numbers_are_refused(results, monkeypatch):
    monkeypatch.setattr("plasticity_bench.results.parquet.OF_RESULTS", Limits(12, 10**9))
    said = [str(error) for error in results.snapshot().damaged]
    assert len(said) == 4  # those of four tasks
    assert all("claims to hold more than 12 numbers" in line for line in said)
