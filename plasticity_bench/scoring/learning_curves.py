"""How measurements change from task to task: means over seeds, with their intervals."""

import difflib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from plasticity_bench.errors import BadInputError, did_you_mean
from plasticity_bench.results import Run, RunResult, Selection
from plasticity_bench.statistics import Interval, mean_intervals

WHENS = ("start", "during", "end")


@dataclass(frozen=True)
class Curve:
    """One measurement of one learner on one stream.

    Attributes:
        stream: the stream's label.
        learner: the learner's label.
        measurement: its name.
        points: by task, the mean over the seeds that did not diverge.
        seeds: how many there are.
    """

    stream: str
    learner: str
    measurement: str
    points: dict[int, Interval]
    seeds: int


def curves(
    selection: Selection,
    measurements: Sequence[str] = (),
    streams: Sequence[str] = (),
    learners: Sequence[str] = (),
) -> list[Curve]:
    """Return the curves of selected results.

    Args:
        selection: of a results folder.
        measurements: their names; by default the task metric and the headline curvature.
        streams: labels of those wanted; by default all.
        learners: likewise.

    Raises:
        BadInputError: if there are no results, or nothing of a name.
    """
    stored = selection.finished
    _check("stream", streams, [run.stream for run, _ in stored])
    _check("learner", learners, [run.learner for run, _ in stored])
    _check("measurement", measurements, (n for _, r in stored for n in set(r.columns["name"])))
    wanted = [
        (run, result)
        for run, result in stored
        if (not streams or run.stream in streams) and (not learners or run.learner in learners)
    ]
    return of_runs(wanted, lambda run, result: measurements or headlines(run, result))


def of_runs(
    runs: Iterable[tuple[Run, RunResult]], names: Callable[[Run, RunResult], Iterable[str]]
) -> list[Curve]:
    """Return the curves of some runs.

    Args:
        runs: of a suite.
        names: returns the measurements wanted of a run.
    """
    series: dict[tuple[str, str, str], list[dict[int, float]]] = {}
    for run, result in runs:
        for name in names(run, result):
            series.setdefault((run.stream, run.learner, name), []).append(_series(result, name))
    return [Curve(*key, _points(of_seeds), len(of_seeds)) for key, of_seeds in series.items()]


def headlines(run: Run, result: RunResult) -> list[str]:
    """Return the measurements of a run that scores are computed from: task metric, curvature."""
    protocol = run.identity.get("protocol", {})
    return [result.task_metric, f"fisher_srank99_n{protocol.get('curvature_examples')}"]


def _series(result: RunResult, name: str) -> dict[int, float]:
    """By task; what is measured at the start and the end of a task is shown at its end."""
    values: dict[int, float] = {}
    for when in WHENS:
        values |= result.series(name, when)
    return values


def _points(of_seeds: Sequence[dict[int, float]]) -> dict[int, Interval]:
    tasks = sorted({task for values in of_seeds for task in values})
    finite = {
        task: [v[task] for v in of_seeds if np.isfinite(v.get(task, np.nan))] for task in tasks
    }
    finite = {task: values for task, values in finite.items() if values}
    intervals = mean_intervals(list(finite.values()))
    return dict(zip(finite, intervals, strict=True))


def _check(kind: str, wanted: Sequence[str], there: Iterable[str]) -> None:
    known = {str(name) for name in there}
    for name in wanted:
        if name not in known:
            close = difflib.get_close_matches(name, known, n=1)
            hint = did_you_mean(name, close or list(known)[:20])
            raise BadInputError(f"There is no {kind} {name!r} in these results. {hint}")
