"""Scores of what is stored, from a results folder alone: no suite's file, no data sets."""

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

from plasticity_bench.errors import BadInputError, did_you_mean
from plasticity_bench.evaluation.protocol import Protocol
from plasticity_bench.results import LearnerOnStream, Results, Run, RunResult, read_requests
from plasticity_bench.scoring.scores import Score, means_by_seed, scores_by_seed
from plasticity_bench.streams import make_stream, registered_streams
from plasticity_bench.streams.stream import last_tenth

Stored = list[tuple[Run, RunResult]]
"""Finished runs, by stream, learner and seed."""


def current(results: Results) -> Stored:
    """Return the finished runs that were asked for last, one for each stream, learner and seed.

    Runs of earlier versions of a learner are left out. Without a stored request, the settings
    with most seeds are used.

    Raises:
        BadInputError: if there is none.
    """
    stored = list(results.stored())
    wanted = {run.address for run in read_requests(results.folder).runs}
    if wanted:
        stored = [(run, result) for run, result in stored if run.address in wanted]
    if not stored:
        raise BadInputError(
            f"{results.folder} holds no finished results. Give the folder that `plasticity-bench "
            "run` names in its last line."
        )
    return _of_one_setting(stored)


def scores(
    results: Results, runs: Stored, reference: str
) -> dict[LearnerOnStream, dict[int, Score]]:
    """Return by stream and learner the score of each seed that the reference has too.

    Args:
        results: where the runs are.
        runs: those to be scored, the reference's among them.
        reference: the label of the learner that scores are relative to.

    Raises:
        BadInputError: if the reference has no results.
    """
    learners = {run.learner for run, _ in runs}
    if reference not in learners:
        raise BadInputError(
            f"There are no results of the reference {reference!r}. Name another by --reference. "
            f"{did_you_mean(reference, learners)}"
        )
    by_group: dict[LearnerOnStream, list[Run]] = {}
    for run, _ in runs:
        by_group.setdefault(run.group, []).append(run)
    means = {
        group: means_by_seed(results, of_group, _protocol(of_group[0]), scored_tasks(of_group[0]))
        for group, of_group in by_group.items()
    }
    return {
        group: scores_by_seed(by_seed, means.get(LearnerOnStream(group.stream, reference), {}))
        for group, by_seed in means.items()
    }


def scored_tasks(run: Run) -> list[int]:
    """Return the tasks of a run's stream that scores are computed from.

    They are as the stream has them, if it is registered; nothing is imported by a name that a file
    gives. Of any other stream they are the last tenth.
    """
    stream = run.identity.get("stream", {})
    name, parameters = str(stream.get("id", "")).rpartition(":")[2], stream.get("parameters", {})
    if name in registered_streams():
        try:
            return make_stream(name, **parameters).scored_tasks()
        except (BadInputError, TypeError, ValueError):
            pass  # its parameters have changed since
    return last_tenth(range(int(parameters.get("num_tasks", 1))))


def _protocol(run: Run) -> Protocol:
    stored: dict[str, Any] = run.identity.get("protocol", {})
    return Protocol(curvature_examples=stored.get("curvature_examples", 512))


def _of_one_setting(stored: Stored) -> Stored:
    def setting(run: Run) -> str:
        return repr({name: v for name, v in run.identity.items() if name != "seed"})

    num_seeds = Counter((run.group, setting(run)) for run, _ in stored)
    chosen: dict[LearnerOnStream, str] = {}
    for group, candidate in num_seeds:
        best = chosen.setdefault(group, candidate)
        if num_seeds[group, candidate] > num_seeds[group, best]:
            chosen[group] = candidate
    return [(run, result) for run, result in stored if chosen[run.group] == setting(run)]


def ranked(scores: dict[LearnerOnStream, dict[int, Score]], learners: Sequence[str]) -> list[str]:
    """Return learners by mean trainability over the streams that have one, the best first."""

    def mean(learner: str) -> float:
        of_streams = [by_seed for group, by_seed in scores.items() if group.learner == learner]
        known = [
            [s.trainability for s in by_seed.values() if not math.isnan(s.trainability)]
            for by_seed in of_streams
        ]
        means = [sum(values) / len(values) for values in known if values]
        return sum(means) / len(means) if means and all(of_streams) else -1.0

    return sorted(learners, key=mean, reverse=True)
