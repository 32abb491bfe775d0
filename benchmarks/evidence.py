"""What the scores of the quick suite say, and what its streams demand, for docs/scores.md.

    leaderboard/make_entries.sh
    python -m benchmarks.evidence results/quick-v1@* results/quick-boundaries-v1@* \
        --write docs/scores.md

The first table has, for each learner on one stream of the first folder, the accuracies that its
scores are made of.
The second has, for each stream, how far the tuned reference gets, and what is left of Adam with the
step size of a single task.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from tabulate import tabulate

from benchmarks import generated
from plasticity_bench import load_results
from plasticity_bench.results import Results
from plasticity_bench.results.run import own_fresh_label

REFERENCE = "fresh"
UNTUNED = "adam_as_fresh"


def own_fresh_accuracy(folder: Path, stream: str, learner: str) -> float:
    """Return the mean of a learner's own fresh copy, over scored tasks and seeds that converged."""
    stored = Results(folder)
    label = own_fresh_label(learner)
    values = [t.means("accuracy", "end", None) for t in stored.run_tables(stream, label)]
    return float(np.nanmean(np.concatenate(values))) if values else float("nan")


def of_learners(folder: Path, stream: str) -> str:
    """Return a table of every learner on a stream, best first."""
    frame = load_results(folder)
    scores = frame[frame.stream == stream].scores().sort_values("trainability", ascending=False)
    rows = []
    for row in scores.itertuples():
        own = row.accuracy
        if row.learner != REFERENCE:
            own = own_fresh_accuracy(folder, stream, row.learner)
        rows.append(
            [
                row.learner,
                _first(frame, stream, row.learner),
                row.accuracy,
                own,
                row.trainability,
                row.retained_plasticity,
                row.curvature_retention,
                row.online_accuracy,
            ]
        )
    headers = [
        "learner",
        "first task",
        "scored tasks",
        "own fresh copy",
        "trainability",
        "retained plasticity",
        "curvature retention",
        "online accuracy",
    ]
    return tabulate(rows, headers, tablefmt="github", floatfmt=".2f")


def of_streams(folders: Sequence[Path]) -> str:
    """Return a table of what each stream of some suites demands."""
    rows = []
    for folder in folders:
        frame = load_results(folder)
        scores = frame.scores().set_index(["stream", "learner"])
        for stream in dict.fromkeys(scores.index.get_level_values("stream")):
            untuned = scores.loc[stream, UNTUNED]
            rows.append(
                [
                    folder.name.partition("@")[0],
                    stream,
                    scores.loc[stream, REFERENCE].accuracy,
                    _first(frame, stream, UNTUNED),
                    untuned.accuracy,
                    untuned.retained_plasticity,
                ]
            )
    headers = [
        "suite",
        "stream",
        "tuned reference, scored tasks",
        "untuned Adam, first task",
        "untuned Adam, scored tasks",
        "untuned Adam, retained plasticity",
    ]
    return tabulate(rows, headers, tablefmt="github", floatfmt=".2f")


def _first(frame: pd.DataFrame, stream: str, learner: str) -> float:
    wanted = (frame.stream == stream) & (frame.learner == learner) & (frame.task == 0)
    of_task = frame[wanted & (frame.measurement == "accuracy") & (frame.when == "end")]
    return float(of_task.value.mean())


def main() -> None:
    """Print both tables, or write them into a page between its two comments."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="+", type=Path, help="results of suites")
    parser.add_argument("--stream", default="RandomLabelDigits-v0", help="of the first table")
    parser.add_argument("--write", type=Path, metavar="PAGE", help="a page with both comments")
    options = parser.parse_args()
    learners = of_learners(options.folders[0], options.stream)
    generated.write(options.write, "evidence", f"{learners}\n\n{of_streams(options.folders)}")


if __name__ == "__main__":
    main()
