"""The display of progress: live on a terminal, plain lines elsewhere."""

import sys
import time
from collections.abc import Sequence
from types import TracebackType
from typing import Protocol, Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from plasticity_bench.running.outcome import Outcome
from plasticity_bench.suite.planning import Group


class Display(Protocol):
    """Shows groups as they run."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...

    def task_done(self, index: int, task: int) -> None:
        """Show that a group has finished a task."""

    def group_done(self, index: int, outcome: Outcome) -> None:
        """Show that a group has ended."""


def display(groups: Sequence[Group]) -> Display:
    """Return the display that suits standard error."""
    console = Console(stderr=True)
    if console.is_terminal:
        return _Live(groups, console)
    return _Plain(groups)


def summary(group: Group, outcome: Outcome) -> str:
    """Return a finished group in one line."""
    name = f"{group.suite_stream.label}  {group.label}"
    notes = "".join(f" ({note})" for note in outcome.notes)
    if outcome.error:
        return f"{name}: FAILED: {outcome.error.rstrip('.')}{notes}"
    seeds = f"{len(group.runs)} seeds"
    if outcome.stopped:
        return f"{name}: {seeds} stopped before the end"
    diverged = f", {outcome.num_diverged} diverged" if outcome.num_diverged else ""
    return f"{name}: {seeds} in {outcome.seconds:.1f} s{diverged}{notes}"


class _Plain:
    """A line for each group that ends, with the time left."""

    def __init__(self, groups: Sequence[Group]) -> None:
        self._groups = groups
        self._ended = 0
        self._began = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def task_done(self, index: int, task: int) -> None:
        pass

    def group_done(self, index: int, outcome: Outcome) -> None:
        self._ended += 1
        total = len(self._groups)
        left = (time.monotonic() - self._began) / self._ended * (total - self._ended)
        line = summary(self._groups[index], outcome)
        print(f"[{self._ended}/{total}] {line}; about {left:.0f} s left", file=sys.stderr)


class _Live:
    """A bar for all runs, and one for each group that is running."""

    def __init__(self, groups: Sequence[Group], console: Console) -> None:
        self._groups = groups
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[tasks]}"),
            TimeRemainingColumn(),
            console=console,
            transient=True,
        )
        work = sum(len(group.runs) * len(group.tasks) for group in groups)
        self._all = self._progress.add_task("all runs", total=work, tasks="")
        self._running: dict[int, TaskID] = {}

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def task_done(self, index: int, task: int) -> None:
        group = self._groups[index]
        done, total = group.tasks.index(task) + 1, len(group.tasks)
        if index not in self._running:
            label = f"  {group.suite_stream.label}  {group.label}"
            self._running[index] = self._progress.add_task(label, total=total, tasks="")
        shown = f"task {done} of {total}"
        self._progress.update(self._running[index], completed=done, tasks=shown)
        self._progress.advance(self._all, len(group.runs))

    def group_done(self, index: int, outcome: Outcome) -> None:
        if index in self._running:
            self._progress.remove_task(self._running.pop(index))
        self._progress.console.print(
            summary(self._groups[index], outcome), markup=False, highlight=False
        )
