"""Runs on a real Slurm cluster: the same table as here, whatever is killed."""

import os
import re
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tests.failures.conftest import scores
from tests.support.slurm_cluster import Cluster

pytestmark = pytest.mark.system

SLURM = ("--engine", "slurm", "--slurm", "memory=1G", "--slurm", "time=00:10:00")


@pytest.fixture(scope="module")
def cluster():
    if Cluster.why_not():
        pytest.skip(Cluster.why_not())
    with tempfile.TemporaryDirectory(prefix="slurm-", ignore_cleanup_errors=True) as folder:
        started = Cluster(Path(folder))
        try:
            started.start()
            yield started
        finally:
            started.stop()


@pytest.fixture
def on_slurm(bench, cluster):
    bench.settings = {"env": cluster.environment}
    return bench


def command(bench, *arguments):
    done = subprocess.run(
        [sys.executable, "-m", "plasticity_bench.cli", *arguments],
        cwd=bench.folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=500,
        **bench.settings,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done


def running(cluster, number):
    """The processes of a job's tasks, by task, once so many run."""

    def tasks():
        found = {}
        for node in ("n1", "n2"):
            for pid in cluster.processes(node):
                line = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
                if b"plasticity_bench.cli" in line:
                    found[line[-2].decode().rpartition(":")[2]] = (node, pid)
        return found

    cluster.wait_for(lambda: len(tasks()) >= number)
    return tasks()


def logs(bench):
    return "".join(log.read_text() for log in bench.results.glob("slurm/*/task-*.log"))


def test_it_detaches_tells_how_far_it_is_and_gives_the_same_table(on_slurm, cluster, straight):
    (on_slurm.folder / "later.yaml").write_text("options: {begin: now+20}\n")
    later = (*SLURM, "--slurm-profile", "later.yaml", "--replicas", "4", "--detach")
    submitted = command(on_slurm, "run", "tiny.yaml", *later)
    assert (submitted.returncode, submitted.stdout) == (0, "")
    assert "12 runs in 3 tasks: Slurm job " in submitted.stderr
    early = command(on_slurm, "status", "tiny.yaml")
    assert early.returncode == 1
    assert re.search(r"Slurm job \d+: 3 pending", early.stderr)
    # The same command, not detached, waits for those tasks and submits no others.
    code, table, err = on_slurm.run(*SLURM, **on_slurm.settings)
    assert (code, table) == (0, straight)
    assert "of these results is not over." in err
    assert "runs in" not in err
    assert command(on_slurm, "status", str(on_slurm.results)).returncode == 0
    collected = command(on_slurm, "collect", "tiny.yaml", "--format", "csv")
    assert (collected.returncode, scores(collected.stdout)) == (0, straight)


def test_a_killed_job_and_a_killed_node_cost_nothing(on_slurm, cluster, straight):
    checkpoints = ("--checkpoint-interval", "1")
    whole_nodes = ("--slurm", "cpus=2")
    options = (*SLURM, *whole_nodes, "--replicas", "4", *checkpoints)
    process = on_slurm.start(*options, **on_slurm.settings)
    tasks = running(cluster, 2)
    on_slurm.wait_for("checkpoints/*.checkpoint")
    assert tasks["0"][0] != tasks["1"][0], "both tasks are on one node"
    os.kill(tasks["0"][1], signal.SIGKILL)
    cluster.kill_node(tasks["1"][0])
    cluster.start_node(tasks["1"][0])
    out, err = process.communicate(timeout=500)
    assert process.returncode == 0, err
    assert scores(out) == straight


def test_a_task_whose_time_is_up_queues_again_and_resumes(on_slurm, cluster):
    options = ("--learner", "broken:Waits", "--seeds", "1", "--checkpoint-interval", "1")
    limits = ("--slurm", "notice=40", "--slurm", "rounds=1")
    process = on_slurm.start(*SLURM, *limits, *options, **on_slurm.settings)
    # When both baselines and Adam's fresh copy are finished, the only checkpoint is that of the run
    # which waits in each update. Slurm itself tells the time to a minute, so the notice is sent from here.
    cluster.wait_for(lambda: len(list(on_slurm.folder.glob("results/*/cells/*/*/*"))) == 3)
    on_slurm.wait_for("checkpoints/*.checkpoint")
    job = next(on_slurm.results.glob("slurm/*/job.txt")).read_text().strip()
    cluster.run("scancel", "--signal=USR1", "--batch", job)
    cluster.wait_for(lambda: "the progress of others is stored" in logs(on_slurm))
    (on_slurm.folder / "go").touch()
    out, err = process.communicate(timeout=500)
    assert process.returncode == 0, err
    # The same as Adam, whose run was not interrupted, but for what it is called; a learner that
    # cannot be recorded has no count of operations.
    table = {learner: row for (_, learner), row in scores(out).items()}
    waits, adam = table["broken:Waits"], table["adam"]
    assert {**waits, "learner": "adam", "flops": "1.0"} == adam


LATER = "options: {begin: now+%d}\n"


def test_a_module_that_is_edited_while_tasks_wait_does_not_matter(on_slurm, cluster):
    learner = (
        "import plasticity_bench as pb\n\n\nclass Mine(pb.Learner):\n    step_size: float = %s\n"
    )
    (on_slurm.folder / "mine.py").write_text(learner % 1e-2)
    (on_slurm.folder / "later.yaml").write_text(LATER % 20)
    given = ("--learner", "mine:Mine", "--seeds", "1")
    later = (*SLURM, "--slurm-profile", "later.yaml", "--detach")
    assert command(on_slurm, "run", "tiny.yaml", *given, *later).returncode == 0
    (on_slurm.folder / "mine.py").write_text(learner % 1e-4)
    (on_slurm.folder / "tiny.yaml").write_text("suite: test/other-v0\n")
    cluster.wait_for(lambda: not queued(cluster), seconds=200)
    status = command(on_slurm, "status", str(on_slurm.results))
    assert status.returncode == 0, status.stdout + status.stderr


def queued(cluster):
    return cluster.run("squeue", "--noheader").split()


def test_cancel_ends_the_tasks_and_a_waiting_command_does_not_submit_them_again(on_slurm, cluster):
    (on_slurm.folder / "later.yaml").write_text(LATER % 3600)
    waiting = on_slurm.start(*SLURM, "--slurm-profile", "later.yaml", **on_slurm.settings)
    cluster.wait_for(lambda: list(on_slurm.folder.glob("results/*/slurm/*/job.txt")))
    cluster.wait_for(lambda: queued(cluster))
    cancelled = command(on_slurm, "cancel", str(on_slurm.results))
    assert cancelled.returncode == 0
    assert re.search(r"Slurm job \d+ is cancelled: \d+ pending\.", cancelled.stderr)
    _, err = waiting.communicate(timeout=100)
    assert waiting.returncode == 1
    assert re.search(r"Slurm job \d+ was cancelled: 12 runs have no results", err), err
    assert len(list(on_slurm.results.glob("slurm/*"))) == 1
    told = command(on_slurm, "status", str(on_slurm.results))
    assert told.returncode == 1
    assert re.search(r"Slurm job \d+ was cancelled\.", told.stderr)
    again = command(on_slurm, "cancel", str(on_slurm.results))
    assert "No task of" in again.stderr


def test_scancel_is_final_too(on_slurm, cluster):
    (on_slurm.folder / "later.yaml").write_text(LATER % 3600)
    waiting = on_slurm.start(*SLURM, "--slurm-profile", "later.yaml", **on_slurm.settings)
    cluster.wait_for(lambda: list(on_slurm.folder.glob("results/*/slurm/*/job.txt")))
    job = next(on_slurm.results.glob("slurm/*/job.txt")).read_text().strip()
    cluster.run("scancel", job)
    _, err = waiting.communicate(timeout=100)
    assert waiting.returncode == 1
    assert "was cancelled" in err and len(list(on_slurm.results.glob("slurm/*"))) == 1
