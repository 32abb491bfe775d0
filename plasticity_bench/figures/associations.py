"""Heatmap of the associations between diagnostics and accuracy."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from plasticity_bench.errors import BadInputError
from plasticity_bench.figures import paper_figure
from plasticity_bench.scoring.associations import Association, sign
from plasticity_bench.statistics import Interval

CELL, NAMES = (0.21, 0.17), 2.25  # in inches: one correlation, and all beside the heatmaps
LEGEND = (
    "A number: the interval over seeds excludes zero. Bold: the same sign within runs in every "
    "stream. Grey: nothing to compare."
)


def draw(table: Sequence[Association], path: Path) -> None:
    """Draw measurements x streams as a heatmap of rank correlations.

    A number is printed where the interval excludes zero; a measurement whose sign holds in every
    stream is bold.

    Raises:
        BadInputError: if matplotlib is not installed, there is nothing to draw, or the file cannot
            be written.
    """
    streams = list(table[0].within_stream)
    panels = _panels(table)
    widths = [max(2.5, len(rows[0])) for rows in panels.values()]  # a title needs as much
    figure = paper_figure.new_figure(
        max(paper_figure.PAGE, NAMES + CELL[0] * sum(widths)), 2.3 + CELL[1] * len(table)
    )
    axes = figure.subplots(1, len(panels), width_ratios=widths, sharey=True, squeeze=False)[0]
    for axis, (title, rows) in zip(axes, panels.items(), strict=True):
        image = _heatmap(axis, rows)
        axis.set_title(title)
        labels = [*streams, "all"] if len(rows[0]) > 1 else ["all"]
        axis.set_xticks(range(len(labels)), labels, rotation=90)
    _name_rows(axes[0], table)
    figure.suptitle(LEGEND, fontsize=7)
    bar = figure.colorbar(
        image, ax=axes, location="bottom", shrink=0.5, aspect=40, ticks=(-1, -0.5, 0, 0.5, 1)
    )
    bar.set_label("rank correlation with end-of-task accuracy")
    paper_figure.save(figure, path)


def _panels(table: Sequence[Association]) -> dict[str, list[list[Interval | None]]]:
    """By title, measurements x streams; those with any known correlation."""
    panels: dict[str, list[list[Interval | None]]] = {
        "within\nruns": [[*e.within_stream.values(), e.within] for e in table],
        "across\nlearners": [[*e.learners_in_stream.values(), e.learners] for e in table],
        "across\nstreams": [[e.streams] for e in table],
    }
    panels = {title: rows for title, rows in panels.items() if any(map(any, rows))}
    if not panels:
        raise BadInputError("There is nothing to draw: accuracy varies nowhere over three values.")
    return panels


def _name_rows(axis: Any, table: Sequence[Association]) -> None:
    axis.set_yticks(range(len(table)), [e.name for e in table])
    for label, explained in zip(axis.get_yticklabels(), table, strict=True):
        if explained.num_holds == len(explained.within_stream):
            label.set_fontweight("bold")


def _heatmap(axis: Any, rows: list[list[Interval | None]]) -> Any:
    means = np.array([[np.nan if i is None else i.mean for i in row] for row in rows])
    axis.set_facecolor("0.85")  # what cannot be compared
    image = axis.imshow(means, cmap="RdBu", vmin=-1, vmax=1, aspect="auto")
    for y, row in enumerate(rows):
        for x, interval in enumerate(row):
            if interval is not None and sign(interval) in "+-":
                colour = "white" if abs(interval.mean) > 0.7 else "black"
                shown = f"{interval.mean:+.1f}".replace("0.", ".").replace("-", "\N{MINUS SIGN}")
                axis.text(x, y, shown, ha="center", va="center", color=colour, fontsize=6)
    axis.tick_params(length=0)
    if len(rows[0]) > 1:  # a line before "all"
        axis.axvline(len(rows[0]) - 1.5, color="black", linewidth=1)
    return image
