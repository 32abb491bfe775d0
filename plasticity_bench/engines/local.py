"""Work in this process, or in several on this machine.

Processes are our own rather than a pool of a library's: a process that dies or hangs must cost the
work it was doing and no other, and one that is to stop must be told so and waited for.
"""

import math
import multiprocessing
import os
import pickle
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Sequence
from functools import partial
from multiprocessing.connection import Connection, wait
from typing import Any, TypeVar

from plasticity_bench import stopping
from plasticity_bench.errors import PlasticityBenchError

Item = TypeVar("Item")
Slot = TypeVar("Slot")
Result = TypeVar("Result")
Ended = Generator[tuple[int, Result | Exception], None, None]
Work = Callable[[Slot, Item, Callable[[int], None]], Result]

POLL_SECONDS = 0.1
GRACE_SECONDS = 25.0
"""How long processes may take to stop when they are asked to: clusters give thirty seconds."""


class ProcessDied(PlasticityBenchError):  # noqa: N818
    """A process ended while it worked."""


class TimedOut(PlasticityBenchError):  # noqa: N818
    """Work took longer than it may, and its process was ended."""


def run_local(
    work: Work[Slot, Item, Result],
    items: Sequence[Item],
    slots: Sequence[Slot],
    on_step: Callable[[int, int], None],
    seconds: Callable[[Item], float] = lambda _: math.inf,
) -> Ended[Result]:
    """Do work on items, one at a time on each slot; yield each item's index and result as it ends.

    An exception takes the place of a result where the work raised it, its process died, or it took
    too long. When this process is asked to stop (`stopping.signal_heard`), what is being done is
    asked to stop too, and nothing more is begun. Closing the generator ends all processes at once.

    Args:
        work: called as work(slot, item, report); it may call report with a number of its own.
        items: what to work on.
        slots: of each process, what it works on, such as a device. With one slot, or one item, and
            without time limits everything happens in this process.
        on_step: called with an item's index and each number that its work reports.
        seconds: how long an item may take.
    """
    if (len(slots) > 1 and len(items) > 1) or any(seconds(item) < math.inf for item in items):
        yield from _in_processes(work, items, slots, on_step, seconds)
        return
    for index, item in enumerate(items):
        if stopping.signal_heard() is not None:
            return
        try:
            yield index, work(slots[0], item, partial(on_step, index))
        except Exception as error:
            yield index, error


def _in_processes(
    work: Work[Slot, Item, Result],
    items: Sequence[Item],
    slots: Sequence[Slot],
    on_step: Callable[[int, int], None],
    seconds: Callable[[Item], float],
) -> Ended[Result]:
    waiting = deque(enumerate(items))
    workers = [_Worker(work, slot) for slot in slots[: len(items)]]
    told = False
    try:
        while True:
            if stopping.signal_heard() is not None and not told:
                told = True
                waiting.clear()
                for worker in workers:
                    worker.ask_to_stop()
            for worker in workers:
                if waiting and worker.index is None:
                    index, item = waiting.popleft()
                    worker.give(index, item, seconds(item))
            busy = [worker for worker in workers if worker.index is not None]
            if not busy:
                return
            wait([part for w in busy for part in (w.pipe, w.sentinel)], POLL_SECONDS)
            for worker in busy:
                place = worker.index
                assert place is not None
                for kind, value in worker.messages():
                    if kind == "step":
                        on_step(place, value)
                    else:
                        yield place, value
    finally:
        for worker in workers:
            worker.end()


class _Worker:
    """A process that works on one item after another; a new one takes its place when it dies."""

    def __init__(self, work: Callable[..., Any], slot: object) -> None:
        self._serve_with = pickle.dumps((work, slot))
        self._start()

    def _start(self) -> None:
        # Spawned: a forked process inherits the threads' locks of PyTorch, and not its threads.
        context = multiprocessing.get_context("spawn")
        self.pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs,), daemon=True)
        self._process.start()
        theirs.close()
        self.sentinel = self._process.sentinel
        self.index: int | None = None
        self._deadline, self._limit = math.inf, math.inf
        self._stopping = False
        self.pipe.send_bytes(self._serve_with)

    def give(self, index: int, item: object, limit: float) -> None:
        """Let it work on an item, for so many seconds at most."""
        if not self._process.is_alive():  # killed while it had nothing to do
            self._start()
        self.index, self._limit = index, limit
        self._deadline = time.monotonic() + limit
        self.pipe.send((index, item))

    def messages(self) -> list[tuple[str, Any]]:
        """Return what it has to tell: steps, and then perhaps the end of its item."""
        told: list[tuple[str, Any]] = []
        alive = self._process.is_alive()  # asked first: what it said before it died is still heard
        try:
            while self.pipe.poll():
                told.append(self.pipe.recv())
        except (EOFError, OSError):
            alive = False
        if told and told[-1][0] == "done":
            self.index = None
        elif not alive:
            told.append(("done", ProcessDied(self._death())))
            self._lose()
        elif time.monotonic() > self._deadline:
            told.append(("done", self._out_of_time()))
            self._lose()
        return told

    def ask_to_stop(self) -> None:
        """Ask it to keep its progress and end; it has `GRACE_SECONDS` for that."""
        if self.index is None:
            return
        self._stopping = True
        self._deadline = min(self._deadline, time.monotonic() + GRACE_SECONDS)
        if self._process.pid:
            os.kill(self._process.pid, signal.SIGTERM)

    def _lose(self) -> None:
        self.end()
        self.index = None

    def end(self) -> None:
        """End it, whatever it does."""
        self._process.kill()
        self._process.join()
        self.pipe.close()

    def _death(self) -> str:
        self._process.join(1)
        code = self._process.exitcode
        if code is not None and code < 0:
            return (
                f"its process was killed by {signal.Signals(-code).name}; if memory ran out, "
                "choose fewer --members or --jobs"
            )
        return f"its process ended with code {code}"

    def _out_of_time(self) -> Exception:
        if self._stopping:
            return TimedOut(f"it did not stop within {GRACE_SECONDS:.0f} seconds")
        return TimedOut(f"it took longer than {self._limit:.0f} seconds; see --cell-timeout")


def _serve(pipe: Connection) -> None:
    """Work on what comes through the pipe, until nobody is at its other end."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's: it tells what to do
    stopping.listen(signal.SIGTERM)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    work, slot = pickle.loads(pipe.recv_bytes())
    while True:
        try:
            index, item = pipe.recv()
        except EOFError:
            return
        del index
        try:
            result = work(slot, item, lambda step: pipe.send(("step", step)))
        except Exception as error:
            result = _portable(error)
        pipe.send(("done", result))


def _end_with_parent() -> None:
    """Do not work on unseen when the parent process was killed."""
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
