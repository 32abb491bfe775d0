"""Scatter plot of trainability against another score, a panel for each stream."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from plasticity_bench.figures import paper_figure
from plasticity_bench.results import LearnerOnStream
from plasticity_bench.scoring.scores import SCORES, WORDS, Score
from plasticity_bench.statistics import mean_interval


def draw(
    scores: dict[LearnerOnStream, dict[int, Score]],
    reference: str,
    path: Path,
    against: str = "curvature",
    best_first: Sequence[str] = (),
) -> None:
    """Draw means over seeds with their 95 % intervals, and light points for single seeds.

    Args:
        scores: by stream and learner, of each seed.
        reference: the learner that scores are relative to.
        path: of the figure.
        against: the score on the horizontal axis, a name of `SCORES`.
        best_first: learners from best to worst, for `paper_figure.looks`.

    Raises:
        BadInputError: if matplotlib is not installed, or the file cannot be written.
    """
    streams = list(dict.fromkeys(stream for stream, _ in scores))
    looks = paper_figure.looks([learner for _, learner in scores], reference, best_first)
    beside = paper_figure.beside(len(streams))
    height = paper_figure.width(len(streams)) / beside + 0.2  # square, with a title and a label
    figure, columns = paper_figure.panels(len(streams), height)
    for column, (stream, (axis,)) in enumerate(zip(streams, columns, strict=True)):
        axis.set_title(stream)
        axis.plot([0, 1], [0, 1], color="0.8", linewidth=0.6, zorder=0)
        for learner in looks.in_order:
            look = looks.of(learner)
            if learner in looks.grey:
                look |= {"marker": "o"}
            of_seeds = list(scores.get(LearnerOnStream(stream, learner), {}).values())
            _learner(axis, of_seeds, SCORES[against], look)
        axis.set(xlabel=WORDS[against])
        axis.margins(0.04)
        axis.set_box_aspect(1)
        if column % beside == 0:
            axis.set_ylabel("trainability")
    paper_figure.legend(figure, looks, lines=False)
    paper_figure.save(figure, path)


def _learner(axis: Any, seed_scores: Sequence[Score], against: str, look: dict[str, Any]) -> None:
    pairs = [(getattr(score, against), score.trainability) for score in seed_scores]
    points = np.array(pairs).reshape(-1, 2)
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
