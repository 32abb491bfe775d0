"""Processes that are killed, asked to stop, or started twice."""

import fcntl
import os
import random
import signal
import termios
import time
from pathlib import Path

import pytest

from tests.failures.conftest import heed_signals, scores, workers_of

pytestmark = pytest.mark.system

CHECKPOINTS = ("--checkpoint-interval", "1")


def is_alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_run_that_is_killed_resumes(bench, straight, jobs):
    process = bench.start("--jobs", jobs, *CHECKPOINTS)
    bench.wait_for("checkpoints/*.checkpoint")
    workers = workers_of(process.pid)
    assert len(workers) == (2 if jobs == "2" else 0)
    process.kill()
    process.communicate()
    time.sleep(0.5)
    assert not any(map(is_alive, workers)), "workers go on unseen"
    code, counts = bench.status()
    assert code == 1
    assert counts["begun"] > 0
    assert "running" not in counts
    # A process may have been killed while it wrote a checkpoint.
    checkpoints = list(bench.results.glob("checkpoints/*.checkpoint"))
    drafts = [path.with_name(f".{path.name}.0123abcd") for path in checkpoints]
    for draft in drafts:
        draft.write_bytes(b"")
    code, table, _ = bench.run("--jobs", jobs)
    assert (code, table) == (0, straight)
    assert bench.status() == (0, {"complete": 12, "of": 12})
    assert not list(bench.results.glob("checkpoints/*.checkpoint"))
    assert not any(draft.exists() for draft in drafts)
    assert not list(bench.results.glob("locks/*"))


def test_a_worker_that_is_killed_costs_its_own_runs_only(bench, straight):
    process = bench.start("--jobs", "2", "--replicas", "4", *CHECKPOINTS)
    bench.wait_for("checkpoints/*.checkpoint")
    os.kill(workers_of(process.pid)[0], signal.SIGKILL)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "FAILED: its process was killed by SIGKILL; if memory ran out, choose fewer" in err
    finished = [path.parent.name for path in bench.results.glob("cells/*/*/*/measurements.parquet")]
    assert len(finished) == 8
    assert bench.status() == (1, {"complete": 8, "failed": 4, "of": 12})
    code, table, _ = bench.run()
    assert (code, table) == (0, straight)


@pytest.mark.parametrize(
    ("jobs", "number"), [("1", signal.SIGTERM), ("2", signal.SIGINT), ("1", signal.SIGHUP)]
)
def test_a_run_that_is_asked_to_stop_keeps_its_progress(bench, straight, jobs, number):
    process = bench.start("--jobs", jobs, "--replicas", "4")
    bench.wait_for("locks/*.lock")
    time.sleep(0.5)
    began = time.monotonic()
    process.send_signal(number)
    out, err = process.communicate(timeout=30)
    assert time.monotonic() - began < 25
    assert process.returncode == 128 + number
    assert out == ""
    assert "Traceback" not in err
    assert "Stopped: 0 of 12 runs are finished in results/tiny-v0@" in err
    assert "Run the same command again to resume." in err
    code, table, _ = bench.run()
    assert (code, table) == (0, straight)


def test_a_run_whose_terminal_is_closed_keeps_its_progress(bench, straight):
    master, slave = os.openpty()

    def sit_at_it():
        os.setsid()
        fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
        heed_signals()

    process = bench.start("--jobs", "2", "--replicas", "4", stderr=slave, preexec_fn=sit_at_it)
    os.close(slave)
    bench.wait_for("locks/*.lock")
    time.sleep(0.5)
    os.close(master)
    process.communicate(timeout=30)
    assert process.returncode == 128 + signal.SIGHUP
    assert list(bench.results.glob("checkpoints/*.checkpoint"))
    code, table, _ = bench.run()
    assert (code, table) == (0, straight)


def test_two_equal_commands_share_the_runs(bench, straight):
    both = [bench.start("--jobs", "1", "--replicas", "2") for _ in range(2)]
    ended = [process.communicate(timeout=120) for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert [scores(out) for out, _ in ended] == [straight, straight]
    lines = [line for _, err in ended for line in err.splitlines() if line.startswith("[")]
    worked = [line for line in lines if "in 0.0 s" not in line]
    assert len(worked) == 6  # two groups of fresh, adam and its own fresh copy: each was run once
    assert not list(bench.results.glob("locks/*"))


def test_whenever_a_run_is_killed_the_table_is_the_same_in_the_end(bench, straight):
    chance = random.Random(2)
    for _ in range(6):
        jobs = chance.choice(["1", "2"])
        process = bench.start("--jobs", jobs, "--replicas", "2", *CHECKPOINTS)
        time.sleep(chance.uniform(1.0, 5.0))
        process.kill()
        process.communicate()
    code, table, _ = bench.run()
    assert (code, table) == (0, straight)
