"""Differences of each run's scores between two orders of rounding.

    plasticity-bench run quick --results programs
    PLASTICITY_BENCH_KERNELS=off plasticity-bench run quick --results replayed
    python -m benchmarks.rerun quick programs replayed

The two sets of results differ only in the order of floating-point operations, as do runs on GPUs,
for which `plasticity-bench verify` tolerates such differences (leaderboard/tolerance.py).
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from tabulate import tabulate

from plasticity_bench.results import LearnerOnStream, Results
from plasticity_bench.scoring.scores import Score, means_by_key, score
from plasticity_bench.suite import planning
from plasticity_bench.suite.loading import load_suite
from plasticity_bench.suite.suite import Suite

HEADERS = ["stream", "score", "runs", "identical bits", "mean", "standard deviation", "largest"]


def pairs(suite: Suite, one: Path, other: Path) -> Iterator[tuple[str, Score, Score]]:
    """Yield each run's stream and its score in both folders, relative to the first's reference."""
    groups = planning.plan(suite, suite.contenders, range(suite.num_seeds))
    means = {}
    for group in groups:
        scored = group.suite_stream.stream.scored_tasks()
        learner_on_stream = LearnerOnStream(group.suite_stream.label, group.label)
        means[learner_on_stream] = [
            means_by_key(Results(folder), learner_on_stream, group.protocol, scored)
            for folder in (one, other)
        ]
    for group in groups:
        stream = group.suite_stream.label
        (fresh,) = (
            g for g in groups if (g.suite_stream.label, g.label) == (stream, suite.reference)
        )
        references = means[LearnerOnStream(stream, suite.reference)][0]
        first, second = means[LearnerOnStream(stream, group.label)]
        for run, reference in zip(group.runs, fresh.runs, strict=True):
            against = references[reference.key]
            yield stream, score(first[run.key], against), score(second[run.key], against)


def table(suite: Suite, one: Path, other: Path) -> str:
    """Return a summary of the differences by stream and score, in Markdown."""
    rows: list[list[object]] = []
    compared = list(pairs(suite, one, other))
    for suite_stream in suite.streams:
        for name in ("trainability", "retention"):
            differences = [
                getattr(second, name) - getattr(first, name)
                for stream, first, second in compared
                if stream == suite_stream.label
            ]
            defined = np.array([value for value in differences if not np.isnan(value)])
            row: list[object] = [suite_stream.label, name, len(defined)]
            if len(defined):
                numbers = [defined.mean(), defined.std(), np.abs(defined).max()]
                row += [f"{(defined == 0).mean():.0%}", *(f"{n:.3f}" for n in numbers)]
            rows.append(row)
    return tabulate(rows, HEADERS, "github", disable_numparse=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("suite")
    parser.add_argument("one", type=Path, help="a results folder of the suite")
    parser.add_argument("other", type=Path, help="another results folder of the suite")
    options = parser.parse_args()
    loaded = load_suite(options.suite)
    folders = [next(given.glob("*@*"), given) for given in (options.one, options.other)]
    print(table(loaded, *folders))
