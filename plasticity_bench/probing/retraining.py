"""Runs that are trained again to the ends of their last tasks, whose states are kept."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from plasticity_bench.errors import BadInputError
from plasticity_bench.evaluation.evaluation import Evaluation, Progress
from plasticity_bench.evaluation.evaluator import evaluate
from plasticity_bench.evaluation.protocol import Protocol
from plasticity_bench.programs.population import Population
from plasticity_bench.results import Results, Run, RunResult
from plasticity_bench.running import checkpoints
from plasticity_bench.running.execution import Execution
from plasticity_bench.suite.planning import Group

NEVER = 10**9
COMPARED = (("end", "accuracy"), ("end", "r_squared"), ("end", "loss"))


def folder_of(results: Results) -> Path:
    """Return the folder of a suite's results that holds its probes and their checkpoints."""
    return results.folder / "probe"


def end_of_runs(
    results: Results,
    execution: Execution,
    group: Group,
    population: Population,
    on_task: Callable[[int], None],
) -> Progress:
    """Return the progress of a group's runs after their last task.

    It is read from its checkpoint, or the runs are trained again, from where they were interrupted.
    Training is that of the stored runs to the bit; of the measurements only a few are taken.

    Args:
        results: that hold the runs.
        execution: how they are trained.
        group: of finished runs.
        population: of the group's learners, newly made.
        on_task: called with the index of each task that is finished.

    Raises:
        BadInputError: if other numbers come out than are stored.
        Stopped: if the process is to stop; the progress is stored.
    """
    stream = group.suite_stream.stream
    keys = tuple(run.key for run in group.runs)
    file = checkpoints.path(folder_of(results), keys)
    header = checkpoints.Header(keys, execution.conditions(group.num_updates))
    begun = _resumed(file, header, population)
    if begun is None or begun.task < stream.num_tasks:
        writer = checkpoints.CheckpointWriter(file, header, execution.checkpoint_seconds)
        protocol = _light(group.protocol)
        evaluation = evaluate(stream, population, protocol, on_task, writer, begun)
        _check(results, group, evaluation)
        begun = Progress.before_task(stream.num_tasks, evaluation, population.tensors())
        checkpoints.write(file, header, begun)
    return begun


def _light(protocol: Protocol) -> Protocol:
    """A protocol under which the same is trained, and little is measured."""
    return replace(protocol, diagnostics=(), curvature_every=NEVER)


def _resumed(file: Path, header: checkpoints.Header, population: Population) -> Progress | None:
    """Load a population from a checkpoint; None if there is none, or it cannot be resumed from."""
    if not file.exists():
        return None
    try:
        stored, progress = checkpoints.read(file)
        if stored != header:
            return None
        population.load(progress.population)
    except (checkpoints.CheckpointError, BadInputError):
        return None
    return progress


def _check(results: Results, group: Group, evaluation: Evaluation) -> None:
    """Compare what was trained again with the stored runs, number by number."""
    for replica, run in enumerate(group.runs):
        stored = results.load(run)
        if stored is None:
            raise BadInputError(f"{_named(run)}: its stored results cannot be read: run it again.")
        if other := _difference(stored, evaluation, replica):
            raise BadInputError(
                f"{_named(run)}: trained again, {other}: the stored run is of another kind of "
                "processor, or of code that no key covers. Run the suite again with --no-reuse."
            )


def _difference(stored: RunResult, evaluation: Evaluation, replica: int) -> str | None:
    """The first number that differs from the stored one, in words."""
    for when, name in COMPARED:
        series = stored.series(name, when)
        for m in evaluation.measurements:
            if (m.when, m.name) != (when, name):
                continue
            ours, theirs = float(m.values[replica]), series.get(m.task, np.nan)
            if not (ours == theirs or (np.isnan(ours) and np.isnan(theirs))):
                return f"its {name} of task {m.task} is {ours:.6g}, and {theirs:.6g} is stored"
    return None


def _named(run: Run) -> str:
    return f"{run.learner} on {run.stream}, seed {run.seed}"
