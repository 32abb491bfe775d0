"""The leaderboard as text, Markdown, LaTeX, HTML or CSV."""

import csv
import io
import math
from collections.abc import Sequence

from tabulate import tabulate

from plasticity_bench.leaderboard.manifest import Flags
from plasticity_bench.leaderboard.ranking import Row
from plasticity_bench.statistics import RELIABLE_SEEDS, Interval

STYLES = {
    "table": "simple",
    "markdown": "github",
    "latex": "latex_booktabs",
    "html": "html",
}
HEADERS = (
    "rank",
    "entry",
    "trainability",
    "curvature retention",
    "collapsed",
    "seconds per seed",
    "seeds",
    "needs",
    "status",
)
ALIGN = ("right", "left", "right", "right", "right", "right", "right", "left", "left")


def render(rows: Sequence[Row], format_name: str) -> str:
    """Return the table of one suite, as "csv" with every digit."""
    if format_name == "csv":
        return _csv(rows)
    lines = [_line(row) for row in rows]
    return str(tabulate(lines, HEADERS, STYLES[format_name], disable_numparse=True, colalign=ALIGN))


def shown(interval: Interval) -> str:
    """Return a mean with its interval; n/a where there is none."""
    if math.isnan(interval.mean):
        return "n/a"
    return f"{interval.mean:.2f} [{interval.low:.2f}, {interval.high:.2f}]"


def _line(row: Row) -> list[str]:
    rank = "" if row.rank is None else f"{row.rank.rank} [{row.rank.low}, {row.rank.high}]"
    few = "" if row.num_seeds >= RELIABLE_SEEDS else " (too few)"
    return [
        rank,
        f"{row.name} ({row.remark})" if row.remark else row.name,
        shown(row.trainability),
        shown(row.retention),
        "n/a" if math.isnan(row.collapse) else f"{100 * row.collapse:.0f} %",
        f"{row.seconds:.2f}",
        f"{row.num_seeds}{few}",
        needs(row.flags),
        str(row.status),
    ]


def needs(flags: Flags) -> str:
    """Return what a learner needs beyond others, in words; empty for nothing."""
    told = ["boundaries"] if flags.boundaries else []
    if flags.extra_passes:
        told.append("1 extra pass" if flags.extra_passes == 1 else f"{flags.extra_passes} passes")
    if flags.memory >= 0.05:
        told.append(f"memory {flags.memory:.1f}")
    return ", ".join(told)


def _csv(rows: Sequence[Row]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    means = ("trainability", "retention", "interquartile")
    bounds = [f"{name}{end}" for name in means for end in ("", "_low", "_high")]
    plain = ("worst", "collapse", "seconds", "num_seeds")
    flags = ("boundaries", "extra_passes", "memory")
    writer.writerow(
        ["rank", "rank_low", "rank_high", "entry", "remark", *bounds, *plain, *flags, "status"]
    )
    for row in rows:
        rank = (row.rank.rank, row.rank.low, row.rank.high) if row.rank else ("", "", "")
        intervals = [getattr(row, name) for name in means]
        numbers = [number for i in intervals for number in (i.mean, i.low, i.high)]
        own = [*(getattr(row, n) for n in plain), *(getattr(row.flags, n) for n in flags)]
        writer.writerow([*rank, row.name, row.remark, *numbers, *own, row.status])
    return text.getvalue().rstrip("\n")
