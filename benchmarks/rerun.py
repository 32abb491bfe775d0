"""How far scores of single runs move when a suite is run again in another order of rounding.

plasticity-bench run quick --compile off --results recorded
plasticity-bench run quick --compile on  --results compiled
python -m benchmarks.rerun quick recorded compiled

The differences are what `plasticity-bench verify` must tolerate (plasticity_bench/leaderboard/
tolerance.py): the two runs differ in nothing but the order in which sums are rounded.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from tabulate import tabulate

from plasticity_bench.results import LearnerOnStream, Results
from plasticity_bench.scoring.scores import Score, means_by_key, score
from plasticity_bench.suite import planning
from plasticity_bench.suite.suite import Suite, load_suite

HEADERS = ["stream", "score", "cells", "the same bits", "mean", "standard deviation", "largest"]


def pairs(suite: Suite, one: Path, other: Path) -> Iterator[tuple[str, Score, Score]]:
    """Yield each run's stream, and its score in both runs, against the reference of the first."""
    groups = planning.plan(suite, suite.contenders, range(suite.num_seeds))
    found = {}
    for group in groups:
        scored = group.suite_stream.stream.scored_tasks()
        learner_on_stream = LearnerOnStream(group.suite_stream.label, group.label)
        found[learner_on_stream] = [
            means_by_key(Results(folder), learner_on_stream, group.protocol, scored)
            for folder in (one, other)
        ]
    for group in groups:
        stream = group.suite_stream.label
        (fresh,) = (
            g for g in groups if (g.suite_stream.label, g.label) == (stream, suite.reference)
        )
        references = found[LearnerOnStream(stream, suite.reference)][0]
        first, second = found[LearnerOnStream(stream, group.label)]
        for run, reference in zip(group.runs, fresh.runs, strict=True):
            against = references[reference.key]
            yield stream, score(first[run.key], against), score(second[run.key], against)


def table(suite: Suite, one: Path, other: Path) -> str:
    """Return the differences of all learners, by stream, in Markdown."""
    rows = []
    compared = list(pairs(suite, one, other))
    for run in suite.streams:
        for name in ("trainability", "retention"):
            found = [
                getattr(second, name) - getattr(first, name)
                for stream, first, second in compared
                if stream == run.label
            ]
            known = np.array([value for value in found if not np.isnan(value)])
            numbers = [known.mean(), known.std(), np.abs(known).max()]
            same = f"{(known == 0).mean():.0%}"
            rows.append([run.label, name, len(known), same, *(f"{n:.3f}" for n in numbers)])
    return tabulate(rows, HEADERS, "github", disable_numparse=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("suite")
    parser.add_argument("one", type=Path, help="a results folder of the suite")
    parser.add_argument("other", type=Path, help="another")
    options = parser.parse_args()
    loaded = load_suite(options.suite)
    folders = [next(given.glob("*@*"), given) for given in (options.one, options.other)]
    print(table(loaded, *folders))
