"""What `tune` prints: the best settings of each learner."""

import math
from collections.abc import Sequence

from plasticity_bench import tables
from plasticity_bench.statistics import Interval, format_interval
from plasticity_bench.tuning.budget import budgets, expected_best
from plasticity_bench.tuning.record import LearnerRecord, TriedRecord, TuningRecord
from plasticity_bench.tuning.settings import shown

BEST = 3
"""Settings of each learner that are shown."""


def table(record: TuningRecord) -> str:
    """Return the best settings of each learner, the chosen one first."""
    labels = record.tuning.streams
    beside = labels if 1 < len(labels) <= 3 else []
    rows: list[list[object]] = []
    for label, learner in record.learners.items():
        for index, tried in enumerate(best(learner)[:BEST]):
            parts = [_number(tried.streams[stream]) for stream in beside]
            score = _score(tried)
            name = "" if index else label
            rows.append([name, shown(tried.setting), tried.tasks, score, *parts, tried.diverged])
        for stream, setting in learner.streams.items():
            rows.append(["", f"{stream}: {shown(setting)}", *[""] * (3 + len(beside))])
    headers = ["learner", "best settings", "tasks", record.tuning.select, *beside, "diverged"]
    return tables.render(headers, rows, left=("learner", "best settings"))


def remarks(record: TuningRecord) -> list[str]:
    """Return sentences about the search, among them which chosen settings are at an edge."""
    edges = [
        f"{label} {', '.join(learner.at_edge)}"
        for label, learner in record.learners.items()
        if learner.at_edge
    ]
    if not edges:
        return []
    return [f"At the edge of what was tried, so a better value may lie beyond: {'; '.join(edges)}."]


def budget_table(record: TuningRecord) -> str:
    """Return the expected best score of each learner by the number of settings tried.

    Empty for a search in rounds, which did not try all settings at the same length.
    """
    scores = {
        label: [tried.score for tried in learner.tried if tried.score is not None]
        for label, learner in record.learners.items()
        if len(learner.at_length) == len(learner.tried)
    }
    most = max(map(len, scores.values()), default=0)
    if most < 2:
        return ""
    numbers = budgets(most)
    rows = [
        [label, *(f"{expected_best(own, n):.2f}" if n <= len(own) else "" for n in numbers)]
        for label, own in scores.items()
    ]
    title = f"expected best {record.tuning.select} of"
    headers = [title, *(f"{n} setting{'s' if n > 1 else ''}" for n in numbers)]
    return tables.render(headers, rows, left=(title,))


def best(learner: LearnerRecord) -> Sequence[TriedRecord]:
    """Return trials, best first: by number of tasks, then by score."""

    def rank(tried: TriedRecord) -> tuple[int, float]:
        return tried.tasks, -math.inf if tried.score is None else tried.score

    return sorted(learner.tried, key=rank, reverse=True)


def _number(value: float | None) -> str:
    return "n/a" if value is None else f"{value:.2f}"


def _score(tried: TriedRecord) -> str:
    if tried.score is None or tried.interval is None:
        return _number(tried.score)
    return format_interval(Interval(tried.score, *tried.interval))
