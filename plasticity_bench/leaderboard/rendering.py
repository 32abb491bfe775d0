"""The leaderboard as text, Markdown, LaTeX, HTML or CSV."""

import math
from collections.abc import Sequence

from plasticity_bench import tables
from plasticity_bench.leaderboard.manifest import Flags
from plasticity_bench.leaderboard.ranking import Row
from plasticity_bench.scoring.comparison import compared_all
from plasticity_bench.scoring.comparison import render as render_comparisons
from plasticity_bench.scoring.learner_costs import LearnerCosts
from plasticity_bench.scoring.ranking import common
from plasticity_bench.statistics import RELIABLE_SEEDS, format_interval

HEADERS = (
    "rank",
    "entry",
    "source",
    "verified by",
    "trainability",
    "retained plasticity",
    "curvature retention",
    "collapsed",
    "seconds per seed",
    "seeds",
    "needs",
    "settings",
    "status",
)
TEXT = ("entry", "source", "verified by", "needs", "settings", "status")


def render(rows: Sequence[Row], format_name: str) -> str:
    """Return the table of one suite, as "csv" with every digit."""
    if format_name == "csv":
        return _csv(rows)
    lines = [_line(row) for row in rows]
    return tables.render(HEADERS, lines, format_name, left=TEXT)


def _line(row: Row) -> list[str]:
    rank = "" if row.rank is None else f"{row.rank.rank} [{row.rank.low}, {row.rank.high}]"
    few = "" if row.num_seeds >= RELIABLE_SEEDS else " (too few)"
    return [
        rank,
        f"{row.name} ({row.remark})" if row.remark else row.name,
        row.source,
        row.compared_with,
        format_interval(row.trainability),
        format_interval(row.retained),
        format_interval(row.retention),
        "n/a" if math.isnan(row.collapse) else f"{100 * row.collapse:.0f} %",
        f"{row.seconds:.2f}",
        f"{row.num_seeds}{few}",
        needs(row.flags),
        row.settings,
        str(row.status),
    ]


def needs(flags: Flags) -> str:
    """Return a learner's flags in words; empty if there are none."""
    return LearnerCosts(**flags.model_dump()).in_words()


def beside(row: Row, others: Sequence[Row], format_name: str = "table") -> str:
    """Return an entry's differences in trainability from every other entry, for the reviewer."""
    pairs = [(other, common([row.scores, other.scores])) for other in others]
    lines = compared_all({f"{row.name} - {o.name}": (x, y) for o, (x, y) in pairs if x.size})
    return render_comparisons(lines, format_name, first="entries")


def _csv(rows: Sequence[Row]) -> str:
    means = ("trainability", "retained", "retention")
    ends = [f"{name}{end}" for name in means for end in ("", "_low", "_high")]
    plain = ("worst", "collapse", "seconds", "num_seeds")
    flags = tuple(Flags.model_fields)
    lines = []
    for row in rows:
        rank = (row.rank.rank, row.rank.low, row.rank.high) if row.rank else ("", "", "")
        intervals = [getattr(row, name) for name in means]
        numbers = [number for i in intervals for number in (i.mean, i.low, i.high)]
        rest = [*(getattr(row, n) for n in plain), *(getattr(row.flags, n) for n in flags)]
        said = [row.settings, row.status, row.source, row.compared_with]
        lines.append([*rank, row.name, row.remark, *numbers, *rest, *said])
    headers = ["rank", "rank_low", "rank_high", "entry", "remark", *ends, *plain, *flags]
    headers += ["settings", "status", "source", "verified_by"]
    return tables.to_csv(headers, lines)
