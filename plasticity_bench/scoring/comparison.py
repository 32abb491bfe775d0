"""Two learners on the same streams and seeds: their differences, and what these mean."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from plasticity_bench import tables
from plasticity_bench.errors import BadInputError
from plasticity_bench.results import Selection
from plasticity_bench.scoring import stored_scores
from plasticity_bench.scoring.scores import SCORES
from plasticity_bench.statistics import (
    ALPHA,
    RELIABLE_SEEDS,
    Difference,
    Interval,
    format_interval,
    known,
    paired_difference,
    probability_of_improvement,
    sign_flip_p_values,
)
from plasticity_bench.statistics.aggregates import Array

Scores = Mapping[str, Mapping[int, float]]
"""By stream and seed."""

OVERALL = "all streams"
HEADERS = ("stream", "difference", "p (corrected)", "probability of improvement", "seeds")


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


def learner_scores(selection: Selection, label: str, which: str) -> Scores:
    """Return the scores of a learner's finished runs.

    Args:
        selection: of a results folder.
        label: of the learner.
        which: one of `SCORES`.

    Raises:
        BadInputError: if there is no such learner.
    """
    label = selection.checked(label)
    scores = stored_scores.scores(selection.only([label]))
    return {
        group.stream: {seed: getattr(score, SCORES[which]) for seed, score in by_seed.items()}
        for group, by_seed in scores.items()
        if group.learner == label
    }


def compare(ours: Scores, theirs: Scores) -> list[Comparison]:
    """Return how two learners differ: a line for each stream, and one over all of them.

    Only seeds that both have on every stream count; of these, those on which the reference gains
    something.

    Raises:
        BadInputError: if they share no stream on which the score is defined, or no seed.
    """
    streams = [stream for stream in ours if stream in theirs]
    seeds = [set(one[stream]) for one in (ours, theirs) for stream in streams]
    shared = sorted(set.intersection(*seeds)) if seeds else []
    if not shared:
        raise BadInputError("The two share no finished seed that both have on every stream.")
    both = np.array([[[s[k][seed] for seed in shared] for s in (ours, theirs)] for k in streams])
    if not known(both).size:
        raise BadInputError(
            "The score is undefined on these streams: its control gains nothing, or was not run."
        )
    pairs = {k: known(both[i : i + 1]) for i, k in enumerate(streams)}
    lines = compared_all({k: (pair[:, 0], pair[:, 1]) for k, pair in pairs.items() if pair.size})
    over_all = known(both)
    if len(lines) > 1:
        lines.append(compared(OVERALL, over_all[:, 0], over_all[:, 1]))
    return lines


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
        ends = f", with a 95 % interval from {interval.low:+.2f} to {interval.high:+.2f}"
        text = (
            f"{ours} and {theirs} do not differ significantly in {what} {where}: the difference is "
            f"{mean:+.2f}{'' if num_seeds == 1 else ends} (p = {last.corrected:.2g}, {seeds})."
        )
    if last.difference.too_few_seeds:
        text += (
            f" There are too few seeds for any difference to be significant: with "
            f"{num_seeds}, p is at least {last.difference.least_p_value:.2g}."
        )
    if num_seeds < RELIABLE_SEEDS:
        text += f" {seeds[0].upper()}{seeds[1:]} are few: use at least {RELIABLE_SEEDS}."
    return text


def render(lines: Sequence[Comparison], format_name: str = "table", first: str = "stream") -> str:
    """Return comparisons as a table, for the terminal or in Markdown.

    Args:
        lines: of the table.
        format_name: "table", "markdown" or "latex".
        first: header of the first column.
    """
    rows = [
        [
            line.stream,
            format_interval(line.difference.interval, signed=True),
            f"{line.corrected:.2g}" + (" (too few seeds)" if line.difference.too_few_seeds else ""),
            format_interval(line.improvement),
            line.difference.num_seeds,
        ]
        for line in lines
    ]
    return tables.render((first, *HEADERS[1:]), rows, format_name, left=(first,))


def compared_all(pairs: Mapping[str, tuple[Array, Array]]) -> list[Comparison]:
    """Return the comparisons of many pairs of arrays, by name; p is corrected for all of them."""
    lines = [compared(name, ours, theirs) for name, (ours, theirs) in pairs.items()]
    corrected = sign_flip_p_values([ours - theirs for ours, theirs in pairs.values()])
    return [replace(line, corrected=p) for line, p in zip(lines, corrected, strict=True)]


def compared(name: str, ours: Array, theirs: Array) -> Comparison:
    """Return the comparison of two arrays of scores, (streams, seeds); p is not corrected."""
    difference = paired_difference(ours, theirs)
    improvement = probability_of_improvement(ours, theirs)
    return Comparison(name, difference, improvement, difference.p_value)
