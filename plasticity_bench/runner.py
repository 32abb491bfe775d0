"""Plan a suite's cells, skip the finished, group the rest into populations, run them."""

import os
import traceback
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import torch

from plasticity_bench import engines
from plasticity_bench.errors import LearnerError
from plasticity_bench.evaluator import Evaluation, evaluate
from plasticity_bench.lookup import source_files
from plasticity_bench.population import Member, Population
from plasticity_bench.protocol import Protocol
from plasticity_bench.provenance import environment, hash_files
from plasticity_bench.results import Cell, Results, Row
from plasticity_bench.suite import Contender, StreamRun, Suite

MAX_MEMBERS = 16
"""Members in one population: beyond it their state leaves a CPU core's cache."""


@dataclass(frozen=True)
class Group:
    """Cells that run as one population: one stream, one learner, several seeds."""

    run: StreamRun
    contender: Contender
    protocol: Protocol
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Outcome:
    """What became of a group.

    Attributes:
        seconds: wall time.
        num_diverged: members that diverged.
        error: what its learner did wrong, in a sentence; None if its cells are stored.
    """

    seconds: float = 0.0
    num_diverged: int = 0
    error: str | None = None


def plan(suite: Suite, contenders: Iterable[Contender], seeds: range) -> list[Group]:
    """Return every group of a suite, finished or not, in the order of `contenders`."""
    identities = {run.label: _stream_identity(run) for run in suite.streams}
    groups = []
    for contender in contenders:
        protocol = suite.protocol
        if contender.label == suite.reference:  # the control is always told where tasks begin
            protocol = replace(protocol, reveal_boundaries=True)
        for run in suite.streams:
            identity = {
                **identities[run.label],
                "learner": _learner_identity(contender),
                "protocol": vars(protocol),
            }
            cells = tuple(
                Cell(run.label, contender.label, seed, {**identity, "seed": seed}) for seed in seeds
            )
            groups.append(Group(run, contender, protocol, cells))
    return groups


def remaining(groups: Sequence[Group], results: Results) -> list[Group]:
    """Return what is still to be run: groups of at most `MAX_MEMBERS` unfinished cells."""
    left = []
    for group in groups:
        cells = [cell for cell in group.cells if not results.is_finished(cell)]
        for start in range(0, len(cells), MAX_MEMBERS):
            left.append(replace(group, cells=tuple(cells[start : start + MAX_MEMBERS])))
    return left


def run(
    groups: Sequence[Group],
    results: Results,
    jobs: int,
    on_task: Callable[[int, int], None],
    on_outcome: Callable[[int, Outcome], None],
) -> int:
    """Run groups in up to `jobs` processes; return how many of them failed.

    Args:
        groups: what to run.
        results: where the processes store finished cells.
        jobs: how many groups run at a time.
        on_task: called with a group's index and a task's when the group has finished that task.
        on_outcome: called with a group's index and what became of it, when it ends.
    """
    num_failed = 0
    work = partial(run_group, results)
    for index, outcome in engines.run_local(work, groups, jobs, on_task):
        if isinstance(outcome, Exception):  # its process died, or this package has a fault
            outcome = Outcome(error=f"{type(outcome).__name__}: {outcome}")  # noqa: PLW2901
        on_outcome(index, outcome)
        num_failed += outcome.error is not None
    return num_failed


def run_group(results: Results, group: Group, on_task: Callable[[int], None]) -> Outcome:
    """Run one group and store its cells; a learner's own error is stored, not raised."""
    torch.set_num_threads(1)  # results are bitwise reproducible, and processes do not compete
    members = [Member(cell.seed, group.contender.learner) for cell in group.cells]
    try:
        population = Population(members, group.run.network)
        evaluation = evaluate(group.run.stream, population, group.protocol, on_task)
    except LearnerError as error:
        trace = "".join(traceback.format_exception(error))
        for cell in group.cells:
            results.save_failure(cell, trace, _provenance(group))
        return Outcome(error=str(error))
    _save(group, results, evaluation)
    diverged = int((evaluation.diverged_at >= 0).sum())
    return Outcome(evaluation.train_seconds + evaluation.measure_seconds, diverged)


def available_cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _save(group: Group, results: Results, evaluation: Evaluation) -> None:
    share = 1 / len(group.cells)
    seconds = {
        "train": evaluation.train_seconds * share,
        "measure": evaluation.measure_seconds * share,
        "total": (evaluation.train_seconds + evaluation.measure_seconds) * share,
    }
    for member, cell in enumerate(group.cells):
        rows = [
            Row(m.task, m.when, m.name, float(m.values[member])) for m in evaluation.measurements
        ]
        diverged_at = int(evaluation.diverged_at[member])
        info = {
            "status": "complete" if diverged_at < 0 else "diverged",
            "diverged_at": None if diverged_at < 0 else diverged_at,
            "seconds": seconds,
            "members": len(group.cells),
            **_provenance(group),
        }
        results.save(cell, rows, info)


def _provenance(group: Group) -> dict[str, object]:
    return {"vectorized": group.contender.learner.vectorized, "environment": environment()}


def _stream_identity(run: StreamRun) -> dict[str, object]:
    stream = {
        "id": run.id,
        "parameters": run.stream.parameters(),
        "fingerprint": run.stream.fingerprint(),
    }
    return {"stream": stream, "network": vars(run.network)}


def _learner_identity(contender: Contender) -> dict[str, object]:
    cls = type(contender.learner)
    return {
        "class": cls.__name__,
        "source": hash_files(source_files(cls)),
        "hyperparameters": contender.learner.hyperparameters(),
    }
