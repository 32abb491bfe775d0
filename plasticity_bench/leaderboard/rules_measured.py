"""Rules on an entry's numbers: plausible measurements, and scores that follow from them."""

import math
from collections.abc import Iterator
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from plasticity_bench.leaderboard.entry import EntryRun, StreamSeed, scores_of
from plasticity_bench.leaderboard.manifest import STORED
from plasticity_bench.leaderboard.manifest_fields import cost as cost_of
from plasticity_bench.leaderboard.manifest_fields import environments as environments_of
from plasticity_bench.leaderboard.manifest_fields import stored_scores
from plasticity_bench.leaderboard.validation_context import ValidationContext, has_data, named
from plasticity_bench.streams import Stream
from plasticity_bench.suite.suite import SuiteStream

EXACT = 1e-9
"""Tolerance of numbers recomputed from stored measurements, on any machine."""
VARYING_ACCURACY = 0.01
VARYING_RANK = 0.02
"""Tolerances, the second a relative one, of the reference's means over a seed's scored tasks.

They hold where bits vary, as on a GPU. Accuracies of the quick suite's seeds differ by up to 0.009
if products are summed in another order, and ranks are equal.
"""
COUNTED = 0.05
"""A share times the number of examples is a whole number to within this: float32 rounds."""


def tasks(context: ValidationContext) -> Iterator[str]:
    """Every measurement that scores need is present once for each task in which it is measured."""
    for suite_stream, entry_run in context.runs():
        stream = suite_stream.stream
        scored = stream.scored_tasks()
        protocol = context.suite.protocol
        protocol = protocol.own_fresh if entry_run.run.is_own_fresh else protocol
        every = protocol.trained_tasks(stream.num_tasks, scored)
        curved = [index for index in every if protocol.is_measured(index, scored)]
        for name, when, expected in (
            (_attained(stream), "end", every),
            ("chance", "start", every),
            ("dead_rank", "start", curved),
            (protocol.curvature_name, "start", curved),
        ):
            measured_tasks, _ = series(entry_run, name, when)
            if sorted(measured_tasks) != expected:
                yield f"{named(entry_run)}: {name} is not measured in the tasks that the suite says"
                break


def finite(context: ValidationContext) -> Iterator[str]:
    """Numbers are finite, up to the task in which a replica diverged."""
    for suite_stream, entry_run in context.runs():
        info = entry_run.run_table.info(0)
        diverged_at = info.get("diverged_at")
        diverged = entry_run.run_table.statuses[0] == "diverged"
        at = (
            diverged_at
            if type(diverged_at) is int and 0 <= diverged_at < suite_stream.stream.num_tasks
            else math.inf
        )
        if diverged != (at < math.inf) or (diverged_at is not None and not diverged):
            yield f"{named(entry_run)}: its status does not fit the task in which it diverged"
            continue
        for name, when in _scored_names(context, suite_stream):
            measured_tasks, values = series(entry_run, name, when)
            before = [v for t, v in zip(measured_tasks, values, strict=True) if t < at]
            if not np.isfinite(before).all():
                yield f"{named(entry_run)}: {name} is not finite"
                break


def bounds(context: ValidationContext) -> Iterator[str]:
    """Accuracies and ranks are within their bounds."""
    examples = context.suite.protocol.curvature_examples
    for suite_stream, entry_run in context.runs():
        highest = {
            context.suite.protocol.curvature_name: examples,
            "dead_rank": suite_stream.network.num_outputs,
        }
        for name, when in _scored_names(context, suite_stream):
            _, values = series(entry_run, name, when)
            low = -math.inf if name == "r_squared" else 0.0
            known = values[~np.isnan(values)]
            if (known < low).any() or (known > highest.get(name, 1.0) + EXACT).any():
                yield f"{named(entry_run)}: {name} is out of its bounds"


def counts(context: ValidationContext) -> Iterator[str]:
    """An accuracy is a whole number of the task's examples."""
    for suite_stream, entry_run in context.runs():
        if suite_stream.stream.regression:
            continue
        measured_tasks, values = series(entry_run, "accuracy", "end")
        for task, value in zip(measured_tasks, values, strict=True):
            if not 0 <= task < suite_stream.stream.num_tasks or not np.isfinite(value):
                continue
            right = value * suite_stream.stream.size(task)
            if abs(right - round(right)) > COUNTED:
                yield (
                    f"{named(entry_run)}: the accuracy in task {task} is not a whole number of "
                    "examples"
                )
                break


def chance(context: ValidationContext) -> Iterator[str]:
    """Chance and dead rank equal those of the suite's tasks with the stated seed."""
    examples = context.suite.protocol.curvature_examples
    for suite_stream in context.suite.streams:
        if not has_data(suite_stream):
            context.notes.append(
                f"{suite_stream.label}: its data set is missing: chance is not checked"
            )
    for suite_stream, entry_run in context.runs():
        if not has_data(suite_stream):
            continue
        chances = dict(zip(*series(entry_run, "chance", "start"), strict=True))
        ranks = dict(zip(*series(entry_run, "dead_rank", "start"), strict=True))
        for index in suite_stream.stream.scored_tasks():
            task = suite_stream.stream.task(entry_run.run.seed, index)
            rank = task.dead_rank(suite_stream.network.num_outputs, examples)
            same = abs(chances.get(index, math.nan) - task.chance) < EXACT
            if not (same and ranks.get(index) == rank):
                yield (
                    f"{named(entry_run)}: task {index} is not that of its seed: its chance differs"
                )
                break


def reference(context: ValidationContext) -> Iterator[str]:
    """The reference's runs are the published ones, by which all entries are judged."""
    published = context.published
    if published is None:
        if context.entry.manifest.learner.label != context.suite.reference:
            yield f"there is no published entry of the reference {context.suite.reference}"
        else:
            context.notes.append("the reference's runs, since no entry of it is published")
        return
    for place, ours in sorted(context.entry.reference.items()):
        suite_stream = context.stream_of(place)
        theirs = published.runs.get(place)
        if theirs is None:
            yield f"{named(ours)} is not published: only seeds that are can be judged"
        elif suite_stream and (name := _differing(context, suite_stream, ours, theirs)):
            yield f"{named(ours)}: {name} differs from the published reference's"


def _differing(
    context: ValidationContext, suite_stream: SuiteStream, ours: EntryRun, theirs: EntryRun
) -> str:
    """What differs between two runs of the reference, of all that scores are computed from.

    Where a run need not give the same bits, as on a GPU, means are compared.
    """
    if ours.run_table.statuses != theirs.run_table.statuses:
        return "its status"
    tolerances: dict[str, dict[str, float]] = {}
    if ours.varies or theirs.varies:
        tolerances[_attained(suite_stream.stream)] = {"abs_tol": VARYING_ACCURACY}
        tolerances[context.suite.protocol.curvature_name] = {"rel_tol": VARYING_RANK}
    for name, when in _scored_names(context, suite_stream):
        if _equal(series(ours, name, when), series(theirs, name, when)):
            continue
        one, other = (_mean(run, suite_stream, name, when) for run in (ours, theirs))
        if name not in tolerances or not math.isclose(one, other, **tolerances[name]):
            return name
    return ""


def scores(context: ValidationContext) -> Iterator[str]:
    """Every score of the manifest follows from its measurements."""
    if context.entry.manifest.format < 3:
        yield "its scores are those of an earlier version of this package: submit it again"
        return
    computed = stored_scores(scores_of(context.entry, context.suite))
    stated = context.entry.manifest.scores
    if computed.keys() != stated.keys():
        yield "scores are not of the suite's streams"
        return
    for stream, of_stream in computed.items():
        for name in STORED:
            pairs = (getattr(of_stream, name) or [], getattr(stated[stream], name) or [])
            if not _same(*pairs):
                yield (
                    f"{stream}: the stated {name} differs from the one computed from the "
                    "measurements"
                )


def cost(context: ValidationContext) -> Iterator[str]:
    """Cost and environments of the manifest are those of its runs."""
    infos = [entry_run.run_table.info(0) for _, entry_run in context.own_runs()]
    try:
        computed, machines = cost_of(context.suite, infos), environments_of(infos)
    except (LookupError, TypeError):
        yield "a run does not say what it cost"
        return
    if any(info["seconds"]["train"] <= 0 for info in infos):
        yield "a run was trained in no time"
    stated = context.entry.manifest.cost
    if not math.isclose(computed.seconds_per_seed, stated.seconds_per_seed, rel_tol=EXACT):
        yield "cost.seconds_per_seed differs from that of its runs"
    if computed.updates != stated.updates:
        yield "cost.updates is not that of the suite"
    if machines != context.entry.manifest.environments:
        yield "environments differ from those of its runs"


def own_curves(context: ValidationContext) -> Iterator[str]:
    """No two seeds have the same numbers."""
    for suite_stream in context.suite.streams:
        runs = [entry_run for r, entry_run in context.own_runs() if r is suite_stream]
        for one, other in combinations(runs, 2):
            if _copied(one, other):
                yield f"{named(other)} is a copy of seed {one.run.seed}"


def copied_curves(context: ValidationContext) -> Iterator[str]:
    """No run has the numbers of another entry's run."""
    for other in context.others:
        for _, entry_run in context.own_runs():
            theirs = other.runs.get(StreamSeed(entry_run.run.stream, entry_run.run.seed))
            if theirs and _copied(entry_run, theirs):
                yield f"{named(entry_run)} is a copy of {other.name}'s"
                break


def _copied(one: EntryRun, other: EntryRun) -> bool:
    """Whether losses at the ends of all tasks are bit-identical.

    Accuracies may coincide, for instance at 1; losses do not.
    """
    ours, theirs = series(one, "loss", "end")[1], series(other, "loss", "end")[1]
    finite_ones = np.isfinite(ours).any()
    return bool(finite_ones) and np.array_equal(ours, theirs, equal_nan=True)


def _scored_names(context: ValidationContext, suite_stream: SuiteStream) -> list[tuple[str, str]]:
    return [
        (_attained(suite_stream.stream), "end"),
        (context.suite.protocol.curvature_name, "start"),
        ("dead_rank", "start"),
        ("chance", "start"),
    ]


def _attained(stream: Stream) -> str:
    return "r_squared" if stream.regression else "accuracy"


def series(entry_run: EntryRun, name: str, when: str) -> tuple[list[int], NDArray[np.float64]]:
    """Return tasks and values of a measurement, in the order in which they are stored."""
    run_table = entry_run.run_table
    if name not in run_table.names or when not in run_table.whens:
        return [], np.zeros(0)
    rows = (run_table.name == run_table.names.index(name)) & (
        run_table.when == run_table.whens.index(when)
    )
    return run_table.task[rows].tolist(), run_table.value[rows]


def _mean(entry_run: EntryRun, suite_stream: SuiteStream, name: str, when: str) -> float:
    return float(entry_run.run_table.means(name, when, suite_stream.stream.scored_tasks())[0])


def _equal(
    ours: tuple[list[int], NDArray[np.float64]], theirs: tuple[list[int], NDArray[np.float64]]
) -> bool:
    return ours[0] == theirs[0] and np.array_equal(ours[1], theirs[1], equal_nan=True)


def _same(ours: list[float | None], theirs: list[float | None]) -> bool:
    return len(ours) == len(theirs) and all(
        (one is None) == (other is None)
        and (one is None or other is None or abs(one - other) < EXACT)
        for one, other in zip(ours, theirs, strict=True)
    )
