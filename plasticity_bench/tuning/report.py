"""What `tune` prints: the best settings of each learner."""

import math
from collections.abc import Sequence

from plasticity_bench import tables
from plasticity_bench.statistics import Interval, format_interval
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
