"""Work on a Slurm cluster: array tasks that run the same command on a share of the runs.

The processes share the results folder, which every node must see. A run is finished if and only if
its result is there, so the state of a task does not matter: what is missing is submitted again.
Whether a task is still queued or running is read from the scheduler's queue, which needs no
accounting database.
"""

import contextlib
import json
import re
import shlex
import shutil
import subprocess
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from plasticity_bench.errors import BadInputError
from plasticity_bench.running.engines import slurm_script
from plasticity_bench.running.engines.shares import Command, write
from plasticity_bench.running.engines.slurm_script import Profile
from plasticity_bench.suite.planning import Group

SECONDS = 60.0
"""The longest wait for a command of Slurm."""


def is_available() -> bool:
    """Return whether jobs can be submitted from here."""
    return all(shutil.which(command) for command in ("sbatch", "squeue"))


def check_available() -> None:
    """Check that jobs can be submitted from here.

    Raises:
        BadInputError: if there is no Slurm.
    """
    if not is_available():
        raise BadInputError(
            "--engine slurm: the commands sbatch and squeue are missing. Run this command on a "
            "machine that submits to a Slurm cluster, or use --engine local."
        )


@dataclass(frozen=True)
class Submission:
    """One array of tasks.

    Attributes:
        job: Slurm's job id.
        folder: of its script, the shares of its tasks, and their logs.
        num_tasks: how many there are.
        not_frozen: packages of the user's that were too large to be copied.
    """

    job: str
    folder: Path
    num_tasks: int
    not_frozen: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """What messages call it."""
        return f"Slurm job {self.job}"

    @property
    def how_to_end(self) -> str:
        """The command that ends its tasks."""
        return f"plasticity-bench cancel {shlex.quote(str(self.folder.parents[1]))}"

    def states(self) -> list[str]:
        """Return the states of those tasks that are still queued or running.

        Slurm remembers for some minutes how tasks ended. If one of them was cancelled, that is
        stored, because cancelled tasks are not submitted again.
        """
        # Without --states=all the queue lists only those that have not ended.
        query = ("--noheader", "--array", "--states=all", "--jobs", self.job, "--format", "%T")
        done = _asked("squeue", *query)
        if done is None or (done.returncode and "Invalid job id" not in done.stderr):
            return ["UNKNOWN"]  # the scheduler does not answer, which ends nothing
        states = done.stdout.split()
        if any(state.startswith("CANCELLED") for state in states):
            self._mark_cancelled()
        return [state for state in states if not state.startswith(ENDED)]

    @property
    def is_cancelled(self) -> bool:
        """Whether tasks of it were cancelled, by `cancel` or by scancel."""
        return (self.folder / CANCELLED).exists()

    def cancel(self) -> None:
        """End its tasks.

        Raises:
            BadInputError: if Slurm refuses, or does not answer.
        """
        self._mark_cancelled()  # first: a waiting command must not submit them again meanwhile
        done = _asked("scancel", self.job)
        if done is None or (done.returncode and "Invalid job id" not in done.stderr):
            told = done.stderr.strip() if done else f"no answer within {SECONDS:.0f} seconds."
            raise BadInputError(f"{self.label} cannot be cancelled: {told}")

    def _mark_cancelled(self) -> None:
        with contextlib.suppress(OSError):  # results may be read-only for whoever looks
            (self.folder / CANCELLED).touch()


def _asked(*command: str) -> subprocess.CompletedProcess[str] | None:
    """Return what a command of Slurm answered; None if it did not within a minute."""
    try:
        return subprocess.run(
            command, capture_output=True, text=True, errors="replace", check=False, timeout=SECONDS
        )
    except subprocess.TimeoutExpired:
        return None


ENDED = (
    "COMPLETED",
    "FAILED",
    "CANCELLED",
    "TIMEOUT",
    "NODE_FAIL",
    "OUT_OF_MEMORY",
    "BOOT_FAIL",
    "DEADLINE",
    "LAUNCH_FAILED",
    "PREEMPTED",
    "REVOKED",
)
CANCELLED = "cancelled"
"""The file in a submission's folder that says so."""


@dataclass(frozen=True)
class Slurm:
    """The engine: arrays of tasks on a cluster with sbatch and squeue.

    Attributes:
        profile: what the tasks ask for.
    """

    profile: Profile

    @property
    def uses_gpus(self) -> bool:
        """Whether the tasks have GPUs."""
        return self.profile.gpus > 0

    @property
    def rounds(self) -> int:
        """The largest number of submissions of what is missing."""
        return self.profile.rounds

    def latest(self, results: Path) -> Submission | None:
        """Return the last submission of a results folder, which may still run, or None."""
        submissions = all_of(results)
        return submissions[-1] if submissions else None

    def submit(self, groups: Sequence[Group], command: Command, results: Path) -> Submission:
        """Submit groups as one array; each task runs the command on some of them.

        Raises:
            BadInputError: if Slurm refuses it, or answers nothing that is a job's number.
        """
        shares = write(groups, command, results, self.profile.tasks)
        script = shares.folder / "task.sh"
        script.write_text(slurm_script.script(shares, self.profile), encoding="utf-8")
        own_name = slurm_script.job_name(shares.folder)
        job = _submitted(script, str(self.profile.options.get("job-name", own_name)))
        (shares.folder / "job.txt").write_text(f"{job}\n", encoding="utf-8")
        return Submission(job, shares.folder, shares.num_tasks, shares.left_out)


def _submitted(script: Path, name: str) -> str:
    """Submit a script, and return the job's number."""
    done = _asked("sbatch", "--parsable", str(script))
    if done is None:  # it may have been submitted all the same
        queued = _asked("squeue", "--noheader", "--me", "--name", name, "--format", "%F")
        found = re.findall(r"^\s*(\d{1,20})\s*$", queued.stdout if queued else "", re.MULTILINE)
        if found:
            return str(max(found, key=int))
        raise BadInputError(
            f"sbatch did not answer within {SECONDS:.0f} seconds, and no job called {name} is in "
            f"the queue: look with `squeue --me`, then run the command again. See {script}."
        )
    if done.returncode:
        raise BadInputError(f"Slurm refuses the job: {done.stderr.strip()} See {script}.")
    # Sites print greetings around the line that --parsable promises: number, or number;cluster.
    numbers = re.findall(r"^\s*(\d{1,20})(?:;\S+)?\s*$", done.stdout, re.MULTILINE)
    if len(numbers) != 1:
        shown = " ".join(done.stdout.split())[:200]
        raise BadInputError(f"sbatch printed no job's number, but {shown!r}. See {script}.")
    return str(numbers[0])


def all_of(results: Path) -> list[Submission]:
    """Return the submissions whose results are to be in a folder, the last one last."""
    files = sorted((results / "slurm").glob("*/job.txt"), key=lambda file: file.stat().st_mtime)
    found = []
    for file in files:
        job = file.read_text(encoding="utf-8", errors="replace").strip()
        with contextlib.suppress(OSError, ValueError, TypeError):
            if re.fullmatch(r"\d{1,20}", job):
                num_tasks = len(json.loads((file.parent / "chunks.json").read_text()))
                found.append(Submission(job, file.parent, num_tasks))
    return found


def summary(states: Sequence[str]) -> str:
    """Return how many tasks are in which state.

    >>> summary(["RUNNING", "PENDING", "RUNNING"])
    '2 running, 1 pending'
    >>> summary([])
    'none left'
    """
    counts = Counter(state.lower() for state in states)
    return ", ".join(f"{number} {state}" for state, number in counts.items()) or "none left"
