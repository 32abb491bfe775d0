"""Sensitivity of a score to each hyperparameter: the figure of a search."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from plasticity_bench.errors import BadInputError, did_you_mean
from plasticity_bench.figures import paper_figure
from plasticity_bench.tuning.record import LearnerRecord, TriedRecord, TuningRecord

HEIGHT = 1.75  # of a panel, in inches

BEST: Any = {"color": paper_figure.COLOURS[2], "fmt": "s", "markersize": 5, "zorder": 3}
OTHER: Any = {"color": paper_figure.COLOURS[1], "fmt": "o", "markersize": 3, "zorder": 2}
DIVERGED: Any = {**OTHER, "fmt": "x", "markersize": 4, "markeredgewidth": 1}


def draw(record: TuningRecord, path: Path, learners: Sequence[str] = ()) -> None:
    """Draw a panel for each hyperparameter of each learner: score against value.

    Every setting that was tried for the whole length is a point in each panel, with its interval
    over seeds; so points of one value differ by the other hyperparameters. The chosen one is a red
    square; where replicas diverged, the point is a cross.

    Args:
        record: of a search.
        path: of the figure.
        learners: labels to draw; all if empty.

    Raises:
        BadInputError: if a learner was not tuned, matplotlib is not installed, or the file cannot
            be written.
    """
    for label in learners:
        if label not in record.learners:
            hint = did_you_mean(label, record.learners)
            raise BadInputError(f"There is no learner {label!r} in this search. {hint}")
    rows = {name: record.learners[name] for name in learners or record.learners}
    if not rows:
        raise BadInputError("This search found no settings to draw.")
    panels = [(label, name) for label, learner in rows.items() for name in _names(learner)]
    figure, columns = paper_figure.panels(len(panels), HEIGHT)
    for column, ((label, name), (axis,)) in enumerate(zip(panels, columns, strict=True)):
        _panel(axis, rows[label], name)
        axis.set(title=label, xlabel=name)
        if column % paper_figure.beside(len(panels)) == 0:
            axis.set_ylabel(record.tuning.select)
    paper_figure.save(figure, path)


def points(learner: LearnerRecord, name: str) -> Mapping[Any, list[TriedRecord]]:
    """Return, by a hyperparameter's value, ascending, the settings that were tried at length."""
    by_value: dict[Any, list[TriedRecord]] = {}
    for tried in learner.at_length:
        if tried.score is not None:
            by_value.setdefault(tried.setting[name], []).append(tried)
    return {value: by_value[value] for value in sorted(by_value)}


def _names(learner: LearnerRecord) -> list[str]:
    return list(learner.tried[0].setting)


def _panel(axis: Any, learner: LearnerRecord, name: str) -> None:
    by_value = points(learner, name)
    scale = learner.scales[name]
    for index, (value, tries) in enumerate(by_value.items()):
        for tried in tries:
            where = index if scale == "choice" else value
            _point(axis, where, tried, learner.is_chosen(tried))
    if scale == "log":
        axis.set_xscale("log")
    if scale == "choice":  # side by side, whatever they are
        axis.set_xticks(range(len(by_value)), [str(value) for value in by_value])
        axis.margins(x=0.2)


def _point(axis: Any, where: float, tried: TriedRecord, best: bool) -> None:
    assert tried.score is not None
    low, high = tried.interval or (tried.score, tried.score)
    look = BEST if best else DIVERGED if tried.diverged else OTHER
    axis.errorbar(
        where,
        tried.score,
        yerr=[[max(tried.score - low, 0)], [max(high - tried.score, 0)]],
        linewidth=1,
        **look,
    )
