"""The ranking of predictors as text, Markdown, LaTeX or CSV: four blocks with the same rows."""

from collections.abc import Sequence

import numpy as np

from plasticity_bench import tables
from plasticity_bench.scoring import predictors as p
from plasticity_bench.scoring.prediction import TOLERANCE
from plasticity_bench.scoring.predictors import Comparison, Predictor
from plasticity_bench.scoring.task_histories import TASK_NUMBER, Histories
from plasticity_bench.statistics import format_interval

BLOCKS: tuple[tuple[str, dict[str, Comparison]], ...] = (
    (
        "R2 on what was held out; 0 is as good as the mean of the rest",
        {
            "held-out\nlearners": p.HELD_OUT_LEARNERS,
            "held-out\nseeds": p.HELD_OUT_SEEDS,
            "held-out\nstreams": p.HELD_OUT_STREAMS,
        },
    ),
    (
        "Spearman's rank correlation",
        {
            "within\nruns": p.WITHIN,
            "between\nseeds": p.BETWEEN_SEEDS,
            "between\nlearners": p.BETWEEN_LEARNERS,
        },
    ),
    (
        "The same with one thing held fixed",
        {
            "within runs,\ngiven task number": p.WITHIN_GIVEN_TASK,
            "between learners,\ngiven step size": p.BETWEEN_GIVEN_STEP_SIZE,
        },
    ),
    (
        "Beyond the accuracy of the last task: R2 on held-out learners minus that of this "
        "accuracy, and concordance of learners that are alike in it",
        {
            "R2 minus that\nof accuracy": p.OVER_LAST_ACCURACY,
            "concordance,\nchance: 0.5": p.MATCHED,
        },
    ),
)
RELIABLE_LEARNERS = 10
"""Intervals over fewer learners are too narrow; tests/statistics/test_jackknife.py."""

NAME = "known before task k"


def render(ranking: Sequence[Predictor], histories: Histories, format_name: str) -> str:
    """Return the ranking as "table", "markdown", "latex" or "csv".

    Args:
        ranking: the rows.
        histories: that they were computed from.
        format_name: of the four.
    """
    if format_name == "csv":
        return _csv(ranking)
    comment = "% " if format_name == "latex" else ""
    parts = []
    for title, columns in BLOCKS:
        rows = [
            [
                f"{one.name} *" if one.is_baseline else one.name,
                *(format_interval(one.estimates[c.name].interval) for c in columns.values()),
            ]
            for one in ranking
        ]
        headers = [NAME, *columns]
        shown = tables.render(headers, rows, format_name, left=(NAME,))
        parts.append(f"{comment}{title}:\n\n{shown}")
    notes = [legend(histories), *few_points(ranking), *reasons(ranking)]
    return "\n\n".join([*parts, "\n".join(f"{comment}{note}" for note in notes)])


def legend(histories: Histories) -> str:
    """Return what is predicted, and what the intervals are over."""
    ahead, others = histories.ahead, len(histories.learners)
    what = "task k + 1" if ahead == 1 else f"tasks k + 1 to k + {ahead}"
    return (
        f"Outcome: trainability on {what}. 95 % intervals over {others} "
        f"learner{'s' if others > 1 else ''}. Matched: accuracies on task k - 1 that differ by at "
        f"most {TOLERANCE}. *: a baseline."
    )


def few_points(ranking: Sequence[Predictor]) -> list[str]:
    """Return which predictors are known of fewer runs and tasks than others, if any."""
    most = max(one.num_points for one in ranking)
    fewer = [f"{r.name} ({r.num_points})" for r in ranking if 0 < r.num_points < most]
    if not fewer:
        return []
    return [f"Known at fewer than the {most} points of the others: {', '.join(fewer)}."]


def reasons(ranking: Sequence[Predictor]) -> list[str]:
    """Return why numbers are not defined: a sentence for each reason and set of predictors."""
    without: dict[tuple[str, str], list[str]] = {}
    for one in ranking:
        for comparison, estimate in one.estimates.items():
            if estimate.reason:
                without.setdefault((comparison, estimate.reason), []).append(one.name)
    everyone = {one.name for one in ranking if one.num_points} - {TASK_NUMBER}
    comparisons: dict[tuple[str, str], list[str]] = {}
    for (comparison, reason), names in without.items():
        which = "everything else" if everyone <= {*names} else ", ".join(names)
        comparisons.setdefault((which, reason), []).append(comparison)
    return [
        f"n/a: {which} {reason} ({'; '.join(of_reason)})."
        for (which, reason), of_reason in comparisons.items()
    ]


def sentences(histories: Histories) -> list[str]:
    """Return what a reader must know of the learners and streams that were compared."""
    lines = []
    count = len(histories.learners)
    if count == 1:
        lines.append(
            "One learner beside the reference: there are no intervals, and no learners to compare."
        )
    elif count < RELIABLE_LEARNERS:
        lines.append(
            f"Intervals over {count} learners are too narrow: use at least {RELIABLE_LEARNERS}."
        )
    without = [
        label
        for i, label in enumerate(histories.learners)
        if not any(np.isfinite(s.step_sizes[i]) for s in histories.streams)
    ]
    if without:
        lines.append(
            f"Left out where the step size is held fixed, having none ({len(without)} of "
            f"{count} learners): {', '.join(without)}."
        )
    sizes = [s.step_sizes[np.isfinite(s.step_sizes)] for s in histories.streams]
    if all(len(np.unique(of_stream)) < 2 for of_stream in sizes) and count > 1:
        lines.append("All learners have the same step size: holding it fixed takes nothing away.")
    if histories.too_short:
        lines.append(f"Left out, having too few tasks: {', '.join(histories.too_short)}.")
    return lines


def _csv(ranking: Sequence[Predictor]) -> str:
    """One line for each predictor and comparison, with every digit."""
    rows: list[list[object]] = []
    for one in ranking:
        for comparison, estimate in one.estimates.items():
            ends = estimate.interval
            numbers = ends.mean, ends.low, ends.high
            kind = "baseline" if one.is_baseline else "measurement"
            rows.append([one.name, kind, comparison, *numbers, one.num_points, estimate.reason])
    headers = ["predictor", "kind", "comparison", "value", "low", "high", "points", "reason"]
    return tables.to_csv(headers, rows)
