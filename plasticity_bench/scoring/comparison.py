"""Two learners on the same streams and seeds: their differences, and what these mean."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from plasticity_bench import tables
from plasticity_bench.errors import BadInputError
from plasticity_bench.results import Results, read_requests
from plasticity_bench.scoring.scores import means_by_seed, scores_by_seed
from plasticity_bench.statistics import (
    RELIABLE_SEEDS,
    Difference,
    Interval,
    format_interval,
    holm,
    paired_difference,
    probability_of_improvement,
)
from plasticity_bench.statistics.aggregates import Array
from plasticity_bench.suite.suite import Suite

Scores = Mapping[str, Mapping[int, float]]
"""By stream and seed."""

OVERALL = "all streams"
ALPHA = 0.05
HEADERS = ("stream", "difference", "p (Holm)", "probability of improvement", "seeds")


@dataclass(frozen=True)
class Comparison:
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
    """Return the scores of a learner's finished runs.

    Args:
        results: of the suite.
        suite: that they are of.
        label: of the learner.
        which: "trainability" or "retention".
    """
    requests = read_requests(results.folder)
    labels = [suite_stream.label for suite_stream in suite.streams]
    requested = [requests.of_learner(learner, labels) for learner in (label, suite.reference)]
    scores: dict[str, dict[int, float]] = {}
    for suite_stream in suite.streams:
        learner_means, reference_means = (
            means_by_seed(
                results,
                [run for run in runs if run.stream == suite_stream.label],
                suite.protocol,
                suite_stream.stream.scored_tasks(),
            )
            for runs in requested
        )
        by_seed = scores_by_seed(learner_means, reference_means)
        scores[suite_stream.label] = {seed: getattr(s, which) for seed, s in by_seed.items()}
    return scores


def compare(ours: Scores, theirs: Scores) -> list[Comparison]:
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
    lines = [compared(*pair) for pair in pairs]
    corrected = holm([line.difference.p_value for line in lines])
    lines = [replace(line, corrected=p) for line, p in zip(lines, corrected, strict=True)]
    return [*lines, compared(OVERALL, x[gained], y[gained])] if len(lines) > 1 else lines


def sentence(lines: Sequence[Comparison], ours: str, theirs: str, what: str) -> str:
    """Return what the last line, which is over all streams, says, as a sentence."""
    last = lines[-1]
    mean, num_seeds = last.difference.interval.mean, last.difference.num_seeds
    where = f"over {len(lines) - 1} streams" if len(lines) > 1 else f"on {last.stream}"
    seeds = f"{num_seeds} shared seed" + ("s" if num_seeds > 1 else "")
    more = "more" if mean > 0 else "less"
    interval = last.difference.interval
    if last.corrected < ALPHA:
        text = (
            f"{ours} has {abs(mean):.2f} {more} {what} than {theirs} {where} (95 % interval of the "
            f"difference {interval.low:+.2f} to {interval.high:+.2f}, p = {last.corrected:.2g}, "
            f"{seeds}); a run of {ours} beats one of {theirs} with probability "
            f"{last.improvement.mean:.2f}."
        )
    else:
        text = (
            f"{ours} and {theirs} do not differ significantly in {what} {where}: the difference is "
            f"{mean:+.2f}, with a 95 % interval from {interval.low:+.2f} to {interval.high:+.2f} "
            f"(p = {last.corrected:.2g}, {seeds})."
        )
    if num_seeds < RELIABLE_SEEDS:
        text += f" {seeds[0].upper()}{seeds[1:]} are few: use at least {RELIABLE_SEEDS}."
    return text


def render(lines: Sequence[Comparison], format_name: str = "table", first: str = "stream") -> str:
    """Return comparisons as a table, for the terminal or in Markdown.

    Args:
        lines: of the table.
        format_name: "table" or "markdown".
        first: header of the first column.
    """
    rows = [
        [
            line.stream,
            format_interval(line.difference.interval, signed=True),
            f"{line.corrected:.2g}",
            format_interval(line.improvement),
            line.difference.num_seeds,
        ]
        for line in lines
    ]
    return tables.render((first, *HEADERS[1:]), rows, format_name, left=(first,))


def compared(name: str, ours: Array, theirs: Array) -> Comparison:
    """Return the comparison of two arrays of scores, (streams, seeds); p is not corrected."""
    difference = paired_difference(ours, theirs)
    improvement = probability_of_improvement(ours, theirs)
    return Comparison(name, difference, improvement, difference.p_value)
