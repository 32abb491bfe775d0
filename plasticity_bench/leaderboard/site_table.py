"""The columns of a suite's table on the site: what is shown, and what it is sorted by."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from plasticity_bench.leaderboard.manifest import Flags
from plasticity_bench.leaderboard.ranking import Row
from plasticity_bench.leaderboard.rendering import (
    flops_text,
    needs,
    percentage,
    shown_scores,
    updates_text,
)
from plasticity_bench.scoring.scores import WORDS
from plasticity_bench.statistics import RELIABLE_SEEDS, Interval

NOTHING = "\N{EN DASH}"


@dataclass(frozen=True)
class Cell:
    """What a cell shows.

    Attributes:
        text: its first line.
        small: its second line; empty without one.
        value: a number or a text that rows are sorted by; None comes last.
    """

    text: str
    small: str = ""
    value: float | str | None = None


@dataclass(frozen=True)
class Column:
    """A column of the table.

    Attributes:
        title: its header.
        cell: what it shows of a row.
        descending: whether the largest value comes first when it is sorted by.
        style: the class of its cells; those of numbers are aligned to the right.
        about: what the header means, in a sentence.
    """

    title: str
    cell: Callable[[Row], Cell]
    descending: bool = False
    style: str = "number"
    about: str = ""


def columns(rows: Sequence[Row]) -> list[Column]:
    """Return the columns of a table, after that of the entries' names."""
    headroom = max((row.mean_headroom for row in rows), default=math.nan)
    return [
        Column("rank", _rank, about="By trainability, with a simultaneous 95 % interval."),
        Column(
            "tie group",
            lambda row: Cell(row.tie_group or NOTHING, value=_place(row)),
            style="",
            about="Entries of one letter do not differ significantly.",
        ),
        *(Column(WORDS[name], _score(name), descending=True) for name in shown_scores(rows)),
        Column(
            "excess over 1",
            _above,
            descending=True,
            about="Trainability beyond the reference's; headroom is the most that is possible: "
            f"{decimals(headroom)} here.",
        ),
        Column(
            "collapsed",
            lambda row: Cell(percentage(row.collapse), value=known(row.collapse)),
            about="Share of replicas that diverged, or learn next to nothing in the end.",
        ),
        Column(
            "FLOPs",
            lambda row: Cell(flops_text(row.flags), value=_recorded(row.flags)),
            about="Floating-point operations of an update, relative to plain Adam.",
        ),
        Column(
            "tuning budget",
            _budget,
            about="Updates of the search for its settings, and how many settings it tried.",
        ),
        Column("needs", lambda row: Cell(needs(row.flags) or NOTHING), style="needs"),
        Column(
            "status",
            _status,
            style="",
            about="Self-reported, or verified by running some runs again; and the number of seeds.",
        ),
    ]


TAGS = {
    "boundaries": "task boundaries",
    "memory": "memory",
    "tuning": "tuning",
    "network": "a larger network",
}
"""What entries can be filtered by: whether they need it."""


def tags(row: Row) -> list[str]:
    """Return the tags of an entry: those of `TAGS` that it needs."""
    flags = row.flags
    has = {
        "boundaries": flags.boundaries,
        "memory": flags.memory >= 0.05,
        "tuning": row.settings.origin != "not tuned",
        "network": flags.parameters >= 1.05,
    }
    return [tag for tag in TAGS if has[tag]]


def decimals(value: float) -> str:
    """Return a number as tables show it: three decimals if two would show nothing of it."""
    if math.isnan(value):
        return "n/a"
    return f"{value:.2f}" if value >= 0.01 or value == 0 else f"{value:.4f}"


def interval_cell(interval: Interval | None) -> Cell:
    """Return a mean, with its interval below."""
    if interval is None or math.isnan(interval.mean):
        return Cell("n/a")
    ends = "" if math.isnan(interval.low) else f"[{interval.low:.2f}, {interval.high:.2f}]"
    return Cell(f"{interval.mean:.2f}", ends, interval.mean)


def known(value: float) -> float | None:
    """Return a number; None in place of NaN."""
    return None if math.isnan(value) else value


def _score(name: str) -> Callable[[Row], Cell]:
    return lambda row: interval_cell(row.scores[name])


def _rank(row: Row) -> Cell:
    if row.rank is None:
        return Cell(NOTHING)
    return Cell(f"{row.rank.rank}", f"[{row.rank.low}, {row.rank.high}]", row.rank.rank)


def _place(row: Row) -> float | None:
    return row.rank.rank if row.rank else None


def _above(row: Row) -> Cell:
    mean = row.scores["trainability"].mean
    if math.isnan(mean) or row.remark == "reference":
        return Cell(NOTHING)
    above = max(mean - 1, 0.0)
    return Cell(decimals(above) if above else "0", f"of {decimals(row.mean_headroom)}", above)


def _recorded(flags: Flags) -> float | None:
    return flags.flops if flags.recorded else None


def _budget(row: Row) -> Cell:
    settings = row.settings
    if settings.tried is None:
        return Cell(settings.origin, value=settings.updates)
    return Cell(updates_text(row), f"{settings.num_tried} settings", settings.updates)


def _status(row: Row) -> Cell:
    few = "" if row.num_seeds >= RELIABLE_SEEDS else " (too few)"
    return Cell(row.status.state, f"{row.num_seeds} seeds{few}", row.status.state)
