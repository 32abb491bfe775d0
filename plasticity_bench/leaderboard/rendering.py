"""The table of one suite as text, Markdown, LaTeX or HTML."""

import math
from collections.abc import Sequence

from plasticity_bench import tables
from plasticity_bench.leaderboard.manifest import Flags
from plasticity_bench.leaderboard.ranking import AVERAGED, Row
from plasticity_bench.scoring.comparison import compared_all
from plasticity_bench.scoring.comparison import render as render_comparisons
from plasticity_bench.scoring.learner_costs import LearnerCosts
from plasticity_bench.scoring.ranking import common
from plasticity_bench.scoring.scores import WORDS
from plasticity_bench.statistics import Rank, format_interval, seeds_text

NAMES = ("entry", "source", "verified by")
TEXT = ("group", *NAMES, "needs", "settings", "status")


def render(rows: Sequence[Row], format_name: str) -> str:
    """Return the table of one suite."""
    shown = shown_scores(rows)
    scores = [WORDS[name] for name in shown]
    headers = ["rank", "group", *NAMES, *scores, "collapsed", "FLOPs", "seeds", "needs"]
    headers += ["settings", "updates of the search", "status"]
    lines = [_line(row, shown) for row in rows]
    return tables.render(headers, lines, format_name, left=TEXT)


def shown_scores(rows: Sequence[Row]) -> tuple[str, ...]:
    """Return the names of the scores that tables show: test accuracy where a row has one."""
    tested = any(not math.isnan(row.scores["test"].mean) for row in rows)
    return tuple(name for name in AVERAGED if name != "test" or tested)


def _line(row: Row, shown: Sequence[str]) -> list[str]:
    return [
        rank_text(row.rank),
        row.tie_group,
        f"{row.name} ({row.remark})" if row.remark else row.name,
        row.method.citation,
        row.method.compared_with,
        *(format_interval(row.scores[name]) for name in shown),
        percentage(row.collapse),
        flops_text(row.flags),
        seeds_text(row.num_seeds),
        needs(row.flags),
        str(row.settings),
        updates_text(row),
        str(row.status),
    ]


def rank_text(rank: Rank | None) -> str:
    """Return a rank with its interval; empty without one."""
    return "" if rank is None else f"{rank.rank} [{rank.low}, {rank.high}]"


def percentage(share: float) -> str:
    """Return a share in per cent."""
    return "n/a" if math.isnan(share) else f"{100 * share:.0f} %"


def flops_text(flags: Flags) -> str:
    """Return the floating-point operations of an update, relative to plain Adam's."""
    return f"{flags.flops:.2f}" if flags.recorded else "n/a"


def updates_text(row: Row) -> str:
    """Return the updates of the search for settings; empty without a search of its own."""
    return f"{row.settings.updates:,}" if row.settings.updates else ""


def needs(flags: Flags) -> str:
    """Return a learner's flags in words, but for FLOPs, which have a column; empty if none."""
    return LearnerCosts(**{**flags.model_dump(), "flops": 1.0}).in_words()


def beside(row: Row, others: Sequence[Row], format_name: str = "table") -> str:
    """Return an entry's differences in trainability from every other entry, for the reviewer."""
    pairs = [(other, common([row.by_seed, other.by_seed])) for other in others]
    lines = compared_all({f"{row.name} - {o.name}": (x, y) for o, (x, y) in pairs if x.size})
    return render_comparisons(lines, format_name, first="entries")
