"""That an entry's numbers can be what the protocol measured, and its scores what they give."""

import math
from collections.abc import Iterator, Mapping
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from plasticity_bench.leaderboard.case import Case, has_data, named
from plasticity_bench.leaderboard.entry import EntryCell, Place, scores_of
from plasticity_bench.leaderboard.stating import cost as cost_of
from plasticity_bench.leaderboard.stating import environments as environments_of
from plasticity_bench.leaderboard.stating import stored_scores
from plasticity_bench.streams import Stream
from plasticity_bench.suite.suite import StreamRun

EXACT = 1e-9
"""Numbers that are computed again differ by less, on whatever machine."""
REFERENCE_ACCURACY = 0.01
"""By so much the mean of the reference's accuracies over seeds may differ from machine to machine.

The quick suite's, recorded and compiled, differ by 0.0007, and a single seed's by up to 0.009.
"""
REFERENCE_RANK = 0.02
"""By such a share of itself the mean of its curvature ranks may.

Those of the quick suite are equal, for they are of networks that were not trained yet.
"""
COUNTED = 0.05
"""A share times the number of examples is a whole number to within this: float32 rounds."""


def tasks(case: Case) -> Iterator[str]:
    """What scores rest on is there once for each task that the protocol measures it in."""
    for run, own in case.cells():
        stream = run.stream
        every = list(range(stream.num_tasks))
        scored = stream.scored_tasks()
        curved = [index for index in every if case.suite.protocol.is_measured(index, scored)]
        for name, when, expected in (
            (_attained(stream), "end", every),
            ("chance", "start", every),
            ("dead_rank", "start", curved),
            (case.suite.protocol.curvature_name, "start", curved),
        ):
            found, _ = _series(own, name, when)
            if sorted(found) != expected:
                yield f"{named(own)}: {name} is not measured in the tasks that the suite says"
                break


def finite(case: Case) -> Iterator[str]:
    """Numbers of members that did not diverge are finite, and of those that did until they did."""
    for run, own in case.cells():
        info = own.block.info(0)
        said = info.get("diverged_at")
        diverged = own.block.statuses[0] == "diverged"
        at = said if type(said) is int and 0 <= said < run.stream.num_tasks else math.inf
        if diverged != (at < math.inf) or (said is not None and not diverged):
            yield f"{named(own)}: its status does not fit the task in which it diverged"
            continue
        for name, when in _scored_names(case, run):
            found, values = _series(own, name, when)
            before = [v for t, v in zip(found, values, strict=True) if t < at]
            if not np.isfinite(before).all():
                yield f"{named(own)}: {name} is not finite"
                break


def bounds(case: Case) -> Iterator[str]:
    """Accuracies and ranks are within their bounds."""
    examples = case.suite.protocol.curvature_examples
    for run, own in case.cells():
        highest = {
            case.suite.protocol.curvature_name: examples,
            "dead_rank": run.network.num_outputs,
        }
        for name, when in _scored_names(case, run):
            _, values = _series(own, name, when)
            low = -math.inf if name == "r_squared" else 0.0
            known = values[~np.isnan(values)]
            if (known < low).any() or (known > highest.get(name, 1.0) + EXACT).any():
                yield f"{named(own)}: {name} is out of its bounds"


def counts(case: Case) -> Iterator[str]:
    """An accuracy is a whole number of examples, out of all that the task has."""
    for run, own in case.cells():
        if run.stream.regression:
            continue
        found, values = _series(own, "accuracy", "end")
        for task, value in zip(found, values, strict=True):
            if not 0 <= task < run.stream.num_tasks or not np.isfinite(value):
                continue
            right = value * run.stream.size(task)
            if abs(right - round(right)) > COUNTED:
                yield f"{named(own)}: the accuracy in task {task} is no whole number of examples"
                break


def chance(case: Case) -> Iterator[str]:
    """Chance and dead rank are those of the tasks of the stated seed, made anew from the suite."""
    examples = case.suite.protocol.curvature_examples
    for run in case.suite.streams:
        if not has_data(run):
            case.notes.append(f"{run.label}: its data is not here: seeds are not checked by it")
    for run, own in case.cells():
        if not has_data(run):
            continue
        chances = dict(zip(*_series(own, "chance", "start"), strict=True))
        ranks = dict(zip(*_series(own, "dead_rank", "start"), strict=True))
        for index in run.stream.scored_tasks():
            task = run.stream.task(own.cell.seed, index)
            rank = task.dead_rank(run.network.num_outputs, examples)
            same = abs(chances.get(index, math.nan) - task.chance) < EXACT
            if not (same and ranks.get(index) == rank):
                yield f"{named(own)}: task {index} is not that of its seed: its chance is another"
                break


def reference(case: Case) -> Iterator[str]:
    """The reference does as well as in the leaderboard's own entry of it, on the same tasks."""
    published = case.published
    if published is None:
        if case.entry.manifest.learner.label != case.suite.reference:
            case.notes.append("the leaderboard has no entry of the reference to compare with")
        return
    rank = case.suite.protocol.curvature_name
    for run in case.suite.streams:
        shared = _shared(case.entry.reference, published.cells, run.label)
        if not shared:
            continue
        chances = [[_mean(own, run, "chance", "start") for own in pair] for pair in shared]
        if any(abs(ours - theirs) > EXACT for ours, theirs in chances):
            yield f"{run.label}: chance differs from the leaderboard's reference on the same seeds"
        if any(ours.block.statuses != theirs.block.statuses for ours, theirs in shared):
            yield (
                f"{run.label}: the reference diverged on other seeds than in the leaderboard's "
                "entry of it: there would be no scores"
            )
            continue
        ours, theirs = np.nanmean(
            [[_mean(o, run, _attained(run.stream), "end") for o in pair] for pair in shared], axis=0
        )
        if abs(ours - theirs) > REFERENCE_ACCURACY:
            yield (
                f"{run.label}: the reference attains {ours:.3f}, but {theirs:.3f} in the "
                "leaderboard's entry of it"
            )
        ours, theirs = np.nanmean(
            [[_mean(o, run, rank, "start") for o in pair] for pair in shared], axis=0
        )
        if abs(ours - theirs) > REFERENCE_RANK * theirs:
            yield (
                f"{run.label}: the reference has curvature rank {ours:.1f}, but {theirs:.1f} in "
                "the leaderboard's entry of it"
            )


def scores(case: Case) -> Iterator[str]:
    """Every score of the manifest is what its measurements give."""
    found = stored_scores(scores_of(case.entry, case.suite))
    stated = case.entry.manifest.scores
    if found.keys() != stated.keys():
        yield "scores are not of the suite's streams"
        return
    for stream, own in found.items():
        for name in ("trainability", "retention"):
            pairs = (getattr(own, name), getattr(stated[stream], name))
            if not _same(*pairs):
                yield f"{stream}: the stated {name} is not what the measurements give"


def cost(case: Case) -> Iterator[str]:
    """Cost and environments of the manifest are those of its cells."""
    infos = [own.block.info(0) for _, own in case.own_cells()]
    try:
        found, machines = cost_of(case.suite, infos), environments_of(infos)
    except (LookupError, TypeError):
        yield "a cell does not say what it cost"
        return
    stated = case.entry.manifest.cost
    if not math.isclose(found.seconds_per_seed, stated.seconds_per_seed, rel_tol=EXACT):
        yield "cost.seconds_per_seed is not that of its cells"
    if found.updates != stated.updates:
        yield "cost.updates is not that of the suite"
    if machines != case.entry.manifest.environments:
        yield "environments are not those of its cells"


def own_curves(case: Case) -> Iterator[str]:
    """No two seeds have the same numbers."""
    for run in case.suite.streams:
        cells = [own for r, own in case.own_cells() if r is run]
        for one, other in combinations(cells, 2):
            if _copied(one, other):
                yield f"{named(other)} is a copy of seed {one.cell.seed}"


def copied_curves(case: Case) -> Iterator[str]:
    """No cell has the numbers of another entry's."""
    for other in case.others:
        for _, own in case.own_cells():
            theirs = other.cells.get((own.cell.stream, own.cell.seed))
            if theirs and _copied(own, theirs):
                yield f"{named(own)} is a copy of {other.name}'s"
                break


def _copied(one: EntryCell, other: EntryCell) -> bool:
    """Whether losses at the ends of all tasks are equal to the bit.

    Accuracies may be: a good learner is right on every example of every task. Losses are not.
    """
    ours, theirs = _series(one, "loss", "end")[1], _series(other, "loss", "end")[1]
    finite_ones = np.isfinite(ours).any()
    return bool(finite_ones) and np.array_equal(ours, theirs, equal_nan=True)


def _scored_names(case: Case, run: StreamRun) -> list[tuple[str, str]]:
    return [
        (_attained(run.stream), "end"),
        (case.suite.protocol.curvature_name, "start"),
        ("dead_rank", "start"),
        ("chance", "start"),
    ]


def _attained(stream: Stream) -> str:
    return "r_squared" if stream.regression else "accuracy"


def _series(own: EntryCell, name: str, when: str) -> tuple[list[int], NDArray[np.float64]]:
    """Tasks and values of a measurement, in the order in which they are stored."""
    block = own.block
    if name not in block.names or when not in block.whens:
        return [], np.zeros(0)
    rows = (block.name == block.names.index(name)) & (block.when == block.whens.index(when))
    return block.task[rows].tolist(), block.value[rows]


def _mean(own: EntryCell, run: StreamRun, name: str, when: str) -> float:
    return float(own.block.means(name, when, run.stream.scored_tasks())[0])


def _shared(
    ours: Mapping[Place, EntryCell], theirs: Mapping[Place, EntryCell], stream: str
) -> list[tuple[EntryCell, EntryCell]]:
    places = [place for place in ours if place in theirs and place[0] == stream]
    return [(ours[place], theirs[place]) for place in places]


def _same(ours: list[float | None], theirs: list[float | None]) -> bool:
    return len(ours) == len(theirs) and all(
        (one is None) == (other is None)
        and (one is None or other is None or abs(one - other) < EXACT)
        for one, other in zip(ours, theirs, strict=True)
    )
