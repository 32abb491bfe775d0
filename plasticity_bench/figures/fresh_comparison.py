"""One network's numbers beside those of fresh networks, a line for each measurement."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from plasticity_bench.figures import paper_figure

LINE, HEAD = 0.19, 1.0  # height in inches, of one measurement and of all beside them
LEGEND = (
    "Filled: the network. Open: fresh networks. Each line is divided by its largest number.\n"
    "Orange: below or above what a fresh network has, by a 95 % prediction interval."
)
OUTSIDE, WITHIN = paper_figure.COLOURS[2], paper_figure.COLOURS[1]


@dataclass(frozen=True)
class Line:
    """A measurement.

    Attributes:
        name: its name.
        value: of the network.
        fresh: of each fresh network.
        against_fresh: "below", "above" or "like fresh"; empty if unknown.
    """

    name: str
    value: float
    fresh: tuple[float, ...]
    against_fresh: str


def draw(lines: Sequence[Line], title: str, path: Path) -> None:
    """Draw a strip of points for each measurement, with its number at the right.

    Raises:
        BadInputError: if matplotlib is not installed, or the file cannot be written.
    """
    figure = paper_figure.new_figure(paper_figure.PAGE, HEAD + LINE * max(len(lines), 1))
    axis = figure.subplots()
    for y, line in enumerate(lines):
        _strip(axis, y, line)
    axis.set_yticks(range(len(lines)), [line.name for line in lines])
    axis.set_ylim(len(lines) - 0.5, -0.5)
    axis.set_xlabel("number / largest number of the line")
    axis.tick_params(axis="y", length=0)
    axis.grid(axis="y", linewidth=0.3, color="0.85")
    axis.set_axisbelow(True)
    figure.suptitle(f"{title}\n{LEGEND}", fontsize=7)
    paper_figure.save(figure, path)


def _strip(axis: Any, y: int, line: Line) -> None:
    known = [number for number in line.fresh if math.isfinite(number)]
    largest = max(map(abs, [line.value, *known])) or 1.0
    colour = OUTSIDE if line.against_fresh in ("below", "above") else WITHIN
    fresh = [number / largest for number in known]
    if fresh:
        axis.plot([min(fresh), max(fresh)], [y, y], color="0.6", linewidth=2, zorder=1)
    axis.plot(fresh, [y] * len(fresh), "o", markerfacecolor="white", color="0.35", zorder=2)
    axis.plot([line.value / largest], [y], "D", color=colour, markeredgecolor="white", zorder=3)
    axis.annotate(
        f"{line.value:.3g}  {line.against_fresh}",
        (1.01, y),
        xycoords=("axes fraction", "data"),
        va="center",
        fontsize=6,
        color=colour,
    )
