"""Work in this process, or in several on this machine."""

import math
from collections import deque
from collections.abc import Callable, Generator, Sequence
from functools import partial
from multiprocessing.connection import wait
from typing import TypeVar

from plasticity_bench import stopping
from plasticity_bench.running.engines.worker import Worker

Item = TypeVar("Item")
Slot = TypeVar("Slot")
Result = TypeVar("Result")
Ended = Generator[tuple[int, Result | Exception], None, None]
Work = Callable[[Slot, Item, Callable[[int], None]], Result]

POLL_SECONDS = 0.1


def run_local(
    work: Work[Slot, Item, Result],
    items: Sequence[Item],
    slots: Sequence[Slot],
    on_step: Callable[[int, int], None],
    seconds: Callable[[Item], float] = lambda _: math.inf,
    *,
    apart: bool = False,
    forked: bool = True,
) -> Ended[Result]:
    """Do work on items, one at a time on each slot; yield each item's index and result as it ends.

    The result is an exception where the work raised it, its process died, or it took too long. When
    this process is asked to stop (`stopping.received_signal`), running work is asked to stop too,
    and no more is begun. Closing the generator ends all processes at once.

    Args:
        work: called as work(slot, item, report); it may call report with a number of its own.
        items: what to work on.
        slots: of each process, what it works on, such as a device. With one slot, or one item, and
            without time limits everything happens in this process.
        on_step: called with an item's index and each number that its work reports.
        seconds: how long an item may take.
        apart: whether no work may be done in this process.
        forked: whether processes may be forked from one that has imported PyTorch. A GPU cannot be
            used after that.
    """
    if (
        apart
        or (len(slots) > 1 and len(items) > 1)
        or any(seconds(item) < math.inf for item in items)
    ):
        workers = [Worker(work, slot, forked=forked) for slot in slots[: len(items)]]
        yield from _in_processes(workers, items, on_step, seconds)
        return
    for index, item in enumerate(items):
        if stopping.received_signal() is not None:
            return
        try:
            yield index, work(slots[0], item, partial(on_step, index))
        except Exception as error:
            yield index, error


def _in_processes(
    workers: Sequence[Worker],
    items: Sequence[Item],
    on_step: Callable[[int, int], None],
    seconds: Callable[[Item], float],
) -> Ended[Result]:
    waiting = deque(enumerate(items))
    announced = False
    try:
        while True:
            if stopping.received_signal() is not None and not announced:
                announced = True
                waiting.clear()
                for worker in workers:
                    worker.ask_to_stop()
            for worker in workers:
                if waiting and worker.index is None:
                    index, item = waiting.popleft()
                    worker.give(index, item, seconds(item))
            busy = {worker: worker.index for worker in workers if worker.index is not None}
            if not busy:
                return
            wait([part for w in busy for part in (w.pipe, w.sentinel)], POLL_SECONDS)
            for worker, index in busy.items():
                for step in worker.steps():
                    on_step(index, step)
                if worker.ended:
                    yield index, worker.result
    finally:
        for worker in workers:
            worker.dismiss()
        for worker in workers:
            worker.end()
