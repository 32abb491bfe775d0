"""Runs of an entry with seeds that nobody knew when it was made.

The seeds of a suite are published, and so are their tasks: a learner could hold what it needs for
them. With other seeds it is on its own.
"""

import math
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from plasticity_bench.leaderboard.entry import Entry, StreamSeed
from plasticity_bench.leaderboard.rerun import found, groups_of, groups_of_reference
from plasticity_bench.results import Results, Run
from plasticity_bench.scoring.scores import Means, Score, means, score
from plasticity_bench.suite.planning import Group
from plasticity_bench.suite.suite import Suite, SuiteStream

Numbers = NDArray[np.float64]

FIRST, LAST = 10**6, 2**31
"""Seeds are drawn from here: no suite has so many."""

LEVEL = 0.999
"""Of the intervals that tell whether scores are lower with other seeds."""

SLACK = 0.1
"""A lower mean is no contradiction up to here, whatever the interval: scores near their limits vary
little from seed to seed, and a rare seed that is not learnt would be far outside."""

COMPARED = ("trainability", "retained_plasticity")


@dataclass(frozen=True)
class Unpublished:
    """A score with a seed that was drawn for the verification."""

    stream: str
    seed: int
    score: Score


@dataclass(frozen=True)
class Shortfall:
    """How much lower a score is with other seeds.

    Attributes:
        stated: its mean over streams, of the entry's seeds.
        found: of the seeds that were drawn.
        most: the largest difference that is no contradiction.
    """

    stated: float
    found: float
    most: float

    @property
    def ok(self) -> bool:
        """Whether it is no contradiction."""
        return not self.stated - self.found > self.most


def drawn_seeds(number: int, nonce: str) -> range:
    """Return consecutive seeds that a nonce draws."""
    first = random.Random(f"seeds:{nonce}").randrange(FIRST, LAST)
    return range(first, first + number)


def groups(entry: Entry, suite: Suite, seeds: range) -> list[Group]:
    """Return the groups of an entry's learner, its own fresh copy and the reference.

    Raises:
        BadInputError: as `groups_of`.
    """
    templates = {place.stream: entry_run.run for place, entry_run in entry.runs.items()}
    runs = [_with_seed(run, seed) for run in templates.values() for seed in seeds]
    places = [StreamSeed(run.stream, run.seed) for run in runs]
    return [*groups_of(entry, suite, runs), *groups_of_reference(suite, seeds, places)]


def scores(
    entry: Entry, suite: Suite, made: Sequence[Group], results: Results
) -> list[Unpublished]:
    """Return the scores of the runs of `groups`, by stream and seed.

    Args:
        entry: whose runs they are.
        suite: of the entry.
        made: what `groups` returned.
        results: where they were run.

    Raises:
        BadInputError: if a run is missing.
    """
    scored = []
    for suite_stream in suite.streams:
        here = [group for group in made if group.suite_stream.label == suite_stream.label]
        if not here:
            continue
        own, reference = here[0], here[-1]
        copy = here[1] if here[1].protocol.restarts else own

        def means_of(group: Group, index: int, suite_stream: SuiteStream = suite_stream) -> Means:
            run_table = found(entry, group.runs[index], results)
            return next(means(run_table, suite.protocol, suite_stream.stream.scored_tasks()))

        scored += [
            Unpublished(
                suite_stream.label,
                run.seed,
                score(means_of(own, i), means_of(reference, i), means_of(copy, i)),
            )
            for i, run in enumerate(own.runs)
        ]
    return scored


def shortfalls(
    stated: Mapping[str, Sequence[Score]], drawn: Sequence[Unpublished]
) -> dict[str, Shortfall]:
    """Return how much lower each score is with other seeds, where it is defined.

    The bound is that of a one-sided t test of two means, with deviations from the stream's mean
    pooled over streams, or `SLACK` if that is more.
    """
    result = {}
    for name in COMPARED:
        known: list[Numbers] = []
        new: list[Numbers] = []
        pairs: list[tuple[float, float]] = []
        for stream, of_stream in stated.items():
            values = _finite(getattr(one, name) for one in of_stream)
            others = _finite(getattr(one.score, name) for one in drawn if one.stream == stream)
            if values.size and others.size:
                pairs.append((values.mean(), others.mean()))
                known.append(values - values.mean())
                new.append(others - values.mean())
        if pairs:
            one, other = np.mean(pairs, axis=0)
            bound = _bound(known, np.concatenate(new))
            result[name] = Shortfall(float(one), float(other), max(SLACK, bound))
    return result


def _bound(known: Sequence[Numbers], new: Numbers) -> float:
    """The largest difference of means that is no contradiction, from deviations."""
    size = sum(deviations.size for deviations in known)
    freedom = size - len(known) + new.size - 1
    if freedom == 0:
        return math.inf
    squares = sum(np.square(deviations).sum() for deviations in known)
    variance = (squares + np.square(new - new.mean()).sum()) / freedom
    error = math.sqrt(variance * (1 / size + 1 / new.size))
    return float(stats.t.ppf(LEVEL, freedom)) * error


def _with_seed(run: Run, seed: int) -> Run:
    return Run(run.stream, run.learner, seed, {**run.identity, "seed": seed})


def _finite(values: Iterable[float]) -> Numbers:
    return np.array([value for value in values if math.isfinite(value)])
