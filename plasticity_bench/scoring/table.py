"""The table: learners x streams, as text, Markdown, LaTeX or CSV."""

import csv
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from tabulate import tabulate

from plasticity_bench.results import Results
from plasticity_bench.running.planning import Group
from plasticity_bench.scoring.scores import Means, Score, means_by_seed, scores_by_seed
from plasticity_bench.statistics import RELIABLE_SEEDS, Interval, bootstrap_mean
from plasticity_bench.suite.suite import Suite

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


def entries(suite: Suite, groups: Sequence[Group], results: Results) -> list[Entry]:
    """Return an entry for each group, from the cells that are finished."""
    references = {
        group.run.label: _means(group, results)
        for group in groups
        if group.label == suite.reference
    }
    table = []
    for group in groups:
        reference = references[group.run.label]
        own = reference if group.label == suite.reference else _means(group, results)
        table.append(_entry(group, list(scores_by_seed(own, reference).values())))
    return table


def _means(group: Group, results: Results) -> dict[int, Means]:
    """By seed, what the scores of a group's finished cells are computed from."""
    return means_by_seed(results, group.cells, group.protocol, group.run.stream.scored_tasks())


def _entry(group: Group, scores: Sequence[Score]) -> Entry:
    def mean(values: Sequence[float]) -> float:
        known = [value for value in values if not math.isnan(value)]
        return float(np.mean(known)) if known else math.nan

    healthy = [s for s in scores if not s.diverged]
    return Entry(
        stream=group.run.label,
        learner=group.label,
        num_seeds=len(scores),
        trainability=bootstrap_mean([s.trainability for s in scores]) if scores else None,
        retention=bootstrap_mean([s.retention for s in scores]) if scores else None,
        retention_raw=mean([s.retention_raw for s in healthy]),
        accuracy=mean([s.accuracy for s in healthy]),
        curvature=mean([s.curvature for s in healthy]),
        seconds=mean([s.seconds for s in scores]),
        num_diverged=sum(s.diverged for s in scores),
    )


def render(table: Sequence[Entry], format_name: str) -> str:
    """Return the table as "table", "markdown", "latex" or "csv"; the most trainable come first."""
    if format_name == "csv":
        return _csv(table)
    streams = list(dict.fromkeys(entry.stream for entry in table))
    make = _beside_one_another if len(streams) <= MAX_BESIDE else _below_one_another
    headers, rows, num_texts = make(table, streams, "\n" if format_name == "table" else " ")
    styles = {"table": "simple", "markdown": "github", "latex": "latex_booktabs"}
    align = ["left" if column < num_texts else "right" for column in range(len(headers))]
    return tabulate(rows, headers, styles[format_name], disable_numparse=True, colalign=align)


Layout = tuple[list[str], list[list[object]], int]
"""Headers, rows, and how many of the first columns are text."""


def _beside_one_another(table: Sequence[Entry], streams: list[str], break_: str) -> Layout:
    """A row for each learner, two columns for each stream."""
    by_place = {(entry.learner, entry.stream): entry for entry in table}
    rows: list[list[object]] = []
    for learner in _ranked(table):
        own = [by_place[learner, stream] for stream in streams]
        scores = [shown for entry in own for shown in (entry.trainability, entry.retention)]
        seconds = sum(entry.seconds for entry in own) / len(own)
        seeds = min(entry.num_seeds for entry in own)
        rows.append([_named(own), *map(_shown, scores), _number(seconds, 2), _count(seeds)])
    headers = ["learner"]
    for stream in streams:
        headers += [f"{stream}{break_}trainability", f"curvature{break_}retention"]
    return [*headers, f"seconds{break_}per seed", "seeds"], rows, 1


def _below_one_another(table: Sequence[Entry], streams: list[str], break_: str) -> Layout:
    """A row for each learner on each stream, ranked within it: many streams are not one line."""
    rows: list[list[object]] = []
    for stream in streams:
        own = [entry for entry in table if entry.stream == stream]
        by_learner = {entry.learner: entry for entry in own}
        for place, learner in enumerate(_ranked(own)):
            e = by_learner[learner]
            shown = [_named([e]), _shown(e.trainability), _shown(e.retention)]
            rows.append(
                ["" if place else stream, *shown, _number(e.seconds, 2), _count(e.num_seeds)]
            )
    scores = ["trainability", f"curvature{break_}retention"]
    return ["stream", "learner", *scores, f"seconds{break_}per seed", "seeds"], rows, 2


def _named(entries: Sequence[Entry]) -> str:
    """The learner of some entries, and how many of its members diverged."""
    diverged = sum(entry.num_diverged for entry in entries)
    return f"{entries[0].learner} ({diverged} diverged)" if diverged else entries[0].learner


def _ranked(table: Sequence[Entry]) -> list[str]:
    """Learners by mean trainability over streams; incomplete ones last."""
    learners = list(dict.fromkeys(entry.learner for entry in table))

    def merit(learner: str) -> float:
        own = [entry.trainability for entry in table if entry.learner == learner]
        known = [interval.mean for interval in own if interval is not None]
        complete = len(known) == len(own) and not any(map(math.isnan, known))
        return sum(known) / len(known) if complete else -math.inf

    return sorted(learners, key=merit, reverse=True)


def _shown(interval: Interval | None) -> str:
    if interval is None or math.isnan(interval.mean):
        return "n/a"
    return f"{interval.mean:.2f} [{interval.low:.2f}, {interval.high:.2f}]"


def _count(num_seeds: int) -> str:
    return f"{num_seeds}" if num_seeds >= RELIABLE_SEEDS else f"{num_seeds} (too few)"


def _number(value: float, digits: int) -> str:
    return "n/a" if math.isnan(value) else f"{value:.{digits}f}"


def _csv(table: Sequence[Entry]) -> str:
    """One line for each learner and stream, with every digit."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    scores = ("trainability", "curvature_retention")
    bounds = [f"{name}{end}" for name in scores for end in ("", "_low", "_high")]
    plain = ("retention_raw", "accuracy", "curvature", "seconds", "num_diverged", "num_seeds")
    writer.writerow(["stream", "learner", *bounds, *plain])
    for e in table:
        intervals = [
            i or Interval(math.nan, math.nan, math.nan) for i in (e.trainability, e.retention)
        ]
        numbers = [number for i in intervals for number in (i.mean, i.low, i.high)]
        writer.writerow([e.stream, e.learner, *numbers, *(getattr(e, name) for name in plain)])
    return text.getvalue().rstrip("\n")
