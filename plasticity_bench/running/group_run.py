"""Run one group in this process, and store its results."""

import gc
import re
import traceback
from collections.abc import Callable
from dataclasses import replace

import torch

from plasticity_bench import stopping
from plasticity_bench.errors import PlasticityBenchError
from plasticity_bench.evaluation.evaluation import Evaluation
from plasticity_bench.evaluation.evaluator import evaluate
from plasticity_bench.measurements import MEASUREMENTS
from plasticity_bench.measurements.hidden import unclear_function
from plasticity_bench.programs.population import Population, Replica
from plasticity_bench.results import Results
from plasticity_bench.running import locks
from plasticity_bench.running.execution import Execution
from plasticity_bench.running.group_results import save, save_failure
from plasticity_bench.running.outcome import Outcome, together
from plasticity_bench.running.resume import GroupCheckpoint
from plasticity_bench.safe_files import remove_file
from plasticity_bench.standard_output import kept_for_data
from plasticity_bench.suite.planning import Group


@kept_for_data()
def run_group(
    results: Results, execution: Execution, group: Group, on_task: Callable[[int], None]
) -> Outcome:
    """Run those runs of a group that no other process works on, and store them.

    A learner's error is stored, not raised.
    """
    keys = [run.key for run in group.runs]
    with locks.claimed(results.folder, keys) as claimed:
        busy = tuple(index for index, key in enumerate(keys) if key not in claimed)
        # Another process may have finished some since this was planned.
        left = [
            index
            for index, run in enumerate(group.runs)
            if index not in busy and not results.is_finished(run)
        ]
        if not left:
            return Outcome(busy=busy)
        with execution.in_effect():
            outcome = _run_population(results, execution, group.part(left), on_task)
        if group.checkpoint is not None and outcome.complete and not busy:
            remove_file(group.checkpoint)
        return replace(outcome, busy=busy)


def _run_population(
    results: Results, execution: Execution, group: Group, on_task: Callable[[int], None]
) -> Outcome:
    checkpoint = GroupCheckpoint(results, execution, group)
    try:
        population, evaluation = _evaluated(execution, group, on_task, checkpoint)
    except stopping.Stopped:
        return Outcome(stopped=True, notes=tuple(checkpoint.notes))
    except Exception as error:  # the learner's, or the stream's: other groups continue
        too_large = _out_of_memory(error)
        trace = "".join(traceback.format_exception(error))
        message = str(error) if isinstance(error, PlasticityBenchError) else repr(error)
    else:
        return _stored(results, execution, group, checkpoint, population, evaluation)
    if len(group.runs) == 1:
        save_failure(group.runs, results, trace)
        return Outcome(error=message, notes=tuple(checkpoint.notes))
    # Here the error is gone, and with it what its traceback held in memory.
    gc.collect()
    begun = replace(group, checkpoint=checkpoint.newest)
    if too_large or group.differing:
        note = _does_not_fit(group) if too_large else None
        outcome = _run_halves(results, execution, begun, on_task, note)
    else:
        outcome = _run_singly(results, execution, begun, on_task, message, trace)
    if outcome.complete:
        checkpoint.remove()
    return outcome


def population_of(execution: Execution, group: Group) -> Population:
    """Return a group's replicas, newly initialised. Raises as `Population`."""
    pairs = zip(group.runs, group.learners, strict=True)
    return Population(
        [Replica(run.seed, learner) for run, learner in pairs],
        group.suite_stream.network,
        compile_updates=execution.compiles(group.num_updates),
        device=execution.device,
    )


def _evaluated(
    execution: Execution,
    group: Group,
    on_task: Callable[[int], None],
    checkpoint: GroupCheckpoint,
) -> tuple[Population, Evaluation]:
    """Train and measure a group's replicas, resuming from its checkpoint."""
    stream, population = group.suite_stream.stream, population_of(execution, group)
    begun = checkpoint.resume(population)
    return population, evaluate(
        stream, population, group.protocol, on_task, checkpoint.writer, begun
    )


def _stored(
    results: Results,
    execution: Execution,
    group: Group,
    checkpoint: GroupCheckpoint,
    population: Population,
    evaluation: Evaluation,
) -> Outcome:
    """Store a group's results, and remove its checkpoint."""
    try:
        save(results, execution, group, population, evaluation)
    except OSError as error:
        message = f"its results cannot be stored: {error}"
        return Outcome(error=message, notes=tuple(checkpoint.notes))
    checkpoint.remove()
    if unclear := _unclear_units(group, population):
        checkpoint.notes.append(unclear)
    if population.unrecorded:
        checkpoint.notes.append(
            f"{group.label} is not recorded, so it cannot be verified: {population.unrecorded}."
        )
    if population.fallback:
        checkpoint.notes.append(f"not compiled: {population.fallback}")
    return Outcome(
        seconds=evaluation.prepare_seconds + evaluation.train_seconds + evaluation.measure_seconds,
        num_diverged=int((evaluation.diverged_at >= 0).sum()),
        notes=tuple(checkpoint.notes),
    )


def _unclear_units(group: Group, population: Population) -> str | None:
    """Why diagnostics of hidden units have no values; None where they have, or none is taken."""
    names = [d.name for d in group.protocol.diagnostics if MEASUREMENTS[d.name].of_units]
    function = unclear_function(population.module, population.example_inputs) if names else ""
    if not function:
        return None
    return (
        f"{group.label}: {', '.join(names)} are n/a: its network calls {function}(), and whether "
        "that makes hidden units is not known. Use an activation that PyTorch has as a module."
    )


def _run_halves(
    results: Results,
    execution: Execution,
    group: Group,
    on_task: Callable[[int], None],
    note: str | None,
) -> Outcome:
    """Run a group as two: it does not fit into memory, or one of its settings fails.

    Both halves resume from the group's checkpoint.
    """
    size = len(group.runs)
    middle = -(-size // 2)
    halves = [group.part(range(middle)), group.part(range(middle, size))]
    outcomes = [_run_population(results, execution, half, on_task) for half in halves]
    return together(group, halves, outcomes, note)


def _run_singly(
    results: Results,
    execution: Execution,
    group: Group,
    on_task: Callable[[int], None],
    message: str,
    trace: str,
) -> Outcome:
    """Run each seed of a group that has failed by itself, so that not all fail with one.

    If the first two fail in the same way, so do all: the others are not tried.
    """
    parts = [group.part([index]) for index in range(len(group.runs))]
    outcomes: list[Outcome] = []
    for index, part in enumerate(parts):
        if index == 2 and all(_alike(outcome.error, message) for outcome in outcomes):
            left = group.runs[index:]
            save_failure(left, results, trace)
            return together(group, parts[:index], outcomes, None)
        outcomes.append(_run_population(results, execution, part, on_task))
    return together(group, parts, outcomes, None)


def _alike(one: str | None, other: str) -> bool:
    """Whether two errors are the same but for numbers, such as the seed's."""
    return one is not None and re.sub(r"\d+", "0", one) == re.sub(r"\d+", "0", other)


def _does_not_fit(group: Group) -> str:
    size = len(group.runs)
    half = -(-size // 2)
    return f"{group.label}: {size} replicas did not fit into memory; {half} were tried."


def _out_of_memory(error: BaseException | None) -> bool:
    """Whether memory ran out, in a hook of a learner or elsewhere."""
    while error is not None:
        if isinstance(error, MemoryError | torch.OutOfMemoryError):
            return True
        if isinstance(error, RuntimeError) and "DefaultCPUAllocator" in str(error):
            return True
        error = error.__cause__
    return False
