"""The table of associations: measurements x comparisons, as text, Markdown or CSV."""

from collections.abc import Sequence

from plasticity_bench import tables
from plasticity_bench.scoring.associations import Association, sign
from plasticity_bench.statistics import NO_INTERVAL, Interval, format_interval

LEGEND = (
    "Spearman's correlation with the accuracy at the end of the task, 95 % intervals over seeds. "
    "Signs within runs: + or - beyond the interval, 0 not, . nothing to compare; in the order {}."
)
HEADERS = ("measurement", "within runs", "across learners", "across streams", "signs", "holds")


def render(table: Sequence[Association], format_name: str) -> str:
    """Return the table as "table", "markdown", "latex" or "csv"."""
    if format_name == "csv":
        return _csv(table)
    rows = [
        [
            a.name,
            *map(format_interval, (a.within, a.learners, a.streams)),
            a.signs,
            f"{a.num_holds}/{len(a.within_stream)}",
        ]
        for a in table
    ]
    streams = ", ".join(table[0].within_stream) if table else ""
    shown = tables.render(HEADERS, rows, format_name, left=("measurement", "signs"))
    comment = "% " if format_name == "latex" else ""
    return f"{shown}\n\n{comment}{LEGEND.format(streams)}"


def _csv(table: Sequence[Association]) -> str:
    """One line for each measurement, comparison and stream, with every digit."""
    rows: list[list[object]] = []
    for a in table:
        lines: list[tuple[str, str, Interval | None]] = [
            ("within runs", "all", a.within),
            ("across learners", "all", a.learners),
            ("across streams", "all", a.streams),
            *(("within runs", stream, i) for stream, i in a.within_stream.items()),
            *(("across learners", stream, i) for stream, i in a.learners_in_stream.items()),
        ]
        for comparison, stream, interval in lines:
            ends = interval or NO_INTERVAL
            numbers = ends.mean, ends.low, ends.high
            rows.append([a.name, comparison, stream, *numbers, sign(interval)])
    headers = ["measurement", "comparison", "stream", "mean", "low", "high", "sign"]
    return tables.to_csv(headers, rows)
