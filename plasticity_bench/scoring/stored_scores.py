"""Scores of what is stored, from a results folder alone: no suite's file, no data sets."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from plasticity_bench.errors import BadInputError
from plasticity_bench.evaluation.protocol import Protocol
from plasticity_bench.results import LearnerOnStream, Run, Selection
from plasticity_bench.scoring.scores import SCORES, Means, Score, means_by_seed, scores_by_seed
from plasticity_bench.streams import make_stream, registered_streams
from plasticity_bench.streams.stream import last_tenth

Scores = dict[LearnerOnStream, dict[int, Score]]
"""By stream and learner, of each seed."""


def scores(selection: Selection) -> Scores:
    """Return the scores of a selection's finished runs, of the seeds that the reference has too.

    Raises:
        BadInputError: if it has no runs of the reference.
    """
    selection.check_reference()

    def means(runs: Sequence[Run]) -> dict[int, Means]:
        if not runs:
            return {}
        tasks = scored_tasks(selection, runs[0])
        return means_by_seed(selection.results, runs, protocol(runs[0]), tasks)

    of_learners = {group: means(runs) for group, runs in selection.groups.items()}
    scored = {}
    for group, by_seed in of_learners.items():
        reference = of_learners.get(LearnerOnStream(group.stream, selection.reference), {})
        if selection.notes(group).own_fresh:
            own_fresh = by_seed
        else:
            own_fresh = means(selection.copies.get(group, ()))
        scored[group] = scores_by_seed(by_seed, reference, own_fresh)
    return scored


def scored_tasks(selection: Selection, run: Run) -> list[int]:
    """Return the tasks of a run's stream that scores are computed from.

    They are stored with the request. Those of results of earlier versions are as the stream has
    them, if it is registered, else the last tenth; nothing is imported by a name that a file gives.
    """
    if run.stream in selection.requests.scoring.tasks:
        return list(selection.requests.scoring.tasks[run.stream])
    stream = run.identity.get("stream", {})
    name, parameters = str(stream.get("id", "")).rpartition(":")[2], stream.get("parameters", {})
    if name in registered_streams():
        try:
            return make_stream(name, **parameters).scored_tasks()
        except (BadInputError, TypeError, ValueError):
            pass  # its parameters have changed since
    return last_tenth(range(int(parameters.get("num_tasks", 1))))


def protocol(run: Run) -> Protocol:
    """Return the protocol of a run, as far as scores depend on it."""
    stored: dict[str, Any] = run.identity.get("protocol", {})
    return Protocol(curvature_examples=stored.get("curvature_examples", 512))


def ranked(scores: Scores, learners: Sequence[str]) -> list[str]:
    """Return learners by mean trainability over the streams that have one, the best first."""

    def mean(learner: str) -> float:
        of_streams = [by_seed for group, by_seed in scores.items() if group.learner == learner]
        known = [
            [s.trainability for s in by_seed.values() if not math.isnan(s.trainability)]
            for by_seed in of_streams
        ]
        means = [sum(values) / len(values) for values in known if values]
        return sum(means) / len(means) if means and all(of_streams) else -math.inf

    return sorted(learners, key=mean, reverse=True)


def common_seeds(
    scores: Mapping[LearnerOnStream, Mapping[int, Score]],
    streams: Sequence[str],
    learner: str,
    name: str,
) -> np.ndarray:
    """Return a learner's score, (streams, seeds), of the seeds that are finished on all streams.

    Args:
        scores: by stream and learner, of each seed.
        streams: labels.
        learner: its label.
        name: of the score, a name of `SCORES`.
    """
    of_streams = [scores.get(LearnerOnStream(stream, learner), {}) for stream in streams]
    seeds = sorted(set.intersection(*map(set, of_streams)))
    field = SCORES[name]
    return np.array([[getattr(of_seed[s], field) for s in seeds] for of_seed in of_streams])
