"""The tables of the standard suite, for docs/standard.md and README.md.

    plasticity-bench run standard
    python -m benchmarks.standard results/standard-v0@* --write docs/standard.md --readme README.md

The first table has the mean of each score over streams, computed for each seed, with Student's
interval over seeds. The others have one score each, by stream.
"""

import argparse
from pathlib import Path

from tabulate import tabulate

from benchmarks import generated
from benchmarks.paper import (
    CURVATURE,
    ONLINE,
    REFERENCE,
    RETAINED,
    TRAINABILITY,
    Scores,
    of_learners,
)
from plasticity_bench.statistics import format_interval, mean_interval

SCORES = (TRAINABILITY, RETAINED, CURVATURE, ONLINE)


def means(scores: Scores) -> str:
    """Return a table of learners, best first, with the mean of each score over streams."""
    by_learner = {
        name: [mean_interval(scores.of(column, name, scores.streams)) for column in SCORES]
        for name in (REFERENCE, *scores.learners)
    }
    best_first = sorted(by_learner, key=lambda name: -by_learner[name][0].mean)
    cells = [[name, *map(format_interval, by_learner[name])] for name in best_first]
    headers = ["learner", *(column.replace("_", " ") for column in SCORES)]
    return tabulate(cells, headers, tablefmt="github", disable_numparse=True)


def main() -> None:
    """Print the tables, or write them into pages."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path, help="results of the suite standard")
    parser.add_argument("--write", type=Path, metavar="PAGE", help="a page with both comments")
    parser.add_argument("--readme", type=Path, metavar="PAGE", help="for the first table alone")
    options = parser.parse_args()
    scores = Scores.of_folder(options.folder)
    first = means(scores)
    parts = [first, *(of_learners(scores, column) for column in SCORES)]
    generated.write(options.write, "standard suite's tables", "\n\n".join(parts))
    if options.readme:
        generated.write(options.readme, "standard suite's table", first)


if __name__ == "__main__":
    main()
