"""Two learners on the same streams and seeds: differences, and what they mean in plain words."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from tabulate import tabulate

from plasticity_bench.errors import BadInputError
from plasticity_bench.leaderboard.gathering import wanted
from plasticity_bench.leaderboard.ranking import Row, common
from plasticity_bench.leaderboard.rendering import shown
from plasticity_bench.results import Cell, Results
from plasticity_bench.scoring.scores import Means, means_by_seed, scores_by_seed
from plasticity_bench.statistics import (
    RELIABLE_SEEDS,
    Difference,
    Interval,
    holm,
    paired_difference,
    probability_of_improvement,
)
from plasticity_bench.statistics.aggregates import Array
from plasticity_bench.suite.suite import StreamRun, Suite

Scores = Mapping[str, Mapping[int, float]]
"""By stream and seed."""

OVERALL = "all streams"
ALPHA = 0.05


@dataclass(frozen=True)
class Line:
    """How two learners differ on one stream, or over all of them.

    Attributes:
        stream: its label, or "all streams".
        difference: of the first and the second.
        improvement: how likely a run of the first scores more than one of the second.
        corrected: p value, corrected for the number of streams; over all of them, as it is.
    """

    stream: str
    difference: Difference
    improvement: Interval
    corrected: float


def learner_scores(results: Results, suite: Suite, label: str, which: str) -> Scores:
    """Return the scores of a learner's finished cells.

    Args:
        results: of the suite.
        suite: that they are of.
        label: of the learner.
        which: "trainability" or "retention".
    """
    cells = wanted(results, suite, label)
    controls = wanted(results, suite, suite.reference)
    found: dict[str, dict[int, float]] = {}
    for run in suite.streams:
        own, reference = (_means(results, suite, run, asked_for) for asked_for in (cells, controls))
        scores = scores_by_seed(own, reference)
        found[run.label] = {seed: getattr(scored, which) for seed, scored in scores.items()}
    return found


def _means(
    results: Results, suite: Suite, run: StreamRun, cells: Sequence[Cell]
) -> dict[int, Means]:
    """By seed, what the scores of those cells are computed from that lie on one stream."""
    own = [cell for cell in cells if cell.stream == run.label]
    return means_by_seed(results, own, suite.protocol, run.stream.scored_tasks())


def compare(ours: Scores, theirs: Scores) -> list[Line]:
    """Return how two learners differ: a line for each stream, and one over all of them.

    Only seeds that both have on every stream count.

    Raises:
        BadInputError: if they share no stream on which the reference gains anything, or no seed.
    """
    streams = [stream for stream in ours if stream in theirs]
    seeds = [set(one[stream]) for one in (ours, theirs) for stream in streams]
    shared = sorted(set.intersection(*seeds)) if seeds else []
    if not shared:
        raise BadInputError("The two share no finished seed that both have on every stream.")
    x, y = (np.array([[s[k][seed] for seed in shared] for k in streams]) for s in (ours, theirs))
    gained = ~(np.isnan(x).any(axis=1) | np.isnan(y).any(axis=1))
    if not gained.any():
        raise BadInputError("The reference gains nothing on these streams: there are no scores.")
    pairs = [(k, x[i : i + 1], y[i : i + 1]) for i, k in enumerate(streams) if gained[i]]
    lines = [_line(*pair) for pair in pairs]
    corrected = holm([line.difference.p_value for line in lines])
    lines = [
        Line(line.stream, line.difference, line.improvement, p)
        for line, p in zip(lines, corrected, strict=True)
    ]
    return [*lines, _line(OVERALL, x[gained], y[gained])] if len(lines) > 1 else lines


def sentence(lines: Sequence[Line], ours: str, theirs: str, what: str) -> str:
    """Return what the last line, which is over all streams, says in plain words."""
    last = lines[-1]
    mean, num_seeds = last.difference.interval.mean, last.difference.num_seeds
    where = f"over {len(lines) - 1} streams" if len(lines) > 1 else f"on {last.stream}"
    seeds = f"{num_seeds} shared seed" + ("s" if num_seeds > 1 else "")
    more = "more" if mean > 0 else "less"
    interval = last.difference.interval
    if last.corrected < ALPHA:
        told = (
            f"{ours} has {abs(mean):.2f} {more} {what} than {theirs} {where} (95 % interval of the "
            f"difference {interval.low:+.2f} to {interval.high:+.2f}, p = {last.corrected:.2g}, "
            f"{seeds}); a run of {ours} beats one of {theirs} with probability "
            f"{last.improvement.mean:.2f}."
        )
    else:
        told = (
            f"{ours} and {theirs} cannot be told apart in {what} {where}: the difference is "
            f"{mean:+.2f}, with a 95 % interval from {interval.low:+.2f} to {interval.high:+.2f} "
            f"(p = {last.corrected:.2g}, {seeds})."
        )
    if num_seeds < RELIABLE_SEEDS:
        told += f" {seeds[0].upper()}{seeds[1:]} tell little: use at least {RELIABLE_SEEDS}."
    return told


def render(lines: Sequence[Line], format_name: str = "table") -> str:
    """Return the lines as a table, as text or Markdown."""
    headers = ("stream", "difference", "p (Holm)", "probability of improvement", "seeds")
    body = [
        [
            line.stream,
            _signed(line.difference.interval),
            f"{line.corrected:.2g}",
            shown(line.improvement),
            line.difference.num_seeds,
        ]
        for line in lines
    ]
    style = {"table": "simple", "markdown": "github"}[format_name]
    align = ("left", "right", "right", "right", "right")
    return str(tabulate(body, headers, style, disable_numparse=True, colalign=align))


def beside(row: Row, others: Sequence[Row], format_name: str = "table") -> str:
    """Return how an entry differs from each of the others in trainability, for its reviewer."""
    lines = []
    for other in others:
        x, y = common([row.scores, other.scores])
        if x.size:
            lines.append(_line(f"{row.name} - {other.name}", x, y))
    corrected = holm([line.difference.p_value for line in lines])
    told = [
        Line(o.stream, o.difference, o.improvement, p)
        for o, p in zip(lines, corrected, strict=True)
    ]
    return render(told, format_name).replace("stream ", "entries", 1)


def _line(stream: str, x: Array, y: Array) -> Line:
    difference = paired_difference(x, y)
    return Line(stream, difference, probability_of_improvement(x, y), difference.p_value)


def _signed(interval: Interval) -> str:
    if math.isnan(interval.mean):
        return "n/a"
    return f"{interval.mean:+.2f} [{interval.low:+.2f}, {interval.high:+.2f}]"
