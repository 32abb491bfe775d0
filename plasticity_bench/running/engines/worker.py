"""A process that works on one item after another.

A pool of a library is not used: a process that dies or hangs must cost the item that it was working
on and no other, and a process that is to stop must be signalled and waited for.
"""

import contextlib
import math
import multiprocessing
import os
import pickle
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkServerContext, SpawnContext
from pathlib import Path
from typing import Any

from plasticity_bench import portability, stopping
from plasticity_bench.errors import PlasticityBenchError
from plasticity_bench.learners.submitted import has_imported

GRACE_SECONDS = 25.0
"""How long a process may take to stop when it is asked to; clusters give thirty seconds."""

EXIT_SECONDS = 5.0
"""How long a process with nothing to do may take to clean up behind itself."""

LONGEST_FOLDER = 70
"""For temporary files, in bytes: a socket in it has a name of at most 107."""

PRELOADED = "plasticity_bench.running.preloaded"
"""The module that is imported once for all processes, where they are forked."""

BEGUN, STEP, ENDED, LAST = "begun", "step", "ended", "last"
"""What a process reports; `LAST` that an item has ended, and that it takes no other."""


class ProcessDied(PlasticityBenchError):  # noqa: N818
    """A process ended while it worked."""


class TimedOut(PlasticityBenchError):  # noqa: N818
    """Work took longer than it may, and its process was ended."""


class Worker:
    """The parent's side of a process; a new one takes its place when it has died.

    Attributes:
        index: of the item it works on; None if it works on none.
        ended: whether its last item has ended.
        result: of its last item, or the exception that took the result's place.
        pipe: becomes ready when the process has sent something.
        sentinel: becomes ready when the process has died.
    """

    def __init__(self, work: Callable[..., Any], slot: object, *, forked: bool = True) -> None:
        """Start the process.

        Args:
            work: called as work(slot, item, report).
            slot: what this process works on.
            forked: whether it may be forked, as of `run_local`.
        """
        self._forked = forked
        self._serve_with = pickle.dumps((work, slot))
        self.index: int | None = None
        self.ended = self._stopping = False
        self.result: Any = None
        self._start()

    def _start(self) -> None:
        context = _context(self._forked)
        self.pipe, theirs = context.Pipe()
        # Its process began where this one once began.
        begin = (str(Path.cwd()), sys.path, dict(os.environ))
        self._process = context.Process(target=_serve, args=(theirs, *begin), daemon=True)
        self._process.start()
        theirs.close()
        self.sentinel = self._process.sentinel
        self.pipe.send_bytes(self._serve_with)

    def give(self, index: int, item: object, limit: float) -> None:
        """Let it work on an item, with a time limit in seconds from when it begins."""
        if not self._process.is_alive():
            self._start()
        self.index, self._limit, self._deadline = index, limit, math.inf
        self.ended = False
        with contextlib.suppress(OSError):  # it has just died, which `steps` notices
            self.pipe.send(item)

    def steps(self) -> list[Any]:
        """Return the steps that it has reported since the last call; check whether it has ended."""
        steps = []
        alive = (
            self._process.is_alive()
        )  # read first: what it sent before it died is still received
        try:
            while not self.ended and self.pipe.poll():
                kind, value = self.pipe.recv()
                if kind == BEGUN:
                    self._deadline = min(self._deadline, time.monotonic() + self._limit)
                elif kind == STEP:
                    steps.append(value)
                else:
                    self._end_item(value)
                    if kind == LAST:
                        self.dismiss()
                        self.end()
        except (EOFError, OSError):
            alive = False
        if not self.ended and not alive:
            self.end()
            self._end_item(ProcessDied(self._death()))
        elif not self.ended and time.monotonic() > self._deadline:
            self.end()
            self._end_item(TimedOut(self._delay()))
        return steps

    def ask_to_stop(self) -> None:
        """Ask it to store its progress and end, within `GRACE_SECONDS`."""
        if self.index is not None and self._process.pid:
            self._stopping = True
            self._deadline = min(self._deadline, time.monotonic() + GRACE_SECONDS)
            os.kill(self._process.pid, signal.SIGTERM)

    def dismiss(self) -> None:
        """Ask an idle process to clean up and exit."""
        if self.index is None and not self.pipe.closed:
            self.pipe.close()

    def end(self) -> None:
        """End it at once."""
        if self.pipe.closed:
            self._process.join(EXIT_SECONDS)
        self._process.kill()
        self._process.join()
        self.pipe.close()

    def _end_item(self, result: Any) -> None:
        self.index, self.ended, self.result = None, True, result

    def _death(self) -> str:
        code = self._process.exitcode
        if code is not None and code < 0:
            return (
                f"its process was killed by {signal.Signals(-code).name}; if memory ran out, "
                "choose fewer --replicas or --jobs"
            )
        return f"its process ended with code {code}"

    def _delay(self) -> str:
        if self._stopping:
            return f"it did not stop within {GRACE_SECONDS:.0f} seconds"
        return f"it took longer than {self._limit:.0f} seconds; see --run-timeout"


def _context(forked: bool) -> SpawnContext | ForkServerContext:
    """Return how processes are started.

    A process that is forked from this one would inherit the locks of PyTorch's threads, and not the
    threads. Linux forks it from a process that has only imported the package, which takes
    milliseconds; elsewhere it is spawned, and imports PyTorch itself.
    """
    # A socket's name is short, and Python 3.11.0 has one that other users could connect to.
    short = len(os.fsencode(tempfile.gettempdir())) <= LONGEST_FOLDER
    if not (forked and short and sys.platform == "linux" and sys.version_info >= (3, 11, 1)):
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([PRELOADED])
    return context


def _serve(pipe: Connection, folder: str, path: list[str], environment: dict[str, str]) -> None:
    """Work on what comes through the pipe, until it is closed."""
    os.chdir(folder)
    sys.path[:] = path
    for name in set(os.environ) - set(environment) - set(portability.SETTINGS):
        del os.environ[name]
    os.environ.update(environment)
    sys.stdout = sys.stderr  # the parent's data goes there
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent handles Ctrl-C
    stopping.listen()
    threading.Thread(target=_end_with_parent, daemon=True).start()
    work, slot = pickle.loads(pipe.recv_bytes())
    while True:
        try:
            item = pipe.recv()
        except EOFError:
            return
        pipe.send((BEGUN, None))  # the time limit starts here, after imports
        try:
            result = work(slot, item, lambda step: pipe.send((STEP, step)))
        except Exception as error:
            result = _portable(error)
        # A process that has run a user's code is not to compute the scores of others.
        pipe.send((LAST if has_imported() else ENDED, result))


def _end_with_parent() -> None:
    """End when the parent process has died."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


def _portable(error: Exception) -> Exception:
    try:
        pickle.loads(pickle.dumps(error))
        return error
    except Exception:
        return RuntimeError(f"{type(error).__name__}: {error}")
