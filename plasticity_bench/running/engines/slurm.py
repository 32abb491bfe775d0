"""Work on a Slurm cluster: array tasks that run the same command on a share of the runs.

The processes share the results folder, which every node must see. A run is finished if and only if
its result is there, so the state of a task does not matter: what is missing is submitted again.
Whether a task is still queued or running is read from the scheduler's queue, which needs no
accounting database.
"""

import json
import re
import shutil
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from plasticity_bench.errors import BadInputError
from plasticity_bench.running.engines import slurm_script
from plasticity_bench.running.engines.slurm_script import Profile
from plasticity_bench.suite.planning import Group

POLL_SECONDS = 5.0
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
    """

    job: str
    folder: Path
    num_tasks: int

    def states(self) -> list[str]:
        """Return the states of those tasks that are still queued or running."""
        done = _asked("squeue", "--noheader", "--array", "--jobs", self.job, "--format", "%T")
        if done is None or (done.returncode and "Invalid job id" not in done.stderr):
            return ["UNKNOWN"]  # the scheduler does not answer, which ends nothing
        return [line for line in done.stdout.split() if line not in ENDED]


def _asked(*command: str) -> subprocess.CompletedProcess[str] | None:
    """Return what a command of Slurm answered; None if it did not within a minute."""
    try:
        return subprocess.run(
            command, capture_output=True, text=True, errors="replace", check=False, timeout=SECONDS
        )
    except subprocess.TimeoutExpired:
        return None


ENDED = ("COMPLETED", "FAILED", "CANCELLED", "TIMEOUT", "NODE_FAIL", "OUT_OF_MEMORY", "BOOT_FAIL")


def submit(
    groups: Sequence[Group], arguments: Sequence[str], results: Path, profile: Profile
) -> Submission:
    """Submit groups as one array; each task runs `plasticity-bench` with some of them.

    Args:
        groups: what is to be run.
        arguments: of the command, without its engine.
        results: the suite's results folder.
        profile: what to ask for.

    Raises:
        BadInputError: if Slurm refuses it, or answers nothing that is a job's number.
    """
    chunks = in_shares(groups, profile.tasks)
    base = results / "slurm"
    folder = base / f"{time.strftime('%Y%m%d-%H%M%S')}-{len(list(base.glob('*')))}"
    folder.mkdir(parents=True)
    keys = [[run.key for group in chunk for run in group.runs] for chunk in chunks]
    (folder / "chunks.json").write_text(json.dumps(keys), encoding="utf-8")
    script = folder / "task.sh"
    text = slurm_script.script(arguments, folder.resolve(), len(chunks), profile)
    script.write_text(text, encoding="utf-8")
    job = _submitted(script, str(profile.options.get("job-name", slurm_script.job_name(folder))))
    (folder / "job.txt").write_text(f"{job}\n", encoding="utf-8")
    return Submission(job, folder, len(chunks))


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


def latest(results: Path) -> Submission | None:
    """Return the last submission whose results are to be in a folder, or None."""
    files = sorted((results / "slurm").glob("*/job.txt"), key=lambda file: file.stat().st_mtime)
    if not files:
        return None
    folder = files[-1].parent
    job = files[-1].read_text(encoding="utf-8").strip()
    if not re.fullmatch(r"\d{1,20}", job):
        return None
    return Submission(job, folder, len(json.loads((folder / "chunks.json").read_text())))


def wait(submission: Submission, on_poll: Callable[[list[str]], bool]) -> None:
    """Wait until no task of a submission is queued or runs.

    Args:
        submission: what to wait for.
        on_poll: called with the states of those that are; waiting ends when it returns True.
    """
    while True:
        states = submission.states()
        if on_poll(states) or not states:
            return
        time.sleep(POLL_SECONDS)


def in_shares(groups: Sequence[Group], num_shares: int) -> list[list[Group]]:
    """Return groups split into at most `num_shares` shares of similar size.

    The largest group is assigned first; shares take turns, back and forth.
    """
    by_size = sorted(groups, key=lambda g: g.num_updates * len(g.runs), reverse=True)
    shares: list[list[Group]] = [[] for _ in range(min(num_shares, len(by_size)))]
    for number, group in enumerate(by_size):
        turn, position = divmod(number, len(shares))
        shares[position if turn % 2 == 0 else -1 - position].append(group)
    return shares


def summary(states: Sequence[str]) -> str:
    """Return how many tasks are in which state.

    >>> summary(["RUNNING", "PENDING", "RUNNING"])
    '2 running, 1 pending'
    >>> summary([])
    'none left'
    """
    counts = Counter(state.lower() for state in states)
    return ", ".join(f"{number} {state}" for state, number in counts.items()) or "none left"


def chunk(text: str) -> set[str]:
    """Return the keys of the runs that FILE:INDEX names.

    Raises:
        BadInputError: if that is not there.
    """
    file, _, index = text.rpartition(":")
    try:
        keys: set[str] = set(json.loads(Path(file).read_text(encoding="utf-8"))[int(index)])
        return keys
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise BadInputError(f"--chunk {text}: {error}") from None
