"""How often intervals of means over seeds hold, on stored scores of 120 seeds.

    plasticity-bench run benchmarks/coverage.yaml --results results
    python -m benchmarks.coverage --pack results/coverage-v0@* > benchmarks/coverage.csv
    python -m benchmarks.coverage > benchmarks/coverage.md

coverage.csv has trainability, not clipped, of two streams and five learners. The truth is the mean
of its 120 seeds. Each draw takes n of them *with* replacement: so the 120 are the whole
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

from plasticity_bench import load_results
from plasticity_bench.statistics import LEVEL, mean_intervals, ranks
from plasticity_bench.streams import make_stream

Array = NDArray[np.float64]
Ends = tuple[Array, Array]

SCORES = Path(__file__).with_suffix(".csv")
SEEDS = (5, 10, 20)
DRAWS = 10_000
RESAMPLED = 2_000
"""Draws of the bootstrap's intervals, which take longer."""
TABLES = 2_000
"""Tables that are ranked."""
RESAMPLES = 2_000
CHUNK = 500
"""Draws that are resampled at a time."""
TAILS = ((1 - LEVEL) / 2, (1 + LEVEL) / 2)


def pack(folder: Path) -> pd.DataFrame:
    """Return the trainability of each stream and seed, before clipping, a column a learner."""
    frame = load_results(folder)
    learners = [name for name in dict.fromkeys(frame["learner"]) if name != "fresh"]
    parts = []
    for stream, of_stream in frame.groupby("stream", sort=False):
        tasks = make_stream(f"plasticity/{stream}").scored_tasks()
        measured = of_stream[of_stream["task"].isin(tasks)].pivot_table(
            "value", "seed", ["measurement", "when", "learner"]
        )
        accuracy, chance = measured["accuracy", "end"], measured["chance", "start"]["fresh"]
        gained = accuracy["fresh"] - chance
        scores = accuracy[learners].sub(chance, axis=0).div(gained, axis=0)
        parts.append(scores.reset_index().assign(stream=stream))
    return pd.concat(parts)[["stream", "seed", *learners]]


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


def quantities(scores: Mapping[str, Array], learners: list[str]) -> dict[str, dict[str, Array]]:
    """Return what is estimated, in groups: for each a number for every seed.

    Args:
        scores: of each stream, (learners, seeds).
        learners: their names.
    """
    over_streams = np.mean(list(scores.values()), axis=0)
    groups = {}
    for where, values in [*scores.items(), ("mean over both streams", over_streams)]:
        groups[where] = dict(zip(learners, values, strict=True))
        groups[f"differences, {where}"] = {
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


def report(scores: Mapping[str, Array], learners: list[str]) -> None:
    """Print the page."""
    groups = quantities(scores, learners)
    print("# Coverage of 95 % intervals\n")
    print(
        "Trainability, not clipped, of [coverage.yaml](coverage.yaml): five learners with their\n"
        "settings in the suite quick, 120 seeds. Made by `python -m benchmarks.coverage` from\n"
        f"[coverage.csv](coverage.csv), with {DRAWS:,} draws a number ({RESAMPLED:,} of the\n"
        "bootstrap's). Seeds are drawn with replacement: the 120 are the whole distribution, and\n"
        "their mean is the truth.\n"
    )
    correlations = [np.corrcoef(pair)[0, 1] for pair in zip(*scores.values(), strict=True)]
    print(
        f"A seed's scores on the two streams correlate at {min(correlations):.2f} to "
        f"{max(correlations):.2f}.\n"
    )
    found = {
        (method, name, what, n): coverage(values, n, METHODS[method])
        for method in METHODS
        for name, group in groups.items()
        for what, values in group.items()
        for n in SEEDS
    }
    _methods(found, groups)
    _each(found, groups)
    print("\n## Ranks\n")
    rows = []
    for n in (5, 6, *SEEDS[1:]):
        separated, held, of_groups = ranking(np.mean(list(scores.values()), axis=0), n)
        rows.append([n, f"{100 * separated:.1f} %", f"{100 * held:.1f} %", f"{of_groups:.1f}"])
    headers = [
        "seeds",
        "equal learners separated",
        "all positions held",
        "tie groups of 5 learners",
    ]
    print(tabulate(rows, headers, "github", disable_numparse=True))
    print(f"\nMeans over both streams, {TABLES:,} tables each.")


Found = Mapping[tuple[str, str, str, int], tuple[float, float]]


def _methods(found: Found, groups: Mapping[str, Mapping[str, Array]]) -> None:
    """Print the least and the most coverage of each group by each method."""
    rows = []
    for name, group in groups.items():
        for method in METHODS:
            row = [name, method]
            for n in SEEDS:
                shares = [100 * found[method, name, what, n][0] for what in group]
                row.append(f"{min(shares):.1f} to {max(shares):.1f} %")
            rows.append(row)
    headers = ["mean of", "interval", *(f"{n} seeds" for n in SEEDS)]
    print("## Methods\n\nThe least and the most over five learners, or ten pairs of them.\n")
    print(tabulate(rows, headers, "github", disable_numparse=True))


def _each(found: Found, groups: Mapping[str, Mapping[str, Array]]) -> None:
    """Print coverage and width of Student's intervals, and the width of percentiles."""
    headers = ["mean of", "of 120 seeds", *(f"{n} seeds" for n in SEEDS)]
    print("\n## Student's t\n\nCoverage, mean width, and in brackets that of percentiles.")
    for name, group in groups.items():
        rows = []
        for what, values in group.items():
            row = [what, f"{values.mean():.3f}"]
            for n in SEEDS:
                share, width = found["Student's t", name, what, n]
                other = found["percentile bootstrap", name, what, n][1]
                row.append(f"{100 * share:.1f} %, {width:.3f} ({other:.3f})")
            rows.append(row)
        print(f"\n### {name}\n\n{tabulate(rows, headers, 'github', disable_numparse=True)}")


def main() -> None:
    """Print the page, or pack results."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pack", type=Path, metavar="RESULTS", help="print coverage.csv of these")
    options = parser.parse_args()
    if options.pack:
        pack(options.pack).to_csv(sys.stdout, index=False, float_format="%.4f", lineterminator="\n")
        return
    table = pd.read_csv(SCORES)
    learners = list(table.columns.drop(["stream", "seed"]))
    scores = {s: rows[learners].to_numpy().T for s, rows in table.groupby("stream", sort=False)}
    report(scores, learners)


if __name__ == "__main__":
    main()
