"""Disks that are full or cannot be written to, and writes that are cut short."""

import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.system

KILLED_IN_THE_MIDDLE = """\
import os, pathlib, signal, sys
from plasticity_bench.results import run_folder
from plasticity_bench.cli import main

place, calls = {place!r}, [0]

def killed_at_the_third(function):
    def call(*given, **named):
        calls[0] += 1
        if calls[0] == 3:
            os.kill(os.getpid(), signal.SIGKILL)
        return function(*given, **named)
    return call

if place == "measurements":
    parquet = run_folder.parquet
    parquet.measurements_bytes = killed_at_the_third(parquet.measurements_bytes)
elif place == "info":
    run_folder._write_info = killed_at_the_third(run_folder._write_info)
elif place == "rename":
    pathlib.Path.replace = killed_at_the_third(pathlib.Path.replace)
main(["run", "tiny.yaml", "--jobs", "1", "--checkpoint-interval", "1"])
"""


@pytest.mark.parametrize("place", ["measurements", "info", "rename"])
def test_a_kill_in_the_middle_of_a_write_leaves_nothing_half_done(bench, straight, place):
    code = KILLED_IN_THE_MIDDLE.format(place=place)
    killed = subprocess.run(
        [sys.executable, "-c", code], cwd=bench.folder, capture_output=True, check=False
    )
    assert killed.returncode == -9, killed.stderr
    code, table, _err = bench.run()
    assert (code, table) == (0, straight)


@pytest.fixture
def small_disk(tmp_path):
    """A file system of one megabyte."""
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)],
        capture_output=True,
        check=False,
    )
    if mounted.returncode:
        pytest.skip("no right to mount a file system")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_is_told_of_and_the_run_resumes_when_there_is_room(bench, straight, small_disk):
    filler = small_disk / "filler"
    filler.write_bytes(bytes(4096 * (256 - 10)))  # ten pages are left
    options = ("--results", str(small_disk), "--replicas", "1", "--checkpoint-interval", "1")
    code, _, err = bench.run(*options)
    assert code == 1
    assert "FAILED: its results cannot be stored" in err
    assert "No space left on device" in err
    assert not list(small_disk.glob("*/cells/*/*/.*")), "drafts are left"
    filler.unlink()
    code, table, _ = bench.run("--results", str(small_disk))
    assert (code, table) == (0, straight)


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is read-only to root")
def test_a_folder_that_cannot_be_written_to_is_told_before_anything_runs(bench):
    (bench.folder / "results").mkdir(mode=0o500)
    code, table, err = bench.run()
    assert (code, table) == (2, {})
    assert "Cannot write results to" in err


def test_a_read_only_file_system_is_told_before_anything_runs(bench, small_disk):
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    code, table, err = bench.run("--results", str(small_disk))
    assert (code, table) == (2, {})
    assert err.strip().splitlines()[-1].startswith("plasticity-bench: Cannot write results to")
    assert "Read-only file system. Choose another folder with --results." in err


def test_what_is_damaged_is_found_and_computed_again(bench, straight):
    assert bench.run()[:2] == (0, straight)
    files = sorted(bench.results.glob("cells/*/*/*/measurements.parquet"))
    whole = files[3].read_bytes()
    files[1].write_bytes(b"")
    files[3].write_bytes(whole[:-9] + bytes([whole[-9] ^ 1]) + whole[-8:])
    files[6].write_bytes(b"PAR1 cut short")
    code, table, err = bench.run()
    assert (code, table) == (0, straight)
    assert "12 runs, 9 finished, 3 to do" in err
