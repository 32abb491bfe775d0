"""How measurements change from task to task: means over seeds, with their intervals."""

import difflib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from plasticity_bench.errors import BadInputError, did_you_mean
from plasticity_bench.figures import figures
from plasticity_bench.results import Cell, CellResult, Results
from plasticity_bench.scoring import stored_scores
from plasticity_bench.statistics import Interval, bootstrap_mean

RESAMPLES = 1000  # for each point of a line
PANEL_HEIGHT = 1.7  # in inches
WHENS = ("start", "during", "end")


@dataclass(frozen=True)
class Curve:
    """One measurement of one learner on one stream.

    Attributes:
        stream: the stream's label.
        learner: the learner's label.
        measurement: its name.
        points: by task, the mean over seeds; of those that did not diverge.
        seeds: how many there are.
    """

    stream: str
    learner: str
    measurement: str
    points: dict[int, Interval]
    seeds: int


def curves(
    results: Results,
    measurements: Sequence[str] = (),
    streams: Sequence[str] = (),
    learners: Sequence[str] = (),
) -> list[Curve]:
    """Return the curves of the results that were asked for last.

    Args:
        results: of a suite.
        measurements: their names; how well tasks were learnt, and the headline curvature, if none
            is given.
        streams: labels of those wanted; all if none is given.
        learners: likewise.

    Raises:
        BadInputError: if there are no results, or nothing of a name.
    """
    stored = stored_scores.current(results)
    _check("stream", streams, [cell.stream for cell, _ in stored])
    _check("learner", learners, [cell.learner for cell, _ in stored])
    _check("measurement", measurements, (n for _, r in stored for n in set(r.columns["name"])))
    wanted = [
        (cell, result)
        for cell, result in stored
        if (not streams or cell.stream in streams) and (not learners or cell.learner in learners)
    ]
    return of_cells(wanted, lambda *own: measurements or headlines(*own))


def of_cells(
    cells: Iterable[tuple[Cell, CellResult]], names: Callable[[Cell, CellResult], Iterable[str]]
) -> list[Curve]:
    """Return the curves of some cells.

    Args:
        cells: of a suite.
        names: of a cell, the measurements wanted.
    """
    groups: dict[tuple[str, str, str], list[dict[int, float]]] = {}
    for cell, result in cells:
        for name in names(cell, result):
            place = (cell.stream, cell.learner, name)
            groups.setdefault(place, []).append(_series(result, name))
    return [Curve(*place, _points(series), len(series)) for place, series in groups.items()]


def headlines(cell: Cell, result: CellResult) -> list[str]:
    """Return the measurements of a cell that scores are computed from: attainment, curvature."""
    protocol = cell.identity.get("protocol", {})
    return [result.attainment, f"fisher_srank99_n{protocol.get('curvature_examples')}"]


def draw(lines: Sequence[Curve], path: Path, reference: str = "fresh") -> None:
    """Draw a column of panels for each stream: one panel for each measurement.

    Raises:
        BadInputError: if matplotlib is not installed, or the file cannot be written.
    """
    streams = list(dict.fromkeys(line.stream for line in lines))
    names = list(dict.fromkeys(line.measurement for line in lines))
    learners = figures.ordered([line.learner for line in lines], reference)
    figure, columns = figures.panels(len(streams), PANEL_HEIGHT, len(names))
    for line in lines:
        axis = columns[streams.index(line.stream)][names.index(line.measurement)]
        _line(axis, line, learners.index(line.learner))
    for place, (stream, own) in enumerate(zip(streams, columns, strict=True)):
        own[0].set_title(stream)
        own[-1].set_xlabel("task")
        is_first = place % figures.beside(len(streams)) == 0
        for axis, first, name in zip(own, columns[0], names, strict=True):
            axis.sharey(first)  # of one measurement, all streams have one scale
            axis.set_ylabel(titled(name) if is_first else "")
            axis.tick_params(labelleft=is_first, labelbottom=axis is own[-1])
    figures.legend(figure, learners)
    figures.save(figure, path)


def titled(measurement: str) -> str:
    r"""Return a measurement's name for readers, who do not know curvature by its own.

    >>> titled("fisher_srank99_n512"), titled("accuracy")
    ('curvature rank\n(fisher_srank99_n512)', 'accuracy')
    """
    is_headline = measurement.startswith("fisher_srank99_n")
    return f"curvature rank\n({measurement})" if is_headline else measurement


def _line(axis: Any, line: Curve, place: int) -> None:
    look = figures.look(place)
    tasks = sorted(line.points)
    means, lows, highs = (
        [getattr(line.points[task], bound) for task in tasks] for bound in ("mean", "low", "high")
    )
    step = max(1, len(tasks) // 6)
    axis.plot(tasks, means, markevery=(place % step, step), **look)
    axis.fill_between(tasks, lows, highs, color=look["color"], alpha=0.15, linewidth=0)


def _series(result: CellResult, name: str) -> dict[int, float]:
    """By task; what is measured at the start and the end of a task is shown at its end."""
    found: dict[int, float] = {}
    for when in WHENS:
        found |= result.series(name, when)
    return found


def _points(series: Sequence[dict[int, float]]) -> dict[int, Interval]:
    tasks = sorted({task for one in series for task in one})
    known = {t: [one[t] for one in series if np.isfinite(one.get(t, np.nan))] for t in tasks}
    return {t: bootstrap_mean(v, resamples=RESAMPLES) for t, v in known.items() if v}


def _check(kind: str, wanted: Sequence[str], there: Iterable[str]) -> None:
    known = {str(name) for name in there}
    for name in wanted:
        if name not in known:
            close = difflib.get_close_matches(name, known, n=1)
            hint = did_you_mean(name, close or list(known)[:20])
            raise BadInputError(f"There is no {kind} {name!r} in these results. {hint}")
