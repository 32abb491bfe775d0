"""Where groups are executed: in this process, or in several on this machine."""

import queue
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from functools import partial
from multiprocessing.managers import SyncManager
from typing import Any

from plasticity_bench.results import Results
from plasticity_bench.runner import Group, Outcome, run_group

POLL_SECONDS = 0.1


def run_local(
    groups: Sequence[Group],
    results: Results,
    jobs: int,
    on_task: Callable[[int, int], None],
) -> Iterator[tuple[int, Outcome]]:
    """Run groups, `jobs` at a time; yield the index and outcome of each as it ends.

    Args:
        groups: what to run.
        results: where outcomes are stored, each by the process that made it.
        jobs: processes. With one, or for one group, everything happens in this process.
        on_task: called with a group's index and a task's index when that task is finished.

    An interrupt ends the processes at once; what they had stored stays.
    """
    if jobs == 1 or len(groups) <= 1:
        for index, group in enumerate(groups):
            yield index, run_group(group, results, partial(on_task, index))
        return
    yield from _run_in_processes(groups, results, min(jobs, len(groups)), on_task)


def _run_in_processes(
    groups: Sequence[Group],
    results: Results,
    jobs: int,
    on_task: Callable[[int, int], None],
) -> Iterator[tuple[int, Outcome]]:
    from loky import ProcessPoolExecutor

    manager = SyncManager()
    manager.start(_ignore_interrupts)
    finished_tasks: Any = manager.Queue()
    executor = ProcessPoolExecutor(jobs, initializer=_prepare_worker, initargs=(sys.path,))
    try:
        pending: dict[Future[Outcome], int] = {
            executor.submit(_work, index, group, results, finished_tasks): index
            for index, group in enumerate(groups)
        }
        while pending:
            done, _ = wait(pending, POLL_SECONDS, FIRST_COMPLETED)
            for index, task in _drain(finished_tasks):
                on_task(index, task)
            for future in done:
                yield pending.pop(future), _outcome(future)
    finally:
        executor.shutdown(wait=False, kill_workers=True)
        manager.shutdown()


def _work(index: int, group: Group, results: Results, finished_tasks: Any) -> Outcome:
    return run_group(group, results, lambda task: finished_tasks.put((index, task)))


def _outcome(future: Future[Outcome]) -> Outcome:
    try:
        return future.result()
    except Exception as error:  # the process died, or this package has a fault: say so, go on
        return Outcome(error=f"{type(error).__name__}: {error}")


def _drain(finished_tasks: Any) -> Iterator[tuple[int, int]]:
    while True:
        try:
            yield finished_tasks.get_nowait()
        except queue.Empty:
            return


def _prepare_worker(path: list[str]) -> None:
    _ignore_interrupts()
    sys.path[:] = path


def _ignore_interrupts() -> None:
    """Leave Ctrl-C to the parent process, which ends its workers in order."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
