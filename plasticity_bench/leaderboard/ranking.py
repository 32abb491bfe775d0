"""The rows of the leaderboard: scores with intervals, ranks with tie groups."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from plasticity_bench.leaderboard.entry import Entry, headroom_of, mean_of_known, scores_of
from plasticity_bench.leaderboard.manifest import Flags, Manifest
from plasticity_bench.leaderboard.settings import Settings, settings_of
from plasticity_bench.leaderboard.verification import VerificationStatus, status_of
from plasticity_bench.learners.lookup import find_learner
from plasticity_bench.learners.method import Method
from plasticity_bench.results import LearnerOnStream
from plasticity_bench.scoring import score_table
from plasticity_bench.scoring.ranking import rank_rows
from plasticity_bench.scoring.scores import SCORES, Score
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

AVERAGED = tuple(name for name in SCORES if name != "time")
"""The scores that are averaged over streams: the time to a target has another scale on each."""


@dataclass(frozen=True)
class Row:
    """An entry in the table of its suite.

    Attributes:
        folder: of the entry.
        manifest: of the entry.
        rank: among the complete entries; None for the reference and for incomplete ones.
        tie_group: letter of its tie group, "a" for the first; empty without a rank.
        remark: why it has no rank; empty if it has one.
        scores: by a name of `AVERAGED`, the mean over streams and seeds.
        streams: its scores on each stream.
        headroom: by stream, the largest trainability that is possible, minus 1.
        worst: mean of the worst quarter of all runs' trainability.
        collapse: share of replicas that diverged, or learn next to nothing in the end.
        num_seeds: of the stream that has the fewest.
        settings: where its hyperparameters come from.
        status: whether it was verified.
        method: the source of a baseline's rule; of others, nothing is known.
        by_seed: trainability, (streams, seeds), in the suite's order; empty if it is incomplete.
    """

    folder: Path
    manifest: Manifest
    rank: Rank | None
    tie_group: str
    remark: str
    scores: Mapping[str, Interval]
    streams: Sequence[score_table.Entry]
    headroom: Mapping[str, float]
    worst: float
    collapse: float
    num_seeds: int
    settings: Settings
    status: VerificationStatus
    method: Method
    by_seed: Array

    @property
    def name(self) -> str:
        """The name of the entry."""
        return self.manifest.name

    @property
    def flags(self) -> Flags:
        """What the learner needs beyond others."""
        return self.manifest.flags

    @property
    def mean_headroom(self) -> float:
        """The largest trainability that is possible, minus 1."""
        return mean_of_known(list(self.headroom.values()))

    @property
    def paper(self) -> str:
        """The URL of the paper; empty where there is none."""
        return self.manifest.paper or self.method.paper_link


def rows(entries: Sequence[Entry], suite: Suite) -> list[Row]:
    """Return the table's rows: the reference, the ranked by rank and mean, the incomplete."""
    made = [_row(entry, suite) for entry in entries]
    ranked = [row for row in made if not row.remark]
    ranks = rank_rows([row.by_seed for row in ranked])
    letters = {rank: letter(i) for i, rank in enumerate(sorted({r.rank for r in ranks}))}
    placed = [
        replace(row, rank=rank, tie_group=letters[rank.rank])
        for row, rank in zip(ranked, ranks, strict=True)
    ]
    return sorted([*placed, *(row for row in made if row.remark)], key=_order)


def letter(index: int) -> str:
    """Return the letters of a tie group, counted from 0.

    >>> letter(0), letter(25), letter(26), letter(702)
    ('a', 'z', 'aa', 'aaa')
    """
    before, last = divmod(index, 26)
    return (letter(before - 1) if before else "") + chr(ord("a") + last)


def _row(entry: Entry, suite: Suite) -> Row:
    by_stream = scores_of(entry, suite)
    num_seeds = min(len(of_seed) for of_seed in by_stream.values())
    wanted = max(
        [suite.num_seeds, *(seed + 1 for of_seed in by_stream.values() for seed in of_seed)]
    )
    missing = sum(wanted - len(of_seed) for of_seed in by_stream.values())  # seeds are 0 to N - 1
    label, flags = entry.manifest.learner.label, entry.manifest.flags
    remark = "reference" if label == suite.reference else ""
    if missing:
        remark = f"incomplete: {missing} of {wanted * len(by_stream)} runs are missing"
    seed_scores = [
        [of_seed[seed] for seed in sorted(of_seed)[:num_seeds]] for of_seed in by_stream.values()
    ]
    trainability = _values(seed_scores, "trainability")
    known_ones = known(trainability) if num_seeds else trainability[:0]
    scored = ~np.isnan(trainability)
    diverged = _values(seed_scores, "diverged")
    nan = float("nan")
    return Row(
        folder=entry.folder,
        manifest=entry.manifest,
        rank=None,
        tie_group="",
        remark=remark,
        scores={name: _mean(_values(seed_scores, SCORES[name])) for name in AVERAGED},
        streams=[
            score_table.entry(
                LearnerOnStream(stream, label),
                list(of_seed.values()),
                flags.flops if flags.recorded else nan,
            )
            for stream, of_seed in by_stream.items()
        ],
        headroom=headroom_of(entry, suite),
        worst=float(worst_quartile_mean(known_ones)) if known_ones.size else nan,
        collapse=(
            collapse_rate(trainability[scored], diverged[scored] > 0) if known_ones.size else nan
        ),
        num_seeds=num_seeds,
        settings=settings_of(entry, suite),
        status=status_of(entry.folder),
        method=_method(entry.manifest.learner.reference),
        by_seed=trainability,
    )


def _values(scores: Sequence[Sequence[Score]], field: str) -> Array:
    """A score of all runs, (streams, seeds)."""
    values = [[getattr(score, field) for score in of_stream] for of_stream in scores]
    return np.array(values, dtype=np.float64)


def _mean(values: Array) -> Interval:
    return mean_interval(known(values) if values.shape[1] else values[:0])


def _method(reference: str) -> Method:
    """The source of a baseline; nothing of another learner, whose code is not imported."""
    return find_learner(reference).method if reference in baseline_names() else Method()


def _order(row: Row) -> tuple[int, int, float, str]:
    group = 0 if row.remark == "reference" else 2 if row.remark else 1
    return group, row.rank.rank if row.rank else 0, -row.scores["trainability"].mean, row.name
