"""Scores of what is stored, from a results folder alone: no suite's file, no data sets."""

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

from plasticity_bench.errors import BadInputError, did_you_mean
from plasticity_bench.evaluation.protocol import Protocol
from plasticity_bench.results import Cell, CellResult, Results, asked
from plasticity_bench.scoring.scores import Score, means_by_seed, scores_by_seed
from plasticity_bench.streams import make_stream, registered_streams
from plasticity_bench.streams.stream import last_tenth

Place = tuple[str, str]
"""A stream's label and a learner's."""

Stored = list[tuple[Cell, CellResult]]
"""Finished cells, by stream, learner and seed."""


def current(results: Results) -> Stored:
    """Return the finished cells that were asked for last, one for each stream, learner and seed.

    Of a learner that has changed, what was run before is left out. Where nothing tells what was
    asked for, the settings with most seeds are taken.

    Raises:
        BadInputError: if there is none.
    """
    stored = list(results.stored())
    wanted = {cell.address for cell in asked(results.folder).cells}
    if wanted:
        stored = [own for own in stored if own[0].address in wanted]
    if not stored:
        raise BadInputError(
            f"{results.folder} holds no finished results. Give the folder that `plasticity-bench "
            "run` names in its last line."
        )
    return _of_one_setting(stored)


def scores(results: Results, cells: Stored, reference: str) -> dict[Place, dict[int, Score]]:
    """Return by stream and learner the score of each seed that the reference has too.

    Args:
        results: where the cells are.
        cells: those to be scored, the reference's among them.
        reference: the label of the learner that scores are relative to.

    Raises:
        BadInputError: if the reference has no results.
    """
    learners = {cell.learner for cell, _ in cells}
    if reference not in learners:
        raise BadInputError(
            f"There are no results of the reference {reference!r}. Name another by --reference. "
            f"{did_you_mean(reference, learners)}"
        )
    by_place: dict[Place, list[Cell]] = {}
    for cell, _ in cells:
        by_place.setdefault((cell.stream, cell.learner), []).append(cell)
    means = {
        place: means_by_seed(results, own, _protocol(own[0]), scored_tasks(own[0]))
        for place, own in by_place.items()
    }
    return {
        place: scores_by_seed(own, means.get((place[0], reference), {}))
        for place, own in means.items()
    }


def scored_tasks(cell: Cell) -> list[int]:
    """Return the tasks of a cell's stream that scores are computed from.

    They are as the stream has them, if it is registered; nothing is imported by a name that a file
    gives. Of any other stream they are the last tenth.
    """
    stream = cell.identity.get("stream", {})
    name, parameters = str(stream.get("id", "")).rpartition(":")[2], stream.get("parameters", {})
    if name in registered_streams():
        try:
            return make_stream(name, **parameters).scored_tasks()
        except (BadInputError, TypeError, ValueError):
            pass  # its parameters have changed since
    return last_tenth(range(int(parameters.get("num_tasks", 1))))


def _protocol(cell: Cell) -> Protocol:
    stored: dict[str, Any] = cell.identity.get("protocol", {})
    return Protocol(curvature_examples=stored.get("curvature_examples", 512))


def _of_one_setting(stored: Stored) -> Stored:
    def setting(cell: Cell) -> str:
        return repr({name: v for name, v in cell.identity.items() if name != "seed"})

    num_seeds = Counter((c.stream, c.learner, setting(c)) for c, _ in stored)
    best: dict[Place, str] = {}
    for stream, learner, own in num_seeds:
        chosen = best.setdefault((stream, learner), own)
        if num_seeds[stream, learner, own] > num_seeds[stream, learner, chosen]:
            best[stream, learner] = own
    return [own for own in stored if best[own[0].stream, own[0].learner] == setting(own[0])]


def ranked(found: dict[Place, dict[int, Score]], learners: Sequence[str]) -> list[str]:
    """Return learners by their mean trainability over streams, the best first."""

    def merit(learner: str) -> float:
        own = [of_seed for (_, label), of_seed in found.items() if label == learner]
        means = [sum(s.trainability for s in o.values()) / len(o) for o in own if o]
        known = [mean for mean in means if not math.isnan(mean)]
        return sum(known) / len(known) if known and len(known) == len(own) else -1.0

    return sorted(learners, key=merit, reverse=True)
