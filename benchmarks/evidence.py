"""What the scores of the quick suite say, and what the suites' streams demand, for docs/scores.md.

    leaderboard/make_entries.sh
    python -m benchmarks.evidence --learners results/quick-v1@* --write docs/scores.md
    python -m benchmarks.evidence results/quick-v1@* results/paper-v1@* --write docs/scores.md

The first command makes a table of the learners on one stream: the accuracies that their scores are
made of. The second makes one of streams: how far the tuned reference gets, and what is left of Adam
with the step size of a single task.
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
UNTUNED = ("adam_as_fresh", "adam")
"""Labels of Adam with the step size of the reference: the first that a suite has."""


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
            label = next(name for name in UNTUNED if (stream, name) in scores.index)
            untuned = scores.loc[stream, label]
            rows.append(
                [
                    folder.name.partition("@")[0],
                    stream,
                    scores.loc[stream, REFERENCE].accuracy,
                    _first(frame, stream, label),
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
    """Print the tables, or write them into a page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="*", type=Path, help="results of suites")
    parser.add_argument("--learners", type=Path, metavar="FOLDER", help="results with all learners")
    parser.add_argument("--stream", default="RandomLabelDigits-v0", help="of the learners' table")
    parser.add_argument("--write", type=Path, metavar="PAGE", help="a page with the comments")
    options = parser.parse_args()
    if options.learners:
        generated.write(options.write, "evidence", of_learners(options.learners, options.stream))
    if options.folders:
        generated.write(options.write, "streams", of_streams(options.folders))


if __name__ == "__main__":
    main()
