"""How often intervals of means over seeds hold, on stored scores of 120 seeds.

    plasticity-bench run benchmarks/coverage.yaml
    python -m benchmarks.coverage --pack results/coverage-v0@* > benchmarks/coverage.csv
    python -m benchmarks.coverage benchmarks/coverage.csv > benchmarks/coverage.md
    plasticity-bench run quick --seeds 120
    python -m benchmarks.coverage --pack results/quick-v1@* > benchmarks/coverage_quick.csv
    python -m benchmarks.coverage benchmarks/coverage_quick.csv > benchmarks/coverage_quick.md

A file has a row for each score, stream and seed, and a column for each learner. The truth is the
mean of the 120 seeds. Each draw takes n of them *with* replacement: so the 120 are the whole
distribution, and the draws are independent. Without replacement, 20 of 120 seeds would have a mean
that is nearer to that of all 120 by a factor of sqrt(100 / 119), and every interval would seem
better than it is. A drawn seed brings its scores of all learners and streams.
"""

import argparse
import sys
from collections.abc import Callable, Mapping
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from tabulate import tabulate

from benchmarks.paper import CURVATURE, REFERENCE, RETAINED, TRAINABILITY
from plasticity_bench import load_results
from plasticity_bench.statistics import LEVEL, mean_intervals, ranks

Array = NDArray[np.float64]
Ends = tuple[Array, Array]
Group = tuple[str, str]
"""A score, and where it is taken."""

SCORES = (TRAINABILITY, RETAINED, CURVATURE)
SEEDS = (5, 10, 20)
DRAWS = 4_000
RESAMPLED = 1_000
"""Draws of the bootstrap's intervals, which take longer."""
TABLES = 2_000
"""Tables that are ranked."""
RESAMPLES = 1_000
OVER_STREAMS = "mean over both streams"
CHUNK = 500
"""Draws that are resampled at a time."""
TAILS = ((1 - LEVEL) / 2, (1 + LEVEL) / 2)


def pack(folder: Path) -> pd.DataFrame:
    """Return the scores of each stream and seed, a column for each learner."""
    scores = load_results(folder).scores(by_seed=True)
    learners = [name for name in dict.fromkeys(scores["learner"]) if name != REFERENCE]
    long = scores.melt(["learner", "stream", "seed"], SCORES, "score")
    table = long.pivot_table("value", ["score", "stream", "seed"], "learner", observed=True)
    return table[learners].reset_index()


def percentile(draws: Array) -> Ends:
    """Return the ends of percentile bootstrap intervals of (draws, seeds)."""
    low, high = np.quantile(draws @ _weights(draws.shape[-1]).T, TAILS, axis=-1)
    return low, high


def bootstrap_t(draws: Array) -> Ends:
    """Return the ends of bootstrap-t intervals, Efron and Tibshirani (1993), section 12.5."""
    num_seeds = draws.shape[-1]
    weights = _weights(num_seeds)
    mean, error = draws.mean(-1), draws.std(-1, ddof=1) / np.sqrt(num_seeds)
    means, squares = draws @ weights.T, draws**2 @ weights.T
    errors = np.sqrt(np.maximum(squares - means**2, 0) / (num_seeds - 1))
    with np.errstate(divide="ignore", invalid="ignore"):
        t = np.nan_to_num((means - mean[:, None]) / errors, posinf=1e9, neginf=-1e9)
    low, high = np.quantile(t, TAILS, axis=-1)
    return mean - high * error, mean - low * error


def student(draws: Array) -> Ends:
    """Return the ends of the intervals that tables show."""
    intervals = mean_intervals(list(draws))
    return np.array([i.low for i in intervals]), np.array([i.high for i in intervals])


def _weights(num_seeds: int) -> Array:
    """The share that each seed has in each resample, (resamples, seeds)."""
    counts = np.random.default_rng(1).multinomial(
        num_seeds, np.full(num_seeds, 1 / num_seeds), size=RESAMPLES
    )
    return counts / num_seeds


METHODS: Mapping[str, Callable[[Array], Ends]] = {
    "percentile bootstrap": percentile,
    "bootstrap-t": bootstrap_t,
    "Student's t": student,
}


def coverage(values: Array, num_seeds: int, method: Callable[[Array], Ends]) -> tuple[float, float]:
    """Return the share of draws whose interval has the mean of all values, and the mean width."""
    truth, covered, widths = values.mean(), 0, 0.0
    count = DRAWS if method is student else RESAMPLED
    draws = values[np.random.default_rng(0).integers(len(values), size=(count, num_seeds))]
    for chunk in np.split(draws, count // CHUNK):
        low, high = method(chunk)
        covered += int(((low <= truth) & (truth <= high)).sum())
        widths += float((high - low).sum())
    return covered / count, widths / count


def quantities(table: pd.DataFrame, learners: list[str]) -> dict[Group, Mapping[str, Array]]:
    """Return what is estimated: for each group its quantities, a number for every seed each.

    A group is a score and where it is taken: a stream or the mean over streams, of each learner or
    of the difference of two.
    """
    groups: dict[Group, Mapping[str, Array]] = {}
    for score in table["score"].unique():
        of_score = table[table["score"] == score]
        places = {s: rows[learners].to_numpy().T for s, rows in of_score.groupby("stream")}
        places[OVER_STREAMS] = np.mean(list(places.values()), axis=0)
        for place, values in places.items():
            groups[score, place] = dict(zip(learners, values, strict=True))
            groups[score, f"differences, {place}"] = {
                f"{learners[i]} - {learners[j]}": values[i] - values[j]
                for i, j in combinations(range(len(learners)), 2)
            }
    return groups


def ranking(values: Array, num_seeds: int) -> tuple[float, float, float]:
    """Return how tables of some seeds rank, of many draws.

    Args:
        values: (learners, seeds).
        num_seeds: of a draw.

    Returns:
        The share of tables that separate any two learners whose means have been made equal; the
        share of tables whose intervals hold every position; the mean number of tie groups.
    """
    truth = 1 + np.argsort(np.argsort(-values.mean(-1)))
    equal = values - values.mean(-1, keepdims=True)
    separated, held, groups = 0, 0, 0
    for seeds in np.random.default_rng(0).integers(values.shape[-1], size=(TABLES, num_seeds)):
        separated += any(r.low > 1 or r.high < len(values) for r in ranks(equal[:, None, seeds]))
        found = ranks(values[:, None, seeds])
        held += all(r.low <= t <= r.high for r, t in zip(found, truth, strict=True))
        groups += len({r.rank for r in found})
    return separated / TABLES, held / TABLES, groups / TABLES


def report(path: Path) -> None:
    """Print the page of a file."""
    table = pd.read_csv(path)
    learners = list(table.columns.drop(["score", "stream", "seed"]))
    groups = quantities(table, learners)
    print("# Coverage of 95 % intervals\n")
    print(
        f"Scores of {len(learners)} learners on 120 seeds, [{path.name}]({path.name}), by "
        f"`python -m benchmarks.coverage`:\n{DRAWS:,} draws a number, {RESAMPLED:,} of the "
        "bootstrap's. Seeds are drawn with replacement: the 120 are\nthe whole distribution, and "
        "their mean is the truth."
    )
    _methods(groups)
    _each(groups)
    _ranks(np.array(list(groups[TRAINABILITY, OVER_STREAMS].values())))


def _methods(groups: Mapping[Group, Mapping[str, Array]]) -> None:
    """Print the least, the median and the most coverage of each group by each method."""
    headers = ["mean of", "interval", *(f"{n} seeds" for n in SEEDS)]
    print("\n## Methods\n\nThe least, the median and the most over learners, or over their pairs.")
    for score in dict.fromkeys(score for score, _ in groups):
        methods = METHODS if score == TRAINABILITY else {"Student's t": student}
        rows = []
        for (of_score, place), group in groups.items():
            for name, method in methods.items() if of_score == score else ():
                shares = [
                    [100 * coverage(values, n, method)[0] for values in group.values()]
                    for n in SEEDS
                ]
                spans = (f"{min(s):.1f}, {np.median(s):.1f}, {max(s):.1f} %" for s in shares)
                rows.append([place, name, *spans])
        print(f"\n### {_title(score)}\n")
        print(tabulate(rows, headers, "github", disable_numparse=True))


def _each(groups: Mapping[Group, Mapping[str, Array]]) -> None:
    """Print coverage and mean width of Student's intervals of each learner."""
    headers = ["mean of", "of 120 seeds", *(f"{n} seeds" for n in SEEDS)]
    print("\n## Student's t\n\nCoverage, and the mean width.")
    for (score, place), group in groups.items():
        if place.startswith("differences"):
            continue
        rows = []
        for what, values in group.items():
            found = (coverage(values, n, student) for n in SEEDS)
            shown = (f"{100 * share:.1f} %, {width:.3f}" for share, width in found)
            rows.append([what, f"{values.mean():.3f}", *shown])
        print(f"\n### {_title(score)}, {place}\n")
        print(tabulate(rows, headers, "github", disable_numparse=True))


def _title(score: str) -> str:
    return score.replace("_", " ").capitalize()


def _ranks(values: Array) -> None:
    """Print how tables of the mean over streams rank learners, (learners, seeds)."""
    rows = []
    for n in (5, 6, *SEEDS[1:]):
        separated, held, groups = ranking(values, n)
        rows.append([n, f"{100 * separated:.1f} %", f"{100 * held:.1f} %", f"{groups:.1f}"])
    headers = ["seeds", "equal learners separated", "all positions held", "tie groups"]
    print("\n## Ranks\n")
    print(tabulate(rows, headers, "github", disable_numparse=True))
    print(f"\nTrainability, {OVER_STREAMS}, {TABLES:,} tables each.")


def main() -> None:
    """Print the page, or pack results."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("file", type=Path, nargs="?", help="print the page of this file")
    parser.add_argument("--pack", type=Path, metavar="RESULTS", help="print the file of these")
    options = parser.parse_args()
    if options.pack:
        pack(options.pack).to_csv(sys.stdout, index=False, float_format="%.4f", lineterminator="\n")
    else:
        report(options.file)


if __name__ == "__main__":
    main()
