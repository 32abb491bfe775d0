"""A process of its own for a learner's Python, from which only plain data comes back."""

import contextlib
import functools
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
import weakref
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from plasticity_bench.errors import (
    BadInputError,
    LearnerError,
    PlasticityBenchError,
    UnrecordableError,
)
from plasticity_bench.recording import sealing
from plasticity_bench.recording.printed import Printed

LIMIT_SECONDS = 600.0
"""How long the process may take to answer."""

END_SECONDS = 10.0
"""For all processes of a namespace to end when its first is killed."""

LIMIT_BYTES = 256 << 20
"""How long an answer may be."""

KEPT_VARIABLES = ("PATH", "LANG", "SYSTEMROOT")
KEPT_PREFIXES = ("LD_", "CUDA_", "ATEN_", "MKL_", "ONEDNN_", "OMP_")

ERRORS: dict[str, type[PlasticityBenchError]] = {
    error.__name__: error for error in (BadInputError, LearnerError, UnrecordableError)
}


class SealedProcess:
    """A process of `recording.child`, which sees no network and writes in one folder only."""

    def __init__(self, learner: str) -> None:
        """Start it.

        Args:
            learner: its name, for messages.
        """
        self._name = learner
        folder = tempfile.TemporaryDirectory(prefix="recorder-")
        self._process = subprocess.Popen(
            [
                *(*isolation(), *_sealed(folder.name), sys.executable, "-BP"),
                *("-m", __name__.replace("sealed_process", "child")),
            ],
            cwd=folder.name,
            env={
                **_environment(),
                **{"HOME": folder.name, "TMPDIR": folder.name, "PYTHONPATH": _of_this_package()},
            },
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        assert self._process.stderr is not None
        self._printed = Printed(self._process.stderr.fileno(), learner)
        self._end = weakref.finalize(self, _ended, self._process, folder, self._printed)
        self._left = b""

    @property
    def alive(self) -> bool:
        """Whether it was not ended."""
        return self._end.alive

    def end(self) -> None:
        """End it, and all processes that it has started."""
        self._end()

    def asked(self, request: Mapping[str, Any]) -> Any:
        """Return the process's answer to a request.

        Raises:
            BadInputError, LearnerError, UnrecordableError: that it answered; and a LearnerError if
                it dies, takes too long or answers anything else.
        """
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):  # it has died, which is told below
            self._process.stdin.write(json.dumps(request).encode() + b"\n")
            self._process.stdin.flush()
        try:
            answer = json.loads(self._line())
            if "error" in answer:
                raise ERRORS[answer["error"]](str(answer["message"]))
            return answer["answer"]
        except (ValueError, KeyError, TypeError) as error:
            raise self.fault("answered what is no record") from error

    def fault(self, problem: str) -> LearnerError:
        """Return an error that begins with the learner's name."""
        return LearnerError(f"Learner {self._name} {problem}.")

    def _line(self) -> bytes:
        assert self._process.stdout is not None
        file = self._process.stdout.fileno()
        deadline = time.monotonic() + LIMIT_SECONDS
        parts = [self._left]
        length = 0
        while b"\n" not in parts[-1]:
            left = max(0.0, deadline - time.monotonic())
            ready, _, _ = select.select([file, *self._printed.files], [], [], left)
            if not self._printed.files.isdisjoint(ready):  # else it would wait for its reader
                self._printed.show()
            if ready and file not in ready and left:
                continue
            part = os.read(file, 1 << 20) if file in ready else b""
            length += len(part)
            if not part or length > LIMIT_BYTES:
                self._end()
                if file not in ready:
                    raise self.fault(f"was not recorded within {LIMIT_SECONDS:.0f} seconds")
                raise self.fault(
                    "could not be recorded: the process that calls its hooks died, or its record "
                    "is too long"
                )
            parts.append(part)
        line, _, self._left = b"".join(parts).partition(b"\n")
        return line


@functools.cache
def isolation() -> tuple[str, ...]:
    """Return what begins a command that sees no network and no other process, and leaves none.

    Nothing if this system has no such command, or does not permit it.
    """
    for user in ((), ("--user", "--map-root-user")):
        for view in (("--mount-proc",), ()):
            prefix = ("unshare", *user, "--net", "--pid", "--fork", "--kill-child", *view)
            try:
                done = subprocess.run(
                    [*prefix, "true"], capture_output=True, check=False, timeout=10
                )
            except (OSError, subprocess.SubprocessError):
                return ()
            if done.returncode == 0:
                return prefix
    return ()


@functools.cache
def protects_files() -> bool:
    """Return whether the process can write no file of the user's."""
    with tempfile.TemporaryDirectory() as outer, tempfile.TemporaryDirectory() as own:
        tried = ("sh", "-c", 'touch "$0/own" && ! touch "$1/written"', own, outer)
        try:
            done = subprocess.run(
                [*isolation(), *_sealed(own), *tried], capture_output=True, check=False, timeout=10
            )
        except (OSError, subprocess.SubprocessError):
            return False
        return done.returncode == 0


def _sealed(folder: str) -> tuple[str, ...]:
    """What begins a command that writes in one folder only, after `isolation()`."""
    if sys.platform != "linux":
        return ()
    return (sys.executable, "-ISB", str(Path(sealing.__file__)), folder)


def _environment() -> dict[str, str]:
    """The variables that the process inherits: no secrets, no settings."""
    return {
        name: value
        for name, value in os.environ.items()
        if name in KEPT_VARIABLES or name.startswith(KEPT_PREFIXES)
    }


def _children(process_id: int) -> list[int]:
    """The processes that a process has started; none if the system does not tell."""
    with contextlib.suppress(OSError):
        path = Path(f"/proc/{process_id}/task/{process_id}/children")
        return [int(child) for child in path.read_text().split()]
    return []


def _of_this_package() -> str:
    """The folder that this package is imported from."""
    return str(Path(__file__).parents[2])


def _ended(
    process: "subprocess.Popen[bytes]",
    folder: "tempfile.TemporaryDirectory[str]",
    printed: Printed,
) -> None:
    # The child of `unshare` is the first process of its namespace: when that is killed, all others
    # are, and it ends after the last of them. `unshare` is killed before it, because one that sees
    # its child killed prints an error (util-linux 2.38).
    with contextlib.ExitStack() as closed:
        first = []
        for child in _children(process.pid) if isolation() else []:
            with contextlib.suppress(OSError):  # it has ended
                first.append(os.pidfd_open(child))
                closed.callback(os.close, first[-1])
        with contextlib.suppress(OSError):
            os.killpg(process.pid, signal.SIGKILL)
        for file in first:
            with contextlib.suppress(OSError):
                signal.pidfd_send_signal(file, signal.SIGKILL)
            select.select([file], [], [], END_SECONDS)
    printed.end()
    for pipe in (process.stdin, process.stdout, process.stderr):
        if pipe is not None:
            with contextlib.suppress(OSError):
                pipe.close()
    process.wait()
    folder.cleanup()
