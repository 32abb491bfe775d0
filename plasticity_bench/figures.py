"""What every figure needs: a file that can be written, matplotlib, and one style for papers."""

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

from plasticity_bench.errors import BadInputError

FORMATS = (".png", ".svg", ".pdf")

COLUMN, PAGE = 3.4, 7.0  # width in inches, of one column and of two

# Okabe and Ito's colours, which colour-blind people can tell apart; the first is the reference's.
# Their yellow is darkened: lines of it vanish on paper.
COLOURS = ("#000000", "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#8a7d00")
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


def panels(number: int, height: float) -> tuple[Any, list[Any]]:
    """Return a figure with panels side by side, as wide as a column or a page, and the panels.

    Args:
        number: of panels.
        height: of the panels, in inches.
    """
    width = COLUMN if number == 1 else max(PAGE, 1.75 * number)
    figure = new_figure(width, height + 0.5)
    return figure, list(figure.subplots(1, number, squeeze=False)[0])


def legend(figure: Any, learners: Sequence[str], *, skip: int = 0, lines: bool = True) -> None:
    """Put the looks of learners below a figure.

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
    width, _ = figure.get_size_inches()
    figure.legend(
        handles=handles,
        loc="outside lower center",
        ncols=min(len(handles), max(2, int(width / 1.3))),
        handlelength=2.6 if lines else 1,
    )


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
