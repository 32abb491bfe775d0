"""What every figure needs: a file that can be written, matplotlib, and one style for papers."""

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import numpy as np

from plasticity_bench.errors import BadInputError

FORMATS = (".png", ".svg", ".pdf")

COLUMN, PAGE = 3.4, 7.0  # width in inches, of one column and of two
MOST_BESIDE = 4  # panels; of more, single points could not be told apart

# Okabe and Ito's colours, moved a little: three times as dark or bright as the paper, and far apart
# for readers without red, green or blue cones, too (tests/test_palette.py). The first is the
# reference's.
COLOURS = ("#1b1f24", "#1666a6", "#b84700", "#008b58", "#c175a8", "#c78100", "#0a98da", "#968d40")
MARKERS = "os^DvXPp"
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
    "pdf.fonttype": 42,  # TrueType: what publishers ask for, and text that can be searched
    "ps.fonttype": 42,
    "svg.fonttype": "none",
    "savefig.dpi": 300,
}


def check_path(path: Path) -> None:
    """Refuse a file that no figure can be written to.

    Raises:
        BadInputError: if its ending is of another kind.
    """
    if path.suffix.lower() not in FORMATS:
        raise BadInputError(f"--figure {path}: a figure's file ends in {', '.join(FORMATS)}.")


def style() -> AbstractContextManager[Any]:
    """Return a context in which figures look as papers want them: small type, embedded fonts."""
    try:
        import matplotlib as mpl
    except ImportError:  # a figure says so itself
        return nullcontext()
    return mpl.rc_context(STYLE)


def look(place: int) -> dict[str, Any]:
    """Return how the learner at a place is drawn: never by its colour alone.

    Args:
        place: 0 for the reference.
    """
    if place == 0:
        return {"color": COLOURS[0], "marker": MARKERS[0], "linestyle": DASHES[1]}
    rounds, own = divmod(place - 1, len(COLOURS) - 1)
    return {
        "color": COLOURS[1 + own],
        "marker": MARKERS[1 + (own + rounds) % (len(MARKERS) - 1)],
        "linestyle": DASHES[rounds % len(DASHES)],
        "markeredgecolor": "white",
    }


def ordered(learners: Iterable[str], reference: str) -> list[str]:
    """Return learners in the order of their looks: the reference first, the others by name."""
    names = set(learners)
    return [*sorted(names & {reference}), *sorted(names - {reference})]


def beside(number: int) -> int:
    """Return how many of so many panels are beside one another: at most four, in even lines.

    >>> beside(3), beside(5), beside(9)
    (3, 3, 3)
    """
    return -(-number // -(-number // MOST_BESIDE))


def width(number: int) -> float:
    """Return the width of a figure of so many panels, in inches: of one column, or of a page."""
    return COLUMN if number == 1 else PAGE


def panels(number: int, height: float, rows: int = 1) -> tuple[Any, list[list[Any]]]:
    """Return a figure of a column's or a page's width, and its panels.

    Args:
        number: of columns of panels; what does not fit beside one another is below.
        height: of a panel, in inches.
        rows: panels in each column.

    Returns:
        the figure, and of each column its panels, from above.
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


def legend(figure: Any, learners: Sequence[str], *, skip: int = 0, lines: bool = True) -> None:
    """Put the looks of learners below a figure, which grows by as much.

    Args:
        figure: that they are in.
        learners: in the order of their looks.
        skip: so many of the first are not in the figure.
        lines: whether they are drawn as lines, not as points.
    """
    from matplotlib.lines import Line2D

    handles = [
        Line2D([], [], label=learner, **{**look(place), **({} if lines else {"linestyle": "none"})})
        for place, learner in enumerate(learners)
        if place >= skip
    ]
    across, height = figure.get_size_inches()
    num_columns = _fitting([len(learner) for learner in learners[skip:]], across)
    figure.set_figheight(height + 0.16 * -(-len(handles) // num_columns) + 0.1)
    figure.legend(
        handles=handles,
        loc="outside lower center",
        ncols=num_columns,
        handlelength=2.6 if lines else 1,
    )


def _fitting(lengths: Sequence[int], across: float) -> int:
    """Columns of a legend in type of 7 points: as many as labels of such lengths leave room for."""
    for number in range(len(lengths), 1, -1):
        longest = [max(own) for own in np.array_split(lengths, number)]
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
