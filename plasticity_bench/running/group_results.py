"""Store what a group's runs gave, or why they failed."""

import contextlib
from collections.abc import Iterable
from dataclasses import asdict

from plasticity_bench import portability
from plasticity_bench.evaluation.evaluation import Evaluation
from plasticity_bench.programs.population import Population
from plasticity_bench.provenance import environment
from plasticity_bench.results import Results, Row, Run
from plasticity_bench.running.execution import Execution
from plasticity_bench.suite.planning import Group


def save_failure(runs: Iterable[Run], results: Results, trace: str) -> None:
    """Store that runs failed, and why."""
    for run in runs:
        # Where a disk is full there is no room for this either: the run is just not finished.
        with contextlib.suppress(OSError):
            results.save_failure(run, trace, {"environment": environment()})


def save(
    results: Results,
    execution: Execution,
    group: Group,
    population: Population,
    evaluation: Evaluation,
) -> None:
    """Store what the runs of a group measured, and how they were executed.

    Raises:
        OSError: if they cannot be written.
    """
    executed: dict[str, object] = {
        **execution.record(),
        "recorded": population.unrecorded or True,
        "record": _record(population),
        "compiled": population.compiled,
        "fallback": population.fallback,
        "varies": [*population.varies, *filter(None, [portability.unpinned()])],
        "members": len(group.runs),
    }
    share = 1 / len(group.runs)
    seconds = {
        "prepare": evaluation.prepare_seconds * share,
        "train": evaluation.train_seconds * share,
        "measure": evaluation.measure_seconds * share,
    }
    for replica, run in enumerate(group.runs):
        rows = [
            Row(m.task, m.when, m.name, float(m.values[replica])) for m in evaluation.measurements
        ]
        diverged_at = int(evaluation.diverged_at[replica])
        info = {
            "status": "complete" if diverged_at < 0 else "diverged",
            "diverged_at": None if diverged_at < 0 else diverged_at,
            "seconds": seconds,
            "execution": executed,
            "environment": environment(),
            **group.notes,
        }
        results.save(run, rows, info)


def _record(population: Population) -> dict[str, object] | None:
    """What is stored of a learner's record: its digest and its costs; None without a record."""
    costs, record = population.costs, population.record
    if costs is None or record is None:
        return None
    return {"digest": record.digest(), **asdict(costs)}
