"""The figure of learning curves: measurements from task to task."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from plasticity_bench.figures import paper_figure
from plasticity_bench.scoring.learning_curves import Curve

PANEL_HEIGHT = 1.7  # in inches


def draw(
    lines: Sequence[Curve],
    path: Path,
    reference: str = "fresh",
    best_first: Sequence[str] = (),
) -> None:
    """Draw a column of panels for each stream: one panel for each measurement.

    Args:
        lines: the curves; streams and measurements come in their order.
        path: of the figure.
        reference: the learner that scores are relative to.
        best_first: learners from best to worst, for `paper_figure.looks`.

    Raises:
        BadInputError: if matplotlib is not installed, or the file cannot be written.
    """
    streams = list(dict.fromkeys(line.stream for line in lines))
    names = list(dict.fromkeys(line.measurement for line in lines))
    looks = paper_figure.looks([line.learner for line in lines], reference, best_first)
    figure, columns = paper_figure.panels(len(streams), PANEL_HEIGHT, len(names))
    for line in sorted(lines, key=lambda line: looks.in_order.index(line.learner)):
        axis = columns[streams.index(line.stream)][names.index(line.measurement)]
        _line(axis, line, looks)
    for column, (stream, panels) in enumerate(zip(streams, columns, strict=True)):
        panels[0].set_title(stream)
        panels[-1].set_xlabel("task")
        is_first = column % paper_figure.beside(len(streams)) == 0
        for axis, first, name in zip(panels, columns[0], names, strict=True):
            axis.sharey(first)  # of one measurement, all streams have one scale
            axis.set_ylabel(titled(name) if is_first else "")
            axis.tick_params(labelleft=is_first, labelbottom=axis is panels[-1])
            axis.xaxis.get_major_locator().set_params(integer=True)
    paper_figure.legend(figure, looks)
    paper_figure.save(figure, path)


def titled(measurement: str) -> str:
    r"""Return a measurement's name for readers, who do not know curvature by its own.

    >>> titled("fisher_srank99_n512"), titled("accuracy")
    ('curvature rank\n(fisher_srank99_n512)', 'accuracy')
    """
    is_headline = measurement.startswith("fisher_srank99_n")
    return f"curvature rank\n({measurement})" if is_headline else measurement


def _line(axis: Any, line: Curve, looks: paper_figure.Looks) -> None:
    look, index = looks.of(line.learner), looks.place(line.learner)
    tasks = sorted(line.points)
    means, lows, highs = (
        [getattr(line.points[task], bound) for task in tasks] for bound in ("mean", "low", "high")
    )
    step = max(1, len(tasks) // 6)
    axis.plot(tasks, means, markevery=(index % step, step), **look)
    if line.learner in looks.grey:
        return  # its band would cover those in colours
    axis.fill_between(tasks, lows, highs, color=look["color"], alpha=0.15, linewidth=0)
