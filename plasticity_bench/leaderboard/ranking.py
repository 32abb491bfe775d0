"""The rows of the leaderboard: scores with intervals, ranks with tie groups."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from plasticity_bench.errors import BadInputError
from plasticity_bench.leaderboard.entry import Entry, scores_of
from plasticity_bench.leaderboard.manifest import TUNING, Flags
from plasticity_bench.leaderboard.verification import VerificationStatus, status_of
from plasticity_bench.learners.lookup import find_learner
from plasticity_bench.learners.method import Method
from plasticity_bench.results import TUNED
from plasticity_bench.scoring.ranking import rank_rows
from plasticity_bench.shipped import baseline_names
from plasticity_bench.statistics import (
    Interval,
    Rank,
    collapse_rate,
    known,
    mean_interval,
    worst_quartile_mean,
)
from plasticity_bench.statistics.aggregates import Array
from plasticity_bench.suite.suite import Suite
from plasticity_bench.tuning import record


@dataclass(frozen=True)
class Row:
    """An entry in the table of its suite.

    Attributes:
        name: of the entry.
        rank: among the complete entries; None for the reference and for incomplete ones.
        remark: why it has no rank; empty if it has one.
        trainability: mean over streams and seeds.
        retained: retained plasticity, likewise.
        retention: curvature retention, likewise.
        worst: mean of the worst quarter of all runs' trainability.
        collapse: share of replicas that diverged, or learn next to nothing in the end.
        seconds: of a seed on a stream, on the submitter's machine.
        num_seeds: of the stream that has the fewest.
        flags: what it needs beyond others.
        settings: "tuned" if the entry has the record of a search, "suite's" if they are those of
            the suite, else "not tuned".
        status: whether it was verified.
        source: authors and year of the method, if it is a baseline; else empty.
        compared_with: what the baseline was compared with, "code" or "paper"; else empty.
        scores: trainability, (streams, seeds), in the suite's order; empty if it is incomplete.
    """

    name: str
    rank: Rank | None
    remark: str
    trainability: Interval
    retained: Interval
    retention: Interval
    worst: float
    collapse: float
    seconds: float
    num_seeds: int
    flags: Flags
    settings: str
    status: VerificationStatus
    source: str
    compared_with: str
    scores: Array


def rows(entries: Sequence[Entry], suite: Suite) -> list[Row]:
    """Return the table's rows: the reference, the ranked by rank and mean, the incomplete."""
    made = [_row(entry, suite) for entry in entries]
    ranked = [row for row in made if not row.remark]
    by_name = dict(
        zip((row.name for row in ranked), rank_rows([row.scores for row in ranked]), strict=True)
    )
    made = [replace(row, rank=by_name.get(row.name)) for row in made]
    return sorted(made, key=_order)


def _row(entry: Entry, suite: Suite) -> Row:
    by_stream = scores_of(entry, suite)
    num_seeds = min(len(of_seed) for of_seed in by_stream.values())
    wanted = max(
        [suite.num_seeds, *(seed + 1 for of_seed in by_stream.values() for seed in of_seed)]
    )
    missing = sum(wanted - len(of_seed) for of_seed in by_stream.values())  # seeds are 0 to N - 1
    remark = "reference" if entry.manifest.learner.label == suite.reference else ""
    if missing:
        remark = f"incomplete: {missing} of {wanted * len(by_stream)} runs are missing"
    seed_scores = [
        [of_seed[seed] for seed in sorted(of_seed)[:num_seeds]] for of_seed in by_stream.values()
    ]
    trainability = np.array([[s.trainability for s in line] for line in seed_scores])
    retained = np.array([[s.retained_plasticity for s in line] for line in seed_scores])
    retention = np.array([[s.curvature_retention for s in line] for line in seed_scores])
    diverged = np.array([[s.diverged for s in line] for line in seed_scores])
    known_ones = known(trainability) if num_seeds else trainability[:0]
    scored = ~np.isnan(trainability)
    method = _method(entry.manifest.learner.reference)
    return Row(
        name=entry.name,
        rank=None,
        remark=remark,
        trainability=mean_interval(known_ones),
        retained=mean_interval(known(retained) if num_seeds else retained[:0]),
        retention=mean_interval(known(retention) if num_seeds else retention[:0]),
        worst=float(worst_quartile_mean(known_ones)) if known_ones.size else float("nan"),
        collapse=(
            collapse_rate(trainability[scored], diverged[scored])
            if known_ones.size
            else float("nan")
        ),
        seconds=entry.manifest.cost.seconds_per_seed,
        num_seeds=num_seeds,
        flags=entry.manifest.flags,
        settings=_settings(entry, suite),
        status=status_of(entry.folder),
        source=method.citation,
        compared_with=method.compared_with,
        scores=trainability,
    )


def _method(reference: str) -> Method:
    """The source of a baseline; nothing of another learner, whose code is not imported."""
    return find_learner(reference).method if reference in baseline_names() else Method()


def _settings(entry: Entry, suite: Suite) -> str:
    """Where an entry's hyperparameters come from."""
    part = entry.manifest.learner
    if entry.manifest.tuning:
        return _tuned(entry)
    given = next((c for c in suite.contenders if c.label == part.label), None)
    stated = part.hyperparameters.items()
    if given and all(given.on(name).learner.hyperparameters() == own for name, own in stated):
        return "suite's"
    return "not tuned"


def _tuned(entry: Entry) -> str:
    """That they were tuned, and which of them ended at the edge of what was tried."""
    try:
        search = record.read(entry.folder / TUNING).record
    except BadInputError:
        return "tuned"
    learner = search.learners.get(entry.manifest.learner.label.removesuffix(TUNED))
    edges = learner.at_edge if learner else []
    return f"tuned; at the edge: {', '.join(edges)}" if edges else "tuned"


def _order(row: Row) -> tuple[int, int, float, str]:
    group = 0 if row.remark == "reference" else 2 if row.remark else 1
    return group, row.rank.rank if row.rank else 0, -row.trainability.mean, row.name
