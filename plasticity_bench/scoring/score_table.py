"""The table of scores: a row for each learner on each stream."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from plasticity_bench import tables
from plasticity_bench.errors import BadInputError, did_you_mean
from plasticity_bench.results import LearnerOnStream, Selection
from plasticity_bench.scoring import learner_costs, stored_scores
from plasticity_bench.scoring.scores import SCORES, Score
from plasticity_bench.statistics import (
    COLLAPSED,
    NO_INTERVAL,
    Interval,
    format_interval,
    mean_interval,
    seeds_text,
)


@dataclass(frozen=True)
class Entry:
    """One learner on one stream.

    Attributes:
        stream: the stream's label.
        learner: the learner's label.
        num_seeds: seeds that are finished, for it and for the reference.
        scores: by a name of `SCORES`, the mean over the seeds on which the score is defined, with
            its interval; NaN where there is none, None without any finished seed. The time to a
            target is NaN unless every seed reaches it.
        num_known: by the same names, the seeds on which the score is defined.
        accuracy: mean end-of-task accuracy over scored tasks of the seeds that did not diverge.
        curvature: mean curvature rank, likewise.
        curvature_to_reference: mean ratio of the curvature rank to the reference's, likewise.
        seconds: mean wall time of a seed.
        num_diverged: seeds that diverged; each counts as a dead network.
        flops: floating-point operations of an update, divided by those of plain training with Adam;
            NaN if they are unknown.
    """

    stream: str
    learner: str
    num_seeds: int
    scores: Mapping[str, Interval | None]
    num_known: Mapping[str, int]
    accuracy: float
    curvature: float
    curvature_to_reference: float
    seconds: float
    num_diverged: int
    flops: float = math.nan

    @property
    def num_without_gain(self) -> int:
        """Seeds on which the reference gains nothing, so that they have no trainability."""
        return self.num_seeds - self.num_known["trainability"]


@dataclass(frozen=True)
class Column:
    """A column of the table: its header, and what it shows of an entry."""

    header: str
    text: Callable[[Entry], str]


def _score(name: str) -> Callable[[Entry], str]:
    return lambda entry: format_interval(entry.scores[name])


def _updates(entry: Entry) -> str:
    interval = entry.scores["time"]
    if interval is None or math.isnan(interval.mean):
        return "n/a"
    return f"{interval.mean:.0f} [{interval.low:.0f}, {interval.high:.0f}]"


COLUMNS = {
    "trainability": Column("trainability", _score("trainability")),
    "retained": Column("retained\nplasticity", _score("retained")),
    "curvature": Column("curvature\nretention", _score("curvature")),
    "online": Column("online\naccuracy", _score("online")),
    "cost": Column("FLOPs", lambda entry: _number(entry.flops, 1)),
    "test": Column("test\naccuracy", _score("test")),
    "time": Column("updates\nto target", _updates),
    "accuracy": Column("final\naccuracy", lambda entry: _number(entry.accuracy, 3)),
    "rank": Column("curvature\nrank", lambda entry: _number(entry.curvature, 1)),
    "rank_ratio": Column(
        "rank to\nreference", lambda entry: _number(entry.curvature_to_reference, 2)
    ),
    "seconds": Column("seconds\nper seed", lambda entry: _number(entry.seconds, 2)),
}
DEFAULT_COLUMNS = ("trainability", "retained", "curvature", "online", "cost")


def entries(selection: Selection) -> list[Entry]:
    """Return an entry for each learner on each stream, from the runs that are finished."""
    flops = learner_costs.flops(learner_costs.costs_of(selection))
    return entries_of(selection, stored_scores.scores(selection), flops)


def entries_of(
    selection: Selection,
    scores: Mapping[LearnerOnStream, Mapping[int, Score]],
    flops: Mapping[LearnerOnStream, float],
) -> list[Entry]:
    """As `entries`, given the selection's scores, and what updates cost."""
    return [
        entry(group, list(scores.get(group, {}).values()), flops.get(group, math.nan))
        for learner in selection.learners
        for group in (LearnerOnStream(stream, learner) for stream in selection.streams)
    ]


def entry(group: LearnerOnStream, scores: Sequence[Score], flops: float = math.nan) -> Entry:
    """Return the entry of a learner on a stream, given its scores and what an update costs."""
    values = {name: [getattr(s, field) for s in scores] for name, field in SCORES.items()}
    known = {name: [v for v in of_seeds if not math.isnan(v)] for name, of_seeds in values.items()}
    intervals = {name: mean_interval(of_seeds) for name, of_seeds in known.items()}
    if len(known["time"]) < len(scores):
        intervals["time"] = NO_INTERVAL
    healthy = [score for score in scores if not score.diverged]
    return Entry(
        stream=group.stream,
        learner=group.learner,
        num_seeds=len(scores),
        scores=intervals if scores else dict.fromkeys(SCORES),
        num_known={name: len(of_seeds) for name, of_seeds in known.items()},
        accuracy=_mean([s.accuracy for s in healthy]),
        curvature=_mean([s.curvature for s in healthy]),
        curvature_to_reference=_mean([s.curvature_to_reference for s in healthy]),
        seconds=_mean([s.seconds for s in scores]),
        num_diverged=len(scores) - len(healthy),
        flops=flops,
    )


def _mean(values: Sequence[float]) -> float:
    """Mean of those that are known."""
    known = [value for value in values if not math.isnan(value)]
    return float(np.mean(known)) if known else math.nan


def notices(table: Sequence[Entry]) -> list[str]:
    """Return why scores of a table are undefined, and which intervals are too short."""
    sentences = []
    for stream in dict.fromkeys(entry.stream for entry in table):
        of_stream = [entry for entry in table if entry.stream == stream]
        missing = max(entry.num_without_gain for entry in of_stream)
        seeds = max(entry.num_seeds for entry in of_stream)
        if missing == seeds > 0:
            sentences.append(
                f"{stream}: the reference gains nothing, so there is no trainability; learners "
                "are sorted by the other streams."
            )
        elif missing:
            sentences.append(
                f"{stream}: the reference gains nothing with {missing} of {seeds} seeds; "
                "trainability is that of the others."
            )
        undefined = [e.learner for e in of_stream if e.num_seeds and not e.num_known["retained"]]
        if undefined:
            sentences.append(
                f"{stream}: no retained plasticity of {', '.join(undefined)}: an own fresh copy "
                "was not run, or gains nothing."
            )
        lost = [e.learner for e in of_stream if _has_collapsed(e)]
        if lost:
            sentences.append(
                f"{stream}: {', '.join(lost)} learned next to nothing; near a limit, intervals "
                "are too short (docs/statistics.md)."
            )
    return sentences


def _has_collapsed(entry: Entry) -> bool:
    """Whether its seeds are at the lower limit of trainability, where intervals do not hold.

    benchmarks/coverage_quick.md has how often they do.
    """
    interval = entry.scores["trainability"]
    return entry.num_seeds > 1 and interval is not None and interval.mean <= COLLAPSED


def chosen_columns(text: str) -> tuple[str, ...]:
    """Return the columns that a comma-separated list names; all for "all".

    Raises:
        BadInputError: if there is no column of a name.
    """
    names = tuple(COLUMNS) if text == "all" else tuple(text.split(","))
    for name in names:
        if name not in COLUMNS:
            hint = did_you_mean(name, list(COLUMNS))
            raise BadInputError(f"--columns: the table has no column {name!r}. {hint}")
    return names


def render(
    table: Sequence[Entry], format_name: str, columns: Sequence[str] = DEFAULT_COLUMNS
) -> str:
    """Return the table, the most trainable learners of each stream first.

    Args:
        table: the entries.
        format_name: "table" or "markdown"; or "csv" for all numbers with every digit.
        columns: names of `COLUMNS`.
    """
    if format_name == "csv":
        records = [record(entry) for entry in table]
        return tables.to_csv(list(records[0]), [list(numbers.values()) for numbers in records])
    rows = _rows(table, columns)
    headers = ["stream", "learner", *(COLUMNS[name].header for name in columns), "seeds"]
    return tables.render(headers, rows, format_name, left=("stream", "learner"))


def _rows(table: Sequence[Entry], columns: Sequence[str]) -> list[list[object]]:
    """The cells of the table, in words."""
    rows: list[list[object]] = []
    for stream in dict.fromkeys(entry.stream for entry in table):
        of_stream = [entry for entry in table if entry.stream == stream]
        for position, one in enumerate(sorted(of_stream, key=_trainability, reverse=True)):
            shown = [COLUMNS[name].text(one) for name in columns]
            first = "" if position else stream
            rows.append([first, _name(one), *shown, seeds_text(one.num_seeds)])
    return rows


def _trainability(entry: Entry) -> float:
    """What learners are sorted by; without one, they come last."""
    interval = entry.scores["trainability"]
    return -math.inf if interval is None or math.isnan(interval.mean) else interval.mean


def _name(entry: Entry) -> str:
    """The learner, and how many of its replicas diverged."""
    return (
        f"{entry.learner} ({entry.num_diverged} diverged)" if entry.num_diverged else entry.learner
    )


def _number(value: float, digits: int) -> str:
    return "n/a" if math.isnan(value) else f"{value:.{digits}f}"


def record(entry: Entry) -> dict[str, str | float]:
    """Return all numbers of an entry, by the names of a CSV file's columns."""
    numbers: dict[str, str | float] = {"stream": entry.stream, "learner": entry.learner}
    for name, field in SCORES.items():
        interval = entry.scores[name] or NO_INTERVAL
        numbers |= {
            field: interval.mean,
            f"{field}_low": interval.low,
            f"{field}_high": interval.high,
        }
    return numbers | {name: getattr(entry, name) for name in _PLAIN}


_PLAIN = (
    "curvature_to_reference",
    "accuracy",
    "curvature",
    "flops",
    "seconds",
    "num_diverged",
    "num_seeds",
)
