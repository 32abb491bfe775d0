"""Measurements of many runs in one set of arrays, and of one run by itself."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class RunResult:
    """A finished run as it was stored.

    Attributes:
        info: the contents of `cell.json`.
        columns: `task`, `when`, `name`, `value`, one entry for each measured number.
    """

    info: dict[str, Any]
    columns: dict[str, NDArray[Any]]

    @property
    def task_metric(self) -> str:
        """The name of the task metric: "accuracy" or "r_squared"."""
        return "r_squared" if (self.columns["name"] == "r_squared").any() else "accuracy"

    def series(self, name: str, when: str) -> dict[int, float]:
        """Return a measurement by task.

        Args:
            name: of the measurement.
            when: "start", "during" or "end" of the task.
        """
        rows = (self.columns["name"] == name) & (self.columns["when"] == when)
        tasks, values = self.columns["task"][rows], self.columns["value"][rows]
        return dict(zip(tasks.tolist(), values.tolist(), strict=True))


@dataclass(frozen=True)
class RunTable:
    """The measurements of several runs of one stream and learner, concatenated.

    Attributes:
        keys: of the runs.
        statuses: of each run, "complete" or "diverged".
        seconds: of each run, its share of its population's wall time, training and measuring.
        infos: of each run, the contents of its `cell.json` as text.
        ends: (runs + 1,); the rows of run i are ends[i] to ends[i + 1].
        task: (rows,).
        when: (rows,), indices into `whens`.
        name: (rows,), indices into `names`.
        value: (rows,).
        whens: "start", "during", "end", as far as they occur.
        names: of all measurements.
    """

    keys: Sequence[str]
    statuses: Sequence[str]
    seconds: Sequence[float]
    infos: Sequence[str]
    ends: NDArray[np.int64]
    task: NDArray[np.int32]
    when: NDArray[np.integer[Any]]
    name: NDArray[np.integer[Any]]
    value: NDArray[np.float64]
    whens: list[str]
    names: list[str]

    @property
    def task_metric(self) -> str:
        """The name of the task metric: "accuracy" or "r_squared"."""
        return "r_squared" if "r_squared" in self.names else "accuracy"

    def means(self, name: str, when: str, tasks: Sequence[int] | None) -> NDArray[np.float64]:
        """Return each run's mean of a measurement over tasks, (runs,); over all that have it: None.

        NaN for a run that lacks it in one of the tasks. Values are added in their order, so that
        the layout on disk does not change a bit of the mean.
        """
        num_runs = len(self.keys)
        if name not in self.names or when not in self.whens:
            return np.full(num_runs, np.nan)
        chosen = (self.name == self.names.index(name)) & (self.when == self.whens.index(when))
        rows = np.flatnonzero(chosen)
        if tasks is not None:
            rows = rows[np.isin(self.task[rows], tasks)]
        runs = self._run_of_row[rows]
        sums = np.bincount(runs, self.value[rows], minlength=num_runs)
        counts = np.bincount(runs, minlength=num_runs)
        wanted = counts if tasks is None else np.full(num_runs, len(tasks))
        complete = (counts == wanted) & (counts > 0)
        return np.where(complete, sums / np.maximum(wanted, 1), np.nan)

    def info(self, index: int) -> dict[str, Any]:
        """Return the contents of a run's `cell.json`."""
        info: dict[str, Any] = json.loads(self.infos[index])
        return info

    def result(self, index: int) -> RunResult:
        """Return one run by itself."""
        rows = slice(self.ends[index], self.ends[index + 1])
        columns = {
            "task": self.task[rows],
            "when": np.array(self.whens)[self.when[rows]],
            "name": np.array(self.names)[self.name[rows]],
            "value": self.value[rows],
        }
        return RunResult(self.info(index), columns)

    def only(self, index: int) -> "RunTable":
        """Return the table of one run, with those measurement names that it has."""
        rows = slice(self.ends[index], self.ends[index + 1])
        used, name = np.unique(self.name[rows], return_inverse=True)
        one = slice(index, index + 1)
        return RunTable(
            self.keys[one],
            self.statuses[one],
            self.seconds[one],
            self.infos[one],
            np.array([0, rows.stop - rows.start]),
            self.task[rows],
            self.when[rows],
            name,
            self.value[rows],
            self.whens,
            [self.names[i] for i in used],
        )

    @cached_property
    def _run_of_row(self) -> NDArray[np.int64]:
        """Of each row, the index of its run."""
        return np.repeat(np.arange(len(self.keys)), np.diff(self.ends))
