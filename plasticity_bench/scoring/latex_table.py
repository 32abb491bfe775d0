"""The table of scores in LaTeX: a row for each learner, streams side by side."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from plasticity_bench.errors import BadInputError
from plasticity_bench.results import LearnerOnStream, Selection
from plasticity_bench.scoring import stored_scores
from plasticity_bench.scoring.scores import SCORES
from plasticity_bench.scoring.stored_scores import Scores
from plasticity_bench.statistics import mean_interval, ranks

DEFAULT_COLUMNS = ("trainability", "retained")
BOLD = ("best", "tie", "none")
SHORT = {
    "trainability": "Train.",
    "retained": "Ret.",
    "curvature": "Curv.",
    "online": "Online",
    "test": "Test",
    "time": "Updates",
}
"""Headers of the columns; the caption says the words."""
WIDTH = 7
"""Letters that fit over a column."""

_ESCAPED = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    **{sign: f"\\{sign}" for sign in "&%$#_{}"},
}


@dataclass(frozen=True)
class Style:
    """What a table looks like.

    Attributes:
        columns: names of `SCORES`, for each stream.
        names: what learners and streams are called in place of their labels; LaTeX.
        bold: "best" for the best mean of a column, "tie" for all that cannot be told from it,
            "none".
        caption: of a `table` around it; None for the `tabular` alone. LaTeX.
    """

    columns: Sequence[str] = DEFAULT_COLUMNS
    names: Mapping[str, str] = field(default_factory=dict)
    bold: str = "best"
    caption: str | None = None


def render(selection: Selection, style: Style | None = None) -> str:
    r"""Return the table; it needs `\usepackage{booktabs}`.

    A cell has the mean over seeds and half the width of its 95 % interval. The reference is a row
    of the table, and has no part in what is best. Learners are sorted by their trainability,
    averaged over the streams.

    Raises:
        BadInputError: if a column is no score, or a name is of nothing in the table.
    """
    style = style or Style()
    _check(selection, style)
    scores = stored_scores.scores(selection)
    learners = stored_scores.ranked(scores, selection.learners)
    columns = [(stream, name) for stream in selection.streams for name in style.columns]
    bold = {
        column: _bold(scores, learners, column, selection.reference, style) for column in columns
    }
    rows = [
        [
            _called(learner, style),
            *(
                _cell(_values(scores, learner, column), learner in bold[column])
                for column in columns
            ),
        ]
        for learner in learners
    ]
    return _tabular(rows, selection.streams, style)


def _check(selection: Selection, style: Style) -> None:
    for name in style.columns:
        if name not in SCORES:
            known = ", ".join(SCORES)
            raise BadInputError(
                f"--columns: a LaTeX table has scores, not {name!r}: choose of {known}. "
                "`--format csv` has every number."
            )
    known_labels = (*selection.learners, *selection.streams)
    for label in style.names:
        if label not in known_labels:
            raise BadInputError(
                f"--names: {label!r} is neither a learner nor a stream of the table, which has "
                f"{', '.join(known_labels)}."
            )


def _values(scores: Scores, learner: str, column: tuple[str, str]) -> list[float]:
    """A learner's score on a stream for each seed, NaN where it is undefined."""
    stream, name = column
    by_seed = scores.get(LearnerOnStream(stream, learner), {})
    return [float(getattr(by_seed[seed], SCORES[name])) for seed in sorted(by_seed)]


def _bold(
    scores: Scores, learners: Sequence[str], column: tuple[str, str], reference: str, style: Style
) -> set[str]:
    """The learners whose cell is in bold type."""
    values = {name: _values(scores, name, column) for name in learners if name != reference}
    known = {k: v for k, v in values.items() if v and not any(map(math.isnan, v))}
    if not known or style.bold == "none":
        return set()
    sign = -1 if column[1] == "time" else 1  # fewer updates are better
    fewest = min(map(len, known.values()))
    rows = sign * np.array([of_seeds[:fewest] for of_seeds in known.values()])
    if style.bold == "tie" and fewest > 1:
        return {
            name
            for name, rank in zip(known, ranks(rows[:, None, :]), strict=True)
            if rank.rank == 1
        }
    shown = np.round(rows.mean(1), 2)  # as it is printed: equal numbers are treated alike
    return {name for name, mean in zip(known, shown, strict=True) if mean == shown.max()}


def _cell(values: Sequence[float], bold: bool) -> str:
    known = [value for value in values if not math.isnan(value)]
    if not known:
        return "--"
    interval = mean_interval(known)
    digits = 2 if abs(interval.mean) < 10 else 0
    mean = f"{interval.mean:.{digits}f}".replace("-", "$-$")
    half = interval.high - interval.mean
    if math.isnan(half):
        width = ""
    else:
        shown = f"{half:.{digits}f}".removeprefix("0" if half < 1 and digits else "")
        width = rf"{{\tiny$\pm${shown}}}"
    return (rf"\textbf{{{mean}}}" if bold else mean) + width


def _tabular(rows: Sequence[Sequence[str]], streams: Sequence[str], style: Style) -> str:
    number = len(style.columns)
    groups = [rf"\multicolumn{{{number}}}{{c}}{{{_heading(s, style)}}}" for s in streams]
    first = [2 + number * position for position in range(len(streams))]
    rules = [rf"\cmidrule(lr){{{start}-{start + number - 1}}}" for start in first]
    headers = [SHORT[name] for _ in streams for name in style.columns]
    lines = [
        rf"\begin{{tabular}}{{@{{}}l{'r' * len(headers)}@{{}}}}",
        r"\toprule",
        " & ".join(["", *groups]) + r" \\",
        " ".join(rules),
        " & ".join(["Learner", *headers]) + r" \\",
        r"\midrule",
        *(" & ".join(row) + r" \\" for row in rows),
        r"\bottomrule",
        r"\end{tabular}",
    ]
    if style.caption is None:
        return "\n".join(["{" + SMALL, *lines, "}"])
    caption = rf"\caption{{{style.caption}}}"
    return "\n".join([r"\begin{table}", r"\centering", caption, SMALL, *lines, r"\end{table}"])


SMALL = r"\footnotesize\setlength{\tabcolsep}{3pt}"


def _heading(stream: str, style: Style) -> str:
    """A stream's name, on two lines if it is wider than its columns."""
    name = _called(stream, style)
    if stream in style.names or len(name) <= WIDTH * len(style.columns):
        return name
    breaks = [match.start() for match in re.finditer(r"(?<=[a-z])(?=[A-Z])| ", name)]
    if not breaks:
        return name
    middle = min(breaks, key=lambda place: abs(2 * place - len(name)))
    return rf"\shortstack{{{name[:middle]}\\{name[middle:].lstrip()}}}"


def _called(label: str, style: Style) -> str:
    """A label's name in the paper; if none is given, the label without version, escaped."""
    plain = re.sub(r"-v\d+$", "", label)
    return style.names.get(label) or "".join(_ESCAPED.get(sign, sign) for sign in plain)
