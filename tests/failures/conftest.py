"""A folder with a small suite and learners that fail, and the command in it."""

import csv
import io
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

SUITE = """\
suite: test/tiny-v0
streams:
  - id: plasticity/RandomLabelDigits-v0
    num_tasks: 12
    updates_per_task: 250
    num_examples: 64
    network: {hidden: [16]}
learners: [fresh, adam]
seeds: 4
measure: {curvature: {every: 4, examples: 16}}
"""

LEARNERS = """\
import time
from pathlib import Path

import torch

import plasticity_bench as pb


class Raises(pb.Learner):
    vectorized = False

    def after_update(self, state, noise):
        if state.step == 7 * 250:
            raise RuntimeError("the seventh task is too much")
        return state


class Diverges(pb.Learner):
    def after_update(self, state, noise):
        late = state.step > 1000
        grown = {k: torch.where(late, v * 1e30, v) for k, v in state.params.items()}
        return state._replace(params=grown)


class Eats(pb.Learner):
    vectorized = False

    def after_update(self, state, noise):
        if state.step == 100:
            torch.zeros(2**50)
        return state


class Waits(pb.Learner):
    vectorized = False

    def after_update(self, state, noise):
        if not Path("go").exists():
            time.sleep(0.1)
        return state


class Hangs(pb.Learner):
    vectorized = False

    def after_update(self, state, noise):
        if state.step == 100:
            time.sleep(600)
        return state
"""


def workers_of(pid):
    """The worker processes of a run; they are forked from one of its processes."""
    servers = [
        c for c in children_of(pid) if b"forkserver" in Path(f"/proc/{c}/cmdline").read_bytes()
    ]
    return [worker for server in servers for worker in children_of(server)]


def children_of(pid):
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def heed_signals():
    """Where the tests themselves run in the background, these signals are ignored."""
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


class Bench:
    """The command, in a folder of its own."""

    def __init__(self, folder):
        self.folder = folder
        (folder / "tiny.yaml").write_text(SUITE)
        (folder / "broken.py").write_text(LEARNERS)

    def start(self, *arguments, **settings):
        """Start a run; the table is to come as CSV."""
        command = [sys.executable, "-m", "plasticity_bench.cli", "run", "tiny.yaml"]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "preexec_fn": heed_signals}
        return subprocess.Popen(
            [*command, "--format", "csv", *arguments],
            cwd=self.folder,
            text=True,
            **{**pipes, **settings},
        )

    def run(self, *arguments, **settings):
        """Run to the end; return exit code, table and messages."""
        process = self.start(*arguments, **settings)
        out, err = process.communicate(timeout=120)
        assert "Traceback" not in err, err
        return process.returncode, scores(out), err

    def status(self):
        """Exit code of `status`, and how many runs it counts as what."""
        command = [sys.executable, "-m", "plasticity_bench.cli", "status", str(self.results)]
        done = subprocess.run(
            command, cwd=self.folder, capture_output=True, text=True, check=False, timeout=120
        )
        assert "Traceback" not in done.stderr, done.stderr
        head, _, *rows = done.stdout.splitlines()
        # In columns: `complete` and others are numbers under their names, to the right.
        counts = dict.fromkeys(head.split()[2:], 0)
        for row in rows:
            for name in counts:
                end = head.index(f" {name}") + 1 + len(name)
                number = (
                    row[:end].rstrip()[-6:].split()[-1:] if row[:end].rstrip() == row[:end] else []
                )
                counts[name] += int(number[0]) if number and number[0].isdigit() else 0
        return done.returncode, {name: number for name, number in counts.items() if number}

    @property
    def results(self):
        (folder,) = (self.folder / "results").iterdir()
        return folder

    def wait_for(self, what, seconds=60):
        """Wait until files that match a pattern are in the results folder."""
        began = time.monotonic()
        while time.monotonic() - began < seconds:
            found = list((self.folder / "results").glob(f"*/{what}"))
            if found:
                return found
            time.sleep(0.01)
        raise AssertionError(f"no {what} after {seconds} s")


def scores(text):
    """The table without what it took."""
    rows = list(csv.DictReader(io.StringIO(text)))
    return {
        (row["stream"], row["learner"]): {k: v for k, v in row.items() if k != "seconds"}
        for row in rows
    }


@pytest.fixture
def bench(tmp_path):
    return Bench(tmp_path)


@pytest.fixture(scope="session")
def straight(tmp_path_factory):
    """The table of a run that nothing happened to."""
    code, table, _ = Bench(tmp_path_factory.mktemp("straight")).run("--jobs", "1")
    assert code == 0
    return table
