"""The table of explanations: measurements x comparisons, as text, Markdown or CSV."""

import csv
import io
import math
from collections.abc import Sequence

from tabulate import tabulate

from plasticity_bench.scoring.explanations import Explained, sign
from plasticity_bench.statistics import Interval

LEGEND = (
    "Spearman's correlation with the accuracy at the end of the task, 95 % intervals over seeds. "
    "Signs within runs: + or - beyond the interval, 0 not, . nothing to compare; in the order {}."
)


def render(table: Sequence[Explained], format_name: str) -> str:
    """Return the table as "table", "markdown" or "csv"."""
    if format_name == "csv":
        return _csv(table)
    rows = [
        [e.name, *map(_shown, (e.within, e.learners, e.streams)), e.signs, _holds(e)] for e in table
    ]
    headers = ["measurement", "within runs", "across learners", "across streams", "signs", "holds"]
    style = {"table": "simple", "markdown": "github"}[format_name]
    align = ["left", "right", "right", "right", "left", "right"]
    shown = tabulate(rows, headers, style, disable_numparse=True, colalign=align)
    streams = ", ".join(table[0].within_stream) if table else ""
    return f"{shown}\n\n{LEGEND.format(streams)}"


def _holds(explained: Explained) -> str:
    return f"{explained.num_holds}/{len(explained.within_stream)}"


def _shown(interval: Interval | None) -> str:
    if interval is None:
        return "n/a"
    return f"{interval.mean:.2f} [{interval.low:.2f}, {interval.high:.2f}]"


def _csv(table: Sequence[Explained]) -> str:
    """One line for each measurement, comparison and stream, with every digit."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["measurement", "comparison", "stream", "mean", "low", "high", "sign"])
    for e in table:
        lines: list[tuple[str, str, Interval | None]] = [
            ("within runs", "all", e.within),
            ("across learners", "all", e.learners),
            ("across streams", "all", e.streams),
            *(("within runs", stream, i) for stream, i in e.within_stream.items()),
            *(("across learners", stream, i) for stream, i in e.learners_in_stream.items()),
        ]
        for comparison, stream, interval in lines:
            shown = interval or Interval(math.nan, math.nan, math.nan)
            numbers = shown.mean, shown.low, shown.high
            writer.writerow([e.name, comparison, stream, *numbers, sign(interval)])
    return text.getvalue().rstrip("\n")
