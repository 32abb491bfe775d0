"""How much a score depends on each hyperparameter: a figure of a search."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from plasticity_bench import figures
from plasticity_bench.errors import BadInputError, did_you_mean
from plasticity_bench.tuning.record import LearnerRecord, TriedRecord, TuningRecord

PANEL = (2.9, 2.2)  # width and height in inches


def draw(record: TuningRecord, path: Path, learners: Sequence[str] = ()) -> None:
    """Draw a row of panels for each learner, one for each hyperparameter: score against value.

    Every setting that was tried for the whole length is a point in each panel, with its interval
    over seeds; so points of one value differ by the other hyperparameters. The chosen one is red.

    Args:
        record: of a search.
        path: of the figure.
        learners: labels of those wanted; all if none is given.

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
    columns = max(len(_names(learner)) for learner in rows.values())
    width, height = PANEL
    figure = figures.new_figure(max(width * columns, width), height * len(rows) + 0.3)
    axes = figure.subplots(len(rows), columns, squeeze=False, sharey=True)
    for row, (label, learner) in zip(axes, rows.items(), strict=True):
        _row(row, label, learner, record.tuning.select)
    figures.save(figure, path)


def points(learner: LearnerRecord, name: str) -> Mapping[Any, list[TriedRecord]]:
    """Return, by a hyperparameter's value, ascending, the settings that were tried at length."""
    longest = max(tried.tasks for tried in learner.tried)
    found: dict[Any, list[TriedRecord]] = {}
    for tried in learner.tried:
        if tried.tasks == longest and tried.score is not None:
            found.setdefault(tried.setting[name], []).append(tried)
    return {value: found[value] for value in sorted(found)}


def _names(learner: LearnerRecord) -> list[str]:
    return list(learner.tried[0].setting)


def _row(axes: Any, label: str, learner: LearnerRecord, select: str) -> None:
    for axis, name in zip(axes, _names(learner), strict=False):
        _panel(axis, learner, name)
        axis.set_xlabel(name, fontsize="small")
    for axis in axes[len(_names(learner)) :]:
        axis.set_visible(False)
    axes[0].set_ylabel(select, fontsize="small")
    axes[0].set_title(label, fontsize="small", loc="left")


def _panel(axis: Any, learner: LearnerRecord, name: str) -> None:
    by_value = points(learner, name)
    scale = learner.scales[name]
    chosen = [learner.chosen] if learner.chosen else list(learner.streams.values())
    for place, (value, tries) in enumerate(by_value.items()):
        for tried in tries:
            where = place if scale == "choice" else value
            _point(axis, where, tried, tried.setting in chosen)
    if scale == "log":
        axis.set_xscale("log")
    if scale == "choice":  # side by side, whatever they are
        axis.set_xticks(range(len(by_value)), [str(value) for value in by_value])
        axis.margins(x=0.2)
    axis.set_ylim(-0.05, 1.05)


def _point(axis: Any, where: float, tried: TriedRecord, best: bool) -> None:
    assert tried.score is not None
    low, high = tried.interval or (tried.score, tried.score)
    axis.errorbar(
        where,
        tried.score,
        yerr=[[max(tried.score - low, 0)], [max(high - tried.score, 0)]],
        fmt="o",
        markersize=5 if best else 3,
        linewidth=1,
        color="C3" if best else "C0",
        zorder=3 if best else 2,
    )
