"""Measurements of many cells in one set of arrays, and of one cell by itself."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class CellResult:
    """A finished cell as it was stored.

    Attributes:
        info: the contents of `cell.json`.
        columns: `task`, `when`, `name`, `value`, one entry for each measured number.
    """

    info: dict[str, Any]
    columns: dict[str, NDArray[Any]]

    @property
    def attainment(self) -> str:
        """What tells how well tasks were learnt: "accuracy", or "r_squared" of regression."""
        return "r_squared" if (self.columns["name"] == "r_squared").any() else "accuracy"

    def series(self, name: str, when: str) -> dict[int, float]:
        """Return a measurement at a task's "start", "during" it or at its "end", by task."""
        rows = (self.columns["name"] == name) & (self.columns["when"] == when)
        tasks, values = self.columns["task"][rows], self.columns["value"][rows]
        return dict(zip(tasks.tolist(), values.tolist(), strict=True))


@dataclass(frozen=True)
class Block:
    """The measurements of several cells of one stream and learner, laid end to end.

    Attributes:
        keys: of the cells.
        statuses: of each cell, "complete" or "diverged".
        seconds: of each cell, its share of its population's wall time, training and measuring.
        infos: of each cell, the contents of its `cell.json` as text.
        ends: (cells + 1,); the rows of cell i are ends[i] to ends[i + 1].
        task: (rows,).
        when: (rows,), places in `whens`.
        name: (rows,), places in `names`.
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
    def attainment(self) -> str:
        """What tells how well tasks were learnt: "accuracy", or "r_squared" of regression."""
        return "r_squared" if "r_squared" in self.names else "accuracy"

    def means(self, name: str, when: str, tasks: Sequence[int]) -> NDArray[np.float64]:
        """Return each cell's mean of a measurement over tasks, (cells,).

        Not a number for a cell that lacks it in one of the tasks. Values are added in their order,
        so that the layout on disk does not change a bit of the mean.
        """
        num_cells = len(self.keys)
        if name not in self.names or when not in self.whens:
            return np.full(num_cells, np.nan)
        chosen = (self.name == self.names.index(name)) & (self.when == self.whens.index(when))
        rows = np.flatnonzero(chosen)
        rows = rows[np.isin(self.task[rows], tasks)]
        cells = self._cells[rows]
        sums = np.bincount(cells, self.value[rows], minlength=num_cells)
        found = np.bincount(cells, minlength=num_cells)
        return np.where(found == len(tasks), sums / len(tasks), np.nan)

    def info(self, place: int) -> dict[str, Any]:
        """Return what `cell.json` says of the cell at a place."""
        read: dict[str, Any] = json.loads(self.infos[place])
        return read

    def result(self, place: int) -> CellResult:
        """Return the cell at a place by itself."""
        rows = slice(self.ends[place], self.ends[place + 1])
        columns = {
            "task": self.task[rows],
            "when": np.array(self.whens)[self.when[rows]],
            "name": np.array(self.names)[self.name[rows]],
            "value": self.value[rows],
        }
        return CellResult(self.info(place), columns)

    @cached_property
    def _cells(self) -> NDArray[np.int64]:
        """Of each row, the place of its cell."""
        return np.repeat(np.arange(len(self.keys)), np.diff(self.ends))
