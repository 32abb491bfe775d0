"""Work on a Dask cluster: each task runs the same command on a share of the runs.

For clusters without Slurm: dask.distributed starts workers on LSF, PBS, SGE, Kubernetes, SSH and
others. The workers' machines must see the results folder.
"""

import os
import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from plasticity_bench.errors import BadInputError
from plasticity_bench.running.engines.shares import Command, Shares, write
from plasticity_bench.suite.planning import Group

CONNECT_SECONDS = 30
MAX_TASKS = 100
STATES = {"pending": "PENDING", "processing": "RUNNING"}


@dataclass(frozen=True)
class Submission:
    """Tasks on a Dask cluster.

    Attributes:
        address: of the scheduler.
        folder: of the shares of the tasks, and their logs.
        futures: one for each task.
        not_frozen: packages of the user's that were too large to be copied.
    """

    address: str
    folder: Path
    futures: Sequence[Any]
    not_frozen: tuple[str, ...] = ()

    is_cancelled = False
    """Dask has no queue outside of this command: ending the command ends its tasks."""

    @property
    def label(self) -> str:
        """What messages call it."""
        return f"Dask at {self.address}"

    @property
    def num_tasks(self) -> int:
        """How many tasks there are."""
        return len(self.futures)

    @property
    def how_to_end(self) -> str:
        """How its tasks are ended."""
        return "Ctrl-C"

    def states(self) -> list[str]:
        """Return the states of those tasks that are still queued or running."""
        return [STATES[f.status] for f in self.futures if f.status in STATES]


class Dask:
    """The engine: tasks on the workers of a scheduler."""

    uses_gpus = False
    rounds = 3

    def __init__(self, address: str, jobs: int | None) -> None:
        """Connect to a scheduler.

        Args:
            address: of the scheduler, such as tcp://login:8786.
            jobs: processes of each task; None for one.

        Raises:
            BadInputError: if dask.distributed is not installed, or nobody answers.
        """
        self._client = _client(address)
        self._address = address
        self._jobs = jobs or 1

    def latest(self, results: Path) -> None:
        """Return None: no task outlives the command that submitted it."""

    def submit(self, groups: Sequence[Group], command: Command, results: Path) -> Submission:
        """Submit groups; each task runs the command on some of them."""
        shares = write(groups, command, results, MAX_TASKS)
        futures = [
            self._client.submit(run_task, *_task(shares, index, self._jobs), pure=False)
            for index in range(shares.num_tasks)
        ]
        return Submission(self._address, shares.folder, futures, shares.left_out)


def _task(shares: Shares, index: int, jobs: int) -> tuple[list[str], str, str, str]:
    words = [*shares.words, "--jobs", str(jobs), "--chunk", f"{shares.chunks}:{index}"]
    return (
        words,
        str(Path.cwd()),
        str(shares.code),
        str(shares.folder.resolve() / f"task-{index}.log"),
    )


def run_task(words: list[str], folder: str, code: str, log: str) -> int:
    """Run a task's command on a worker; return its exit code.

    Args:
        words: the command.
        folder: that it runs in.
        code: where Python finds the user's modules.
        log: the file that it prints to.
    """
    paths = [code, *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
    with Path(log).open("ab") as file:
        done = subprocess.run(
            words, cwd=folder, env=environment, stdout=file, stderr=file, check=False
        )
    return done.returncode


def _client(address: str) -> Any:
    try:
        from distributed import Client
    except ImportError:
        raise BadInputError(
            "--engine dask: dask.distributed is not installed: pip install distributed."
        ) from None
    if not re.fullmatch(r"[a-z]+://\S+", address):
        raise BadInputError(f"--dask {address}: give a scheduler's address, as tcp://login1:8786.")
    try:
        return Client(address, timeout=CONNECT_SECONDS, set_as_default=False)  # type: ignore[no-untyped-call]
    except (OSError, ValueError) as error:
        raise BadInputError(
            f"--dask {address}: no scheduler answers within {CONNECT_SECONDS} seconds: {error}"
        ) from None
