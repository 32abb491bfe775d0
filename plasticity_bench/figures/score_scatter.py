"""Scatter plot of trainability against curvature retention, a panel for each stream."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from plasticity_bench.figures import paper_figure
from plasticity_bench.results import LearnerOnStream
from plasticity_bench.scoring.scores import Score
from plasticity_bench.statistics import mean_interval


def draw(scores: dict[LearnerOnStream, dict[int, Score]], reference: str, path: Path) -> None:
    """Draw means over seeds with their 95 % intervals, and light points for single seeds.

    Args:
        scores: by stream and learner, of each seed.
        reference: the learner that scores are relative to.
        path: of the figure.

    Raises:
        BadInputError: if matplotlib is not installed, or the file cannot be written.
    """
    streams = list(dict.fromkeys(stream for stream, _ in scores))
    learners = paper_figure.ordered([learner for _, learner in scores], reference)
    beside = paper_figure.beside(len(streams))
    height = paper_figure.width(len(streams)) / beside + 0.2  # square, with a title and a label
    figure, columns = paper_figure.panels(len(streams), height)
    for column, (stream, (axis,)) in enumerate(zip(streams, columns, strict=True)):
        axis.set_title(stream)
        axis.plot([0, 1], [0, 1], color="0.8", linewidth=0.6, zorder=0)
        for look, learner in enumerate(learners):
            _learner(
                axis,
                list(scores.get(LearnerOnStream(stream, learner), {}).values()),
                paper_figure.look(look),
            )
        axis.set(xlabel="curvature retention")
        axis.margins(0.04)
        axis.set_box_aspect(1)
        if column % beside == 0:
            axis.set_ylabel("trainability")
    paper_figure.legend(figure, learners, lines=False)
    paper_figure.save(figure, path)


def _learner(axis: Any, seed_scores: Sequence[Score], look: dict[str, Any]) -> None:
    points = np.array([(s.curvature_retention, s.trainability) for s in seed_scores]).reshape(-1, 2)
    points = points[np.isfinite(points).all(axis=1)]
    if not len(points):
        return
    look = {name: value for name, value in look.items() if name != "linestyle"}
    axis.plot(*points.T, **{**look, "markersize": 2, "alpha": 0.4}, linestyle="none", zorder=1)
    x, y = (mean_interval(values) for values in points.T)
    axis.errorbar(
        x.mean,
        y.mean,
        xerr=[[x.mean - x.low], [x.high - x.mean]],
        yerr=[[y.mean - y.low], [y.high - y.mean]],
        elinewidth=0.8,
        zorder=3,
        **{**look, "markersize": 5},
    )
