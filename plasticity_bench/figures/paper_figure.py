"""Shared by all figures: file formats, matplotlib, and one style for papers."""

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from plasticity_bench.errors import BadInputError

FORMATS = (".png", ".svg", ".pdf")

COLUMN, PAGE = 3.4, 7.0  # width in inches, of one column and of two
MOST_BESIDE = 4  # panels; with more, single points are too close

# Okabe and Ito's colours, adjusted to a contrast of 3:1 with white and to be distinguishable with
# protanopia, deuteranopia and tritanopia (tests/figures/test_palette.py). The first is the
# reference's.
COLOURS = ("#1b1f24", "#1666a6", "#b84700", "#008b58", "#c175a8", "#c78100", "#0a98da", "#968d40")
MARKERS = "os^DvXPp"
GREY: dict[str, Any] = {"color": "#c3c8ce", "marker": "", "linestyle": "-", "linewidth": 0.6}
ADAM = "adam"
DASHES = ("-", (0, (4, 1.5)), (0, (1, 1.2)), (0, (4, 1.2, 1, 1.2)))

STYLE: Any = {
    "font.size": 8,
    "axes.titlesize": 8,
    "axes.labelsize": 8,
    "figure.titlesize": 8,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "legend.fontsize": 7,
    "legend.frameon": False,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.6,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "lines.linewidth": 1.1,
    "lines.markersize": 3.5,
    "lines.markeredgewidth": 0.4,
    "pdf.fonttype": 42,  # TrueType: required by publishers, and searchable text
    "ps.fonttype": 42,
    "svg.fonttype": "none",
    "savefig.dpi": 300,
}


def check_path(path: Path, given_as: str = "--figure") -> None:
    """Raise if a file name does not end in a known format.

    Args:
        path: of the file.
        given_as: the option that names it, to begin the sentence with.

    Raises:
        BadInputError: if it does not.
    """
    if path.suffix.lower() not in FORMATS:
        raise BadInputError(f"{given_as} {path}: a figure's file ends in {', '.join(FORMATS)}.")


def style() -> AbstractContextManager[Any]:
    """Return a context with matplotlib settings for papers: small type, embedded fonts."""
    try:
        import matplotlib as mpl
    except ImportError:  # the figure shows it
        return nullcontext()
    return mpl.rc_context(STYLE)


def look(index: int) -> dict[str, Any]:
    """Return colour, marker and line style of the learner at an index: never colour alone.

    Args:
        index: 0 for the reference.
    """
    if index == 0:
        return {"color": COLOURS[0], "marker": MARKERS[0], "linestyle": DASHES[1]}
    rounds, colour = divmod(index - 1, len(COLOURS) - 1)
    return {
        "color": COLOURS[1 + colour],
        "marker": MARKERS[1 + (colour + rounds) % (len(MARKERS) - 1)],
        "linestyle": DASHES[rounds % len(DASHES)],
        "markeredgecolor": "white",
    }


def ordered(learners: Iterable[str], reference: str) -> list[str]:
    """Return learners in the order of their looks: the reference first, the others by name."""
    names = set(learners)
    return [*sorted(names & {reference}), *sorted(names - {reference})]


@dataclass(frozen=True)
class Looks:
    """How the learners of a figure are drawn: a few in colours, the others as thin grey lines.

    Attributes:
        coloured: the learners in colours, in the order of their looks; the reference first.
        grey: the others.
    """

    coloured: tuple[str, ...]
    grey: tuple[str, ...] = ()

    def of(self, learner: str) -> dict[str, Any]:
        """Return colour, marker and line style of a learner."""
        return look(self.coloured.index(learner)) if learner in self.coloured else dict(GREY)

    def place(self, learner: str) -> int:
        """Return the position of a learner's look; markers of neighbours are apart by it."""
        return self.coloured.index(learner) if learner in self.coloured else 0

    @property
    def in_order(self) -> tuple[str, ...]:
        """All learners, in the order of drawing: what is grey is below the rest."""
        return (*self.grey, *self.coloured)


def looks(learners: Iterable[str], reference: str, best_first: Sequence[str] = ()) -> Looks:
    """Return the looks of learners.

    There are colours for eight. Of more, coloured are the reference, the user's own (whose labels
    have a colon: `my_module:Learner`), Adam, and the best of the others.

    Args:
        learners: labels.
        reference: the label of the reference.
        best_first: the labels from best to worst; if empty, all are coloured, and colours come
            again with other markers and dashes.
    """
    names = ordered(learners, reference)
    if not best_first or len(names) <= len(COLOURS):
        return Looks(tuple(names))
    first = [name for name in names if name in (reference, ADAM) or ":" in name]
    rest = [name for name in best_first if name in names and name not in first]
    kept = {*first, *rest[: max(0, len(COLOURS) - len(first))]}
    return Looks(
        tuple(name for name in names if name in kept),
        tuple(name for name in names if name not in kept),
    )


def beside(number: int) -> int:
    """Return the number of columns for `number` panels: at most four, in rows of similar length.

    >>> beside(3), beside(5), beside(9)
    (3, 3, 3)
    """
    return -(-number // -(-number // MOST_BESIDE))


def width(number: int) -> float:
    """Return the width in inches of a figure with that many panels: one column's, or the page's."""
    return COLUMN if number == 1 else PAGE


def panels(number: int, height: float, rows: int = 1) -> tuple[Any, list[list[Any]]]:
    """Return a figure of a column's or a page's width, and its panels.

    Args:
        number: of columns of panels; those that do not fit in one row continue below.
        height: of a panel, in inches.
        rows: panels in each column.

    Returns:
        the figure, and the panels of each column from top to bottom.
    """
    across = beside(number)
    lines = -(-number // across)
    figure = new_figure(width(number), height * rows * lines)
    axes = figure.subplots(lines * rows, across, squeeze=False)
    blocks = axes.reshape(lines, rows, across).swapaxes(1, 2)
    columns = [list(column) for block in blocks for column in block]
    for axis in (axis for column in columns[number:] for axis in column):
        axis.set_visible(False)
    return figure, columns[:number]


def legend(figure: Any, shown: Looks, *, skip: int = 0, lines: bool = True) -> None:
    """Add a legend below a figure, whose height grows accordingly.

    Args:
        figure: to extend.
        shown: the learners of the figure.
        skip: the number of first learners that are not in the figure.
        lines: whether they are drawn as lines, not as points.
    """
    from matplotlib.lines import Line2D

    names = shown.coloured[skip:]
    styles = [{**shown.of(name), **({} if lines else {"linestyle": "none"})} for name in names]
    if shown.grey:
        number = len(shown.grey)
        names = (*names, f"{number} other{'' if number == 1 else 's'}")
        styles.append(GREY if lines else {**GREY, "marker": "o", "linestyle": "none"})
    handles = [Line2D([], [], label=n, **s) for n, s in zip(names, styles, strict=True)]
    across, height = figure.get_size_inches()
    num_columns = _fitting([len(name) for name in names], across)
    figure.set_figheight(height + 0.16 * -(-len(handles) // num_columns) + 0.1)
    figure.legend(
        handles=handles,
        loc="outside lower center",
        ncols=num_columns,
        handlelength=2.6 if lines else 1,
    )


def _fitting(lengths: Sequence[int], across: float) -> int:
    """The number of columns of a legend in 7 point type that fit the labels."""
    for number in range(len(lengths), 1, -1):
        longest = [max(column) for column in np.array_split(lengths, number)]
        if sum(0.52 + 0.055 * length for length in longest) <= across:
            return number
    return 1


def new_figure(width: float, height: float) -> Any:
    """Return an empty figure, in inches.

    Raises:
        BadInputError: if matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure  # without pyplot: no window, no global state
    except ImportError:
        raise BadInputError(
            "The figure needs matplotlib: pip install 'plasticity-bench[plot]'."
        ) from None
    return Figure(figsize=(width, height), layout="constrained")


def save(figure: Any, path: Path) -> None:
    """Write a figure.

    Raises:
        BadInputError: if the file cannot be written.
    """
    try:
        figure.savefig(path)
    except OSError as error:
        raise BadInputError(f"Cannot write the figure {path}: {error.strerror}.") from None
