"""Run groups in processes, and handle how they end."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from functools import partial

from plasticity_bench import stopping
from plasticity_bench.results import MANY_IN_ALL, Results
from plasticity_bench.running import locks
from plasticity_bench.running.engines import ProcessDied, TimedOut, run_local
from plasticity_bench.running.execution import Execution
from plasticity_bench.running.group_results import save_failure
from plasticity_bench.running.group_run import run_group
from plasticity_bench.running.outcome import Outcome
from plasticity_bench.suite.planning import Group

WAIT_SECONDS = 1.0


def run(
    groups: Sequence[Group],
    results: Results,
    executions: Sequence[Execution],
    on_task: Callable[[int, int], None],
    on_outcome: Callable[[int, Outcome], None],
) -> int:
    """Run groups; return how many of them failed.

    Runs that another process works on are waited for; in the end they are finished, or run here.

    Args:
        groups: what to run.
        results: where the processes store finished runs.
        executions: how, for each process that is to run groups.
        on_task: called with a group's index and a task's when the group has finished that task.
        on_outcome: called with a group's index and how it ended, when it ends.
    """
    num_failed = num_unpacked = 0
    reported: set[str] = set()
    limit = executions[0].run_seconds
    left: dict[int, Group] = {}  # runs that another process works on
    free = dict(enumerate(groups))
    while free:
        for index, outcome in _run_once(free, results, executions, on_task, limit):
            if outcome.busy:
                left[index] = free[index].part(outcome.busy)
                if len(outcome.busy) == len(free[index].runs):
                    continue
            new = tuple(note for note in outcome.notes if note not in reported)
            reported.update(new)
            on_outcome(index, replace(outcome, notes=new))
            num_failed += outcome.error is not None
            num_unpacked += len(free[index].runs)
            if num_unpacked >= MANY_IN_ALL:  # reading a folder for each run takes long
                results.pack()
                num_unpacked = 0
        free = _free(left, results)
        left = {index: group for index, group in left.items() if index not in free}
    return num_failed


def _run_once(
    groups: dict[int, Group],
    results: Results,
    executions: Sequence[Execution],
    on_task: Callable[[int, int], None],
    limit: float,
) -> Iterator[tuple[int, Outcome]]:
    """Run groups, by index; yield the index and the outcome of each."""
    indices = list(groups)
    work = partial(run_group, results)
    ended = run_local(
        work,
        list(groups.values()),
        executions,
        lambda position, task: on_task(indices[position], task),
        lambda group: limit * len(group.runs),
        # This process has imported users' modules, and they are not to be where scores are made.
        apart=any(group.has_user_code for group in groups.values()),
        forked=not any(execution.on_gpu for execution in executions),
    )
    # Closed in any case, so that no process continues after an interrupt.
    with closing(ended):
        for position, outcome in ended:
            index = indices[position]
            if isinstance(outcome, Outcome):
                yield index, outcome
            elif isinstance(outcome, ProcessDied | TimedOut):
                stopped = stopping.received_signal() is not None
                if not stopped:  # a part of it may be stored already
                    left = [c for c in groups[index].runs if not results.is_finished(c)]
                    save_failure(left, results, str(outcome))
                yield index, Outcome(error=None if stopped else str(outcome), stopped=stopped)
            else:  # a bug of this package
                yield index, Outcome(error=f"{type(outcome).__name__}: {outcome}")


def _free(busy: dict[int, Group], results: Results) -> dict[int, Group]:
    """Wait until another process has released some groups; return these."""
    while busy and stopping.received_signal() is None:
        free = {
            index: group
            for index, group in busy.items()
            if not any(locks.is_claimed(results.folder, run.key) for run in group.runs)
        }
        if free:
            return free
        time.sleep(WAIT_SECONDS)
    return {}
