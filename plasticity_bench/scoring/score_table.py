"""The table of scores: learners x streams."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from plasticity_bench import tables
from plasticity_bench.results import LearnerOnStream, Selection
from plasticity_bench.scoring import stored_scores
from plasticity_bench.scoring.scores import Score
from plasticity_bench.statistics import (
    NO_INTERVAL,
    RELIABLE_SEEDS,
    Interval,
    format_interval,
    mean_interval,
)

MAX_BESIDE = 3
"""Streams that stand beside one another in a table; more stand below one another."""


@dataclass(frozen=True)
class Entry:
    """One learner on one stream.

    Attributes:
        stream: the stream's label.
        learner: the learner's label.
        num_seeds: seeds that are finished, for it and for the reference.
        trainability: mean score over those seeds with its interval; None without any.
        retention: curvature retention, likewise.
        retention_raw: mean curvature retention before clipping, of the seeds that did not diverge.
        accuracy: mean end-of-task accuracy over scored tasks of the seeds that did not diverge.
        curvature: mean curvature rank, likewise.
        seconds: mean wall time of a seed.
        num_diverged: seeds that diverged; each scores 0.
        num_without_gain: seeds on which the reference gains nothing, so that they have no
            trainability; means are over the others.
    """

    stream: str
    learner: str
    num_seeds: int
    trainability: Interval | None
    retention: Interval | None
    retention_raw: float
    accuracy: float
    curvature: float
    seconds: float
    num_diverged: int
    num_without_gain: int = 0


def entries(selection: Selection) -> list[Entry]:
    """Return an entry for each learner on each stream, from the runs that are finished."""
    scores = stored_scores.scores(selection)
    return [
        entry(stream, learner, list(scores.get(LearnerOnStream(stream, learner), {}).values()))
        for learner in selection.learners
        for stream in selection.streams
    ]


def entry(stream: str, learner: str, scores: Sequence[Score]) -> Entry:
    """Return the entry of a learner on a stream, given its scores."""

    def known(values: Sequence[float]) -> list[float]:
        return [value for value in values if not math.isnan(value)]

    def mean(values: Sequence[float]) -> float:
        return float(np.mean(known(values))) if known(values) else math.nan

    def interval(values: Sequence[float]) -> Interval | None:
        return mean_interval(known(values) or [math.nan]) if values else None

    trainability = [s.trainability for s in scores]
    healthy = [s for s in scores if not s.diverged]
    return Entry(
        stream=stream,
        learner=learner,
        num_seeds=len(scores),
        trainability=interval(trainability),
        retention=interval([s.retention for s in scores]),
        retention_raw=mean([s.retention_raw for s in healthy]),
        accuracy=mean([s.accuracy for s in healthy]),
        curvature=mean([s.curvature for s in healthy]),
        seconds=mean([s.seconds for s in scores]),
        num_diverged=sum(s.diverged for s in scores),
        num_without_gain=len(scores) - len(known(trainability)),
    )


def notices(table: Sequence[Entry]) -> list[str]:
    """Return a sentence for each stream on which the reference gains nothing with some seeds."""
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
    return sentences


def render(table: Sequence[Entry], format_name: str) -> str:
    """Return the table as "table", "markdown", "latex" or "csv"; the most trainable come first."""
    if format_name == "csv":
        return _csv(table)
    streams = list(dict.fromkeys(entry.stream for entry in table))
    rows_of = _beside_one_another if len(streams) <= MAX_BESIDE else _below_one_another
    headers, rows = rows_of(table, streams)
    return tables.render(headers, rows, format_name, left=("stream", "learner"))


Layout = tuple[list[str], list[list[object]]]
"""Headers and rows."""


def _beside_one_another(table: Sequence[Entry], streams: list[str]) -> Layout:
    """A row for each learner, two columns for each stream."""
    by_name = {(entry.learner, entry.stream): entry for entry in table}
    rows: list[list[object]] = []
    for learner in _ranked(table):
        row = [by_name[learner, stream] for stream in streams]
        scores = [score for entry in row for score in (entry.trainability, entry.retention)]
        seconds = sum(entry.seconds for entry in row) / len(row)
        seeds = min(entry.num_seeds for entry in row)
        rows.append([_name(row), *map(format_interval, scores), _number(seconds, 2), _count(seeds)])
    headers = ["learner"]
    for stream in streams:
        headers += [f"{stream}\ntrainability", "curvature\nretention"]
    return [*headers, "seconds\nper seed", "seeds"], rows


def _below_one_another(table: Sequence[Entry], streams: list[str]) -> Layout:
    """A row for each learner on each stream, ranked within it: many streams are not one line."""
    rows: list[list[object]] = []
    for stream in streams:
        of_stream = [entry for entry in table if entry.stream == stream]
        by_learner = {entry.learner: entry for entry in of_stream}
        for position, learner in enumerate(_ranked(of_stream)):
            e = by_learner[learner]
            scores = (format_interval(e.trainability), format_interval(e.retention))
            first = "" if position else stream
            rows.append([first, _name([e]), *scores, _number(e.seconds, 2), _count(e.num_seeds)])
    headers = ["stream", "learner", "trainability", "curvature\nretention"]
    return [*headers, "seconds\nper seed", "seeds"], rows


def _name(entries: Sequence[Entry]) -> str:
    """The learner of some entries, and how many of its replicas diverged."""
    diverged = sum(entry.num_diverged for entry in entries)
    return f"{entries[0].learner} ({diverged} diverged)" if diverged else entries[0].learner


def _ranked(table: Sequence[Entry]) -> list[str]:
    """Learners by mean trainability over the streams that have one; incomplete ones last."""
    learners = list(dict.fromkeys(entry.learner for entry in table))

    def mean(learner: str) -> float:
        scores = [entry.trainability for entry in table if entry.learner == learner]
        finished = [interval.mean for interval in scores if interval is not None]
        known = [value for value in finished if not math.isnan(value)]
        return float(np.mean(known)) if known and len(finished) == len(scores) else -math.inf

    return sorted(learners, key=mean, reverse=True)


def _count(num_seeds: int) -> str:
    return f"{num_seeds}" if num_seeds >= RELIABLE_SEEDS else f"{num_seeds} (too few)"


def _number(value: float, digits: int) -> str:
    return "n/a" if math.isnan(value) else f"{value:.{digits}f}"


def record(entry: Entry) -> dict[str, str | float]:
    """Return all numbers of an entry, by the names of a CSV file's columns."""
    numbers: dict[str, str | float] = {"stream": entry.stream, "learner": entry.learner}
    for name in ("trainability", "retention"):
        interval = getattr(entry, name) or NO_INTERVAL
        for end in ("mean", "low", "high"):
            suffix = "" if end == "mean" else f"_{end}"
            numbers[f"{_NAMES.get(name, name)}{suffix}"] = getattr(interval, end)
    return numbers | {name: getattr(entry, name) for name in _PLAIN}


def named(score: dict[str, float]) -> dict[str, float]:
    """Return the numbers of a `Score` by the names of a CSV file's columns."""
    return {_NAMES.get(name, name): value for name, value in score.items()}


_NAMES = {"retention": "curvature_retention"}
_PLAIN = ("retention_raw", "accuracy", "curvature", "seconds", "num_diverged", "num_seeds")


def _csv(table: Sequence[Entry]) -> str:
    """One line for each learner and stream, with every digit."""
    records = [record(entry) for entry in table]
    return tables.to_csv(list(records[0]), [list(numbers.values()) for numbers in records])
