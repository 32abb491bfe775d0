"""Run one group of cells in this process, and store what comes of it."""

import contextlib
import gc
import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import torch

from plasticity_bench import stopping
from plasticity_bench.errors import PlasticityBenchError
from plasticity_bench.evaluation.evaluation import Evaluation
from plasticity_bench.evaluation.evaluator import evaluate
from plasticity_bench.population.population import Member, Population
from plasticity_bench.provenance import environment
from plasticity_bench.results import Cell, Results, Row
from plasticity_bench.running import locks
from plasticity_bench.running.execution import Execution
from plasticity_bench.running.kept import Kept
from plasticity_bench.running.planning import Group


@dataclass(frozen=True)
class Outcome:
    """What became of a group.

    Attributes:
        seconds: wall time.
        num_diverged: members that diverged.
        error: what its learner did wrong, in a sentence; None if its cells are stored.
        notes: what a person should know beside it; each is told once.
        busy: places of the cells that another process works on.
        stopped: whether it ended early because it was asked to.
    """

    seconds: float = 0.0
    num_diverged: int = 0
    error: str | None = None
    notes: tuple[str, ...] = ()
    busy: tuple[int, ...] = ()
    stopped: bool = False

    @property
    def complete(self) -> bool:
        """Whether all that was begun is stored."""
        return self.error is None and not self.stopped


def run_group(
    results: Results, execution: Execution, group: Group, on_task: Callable[[int], None]
) -> Outcome:
    """Run those cells of a group that nobody else works on, and store them.

    What a learner does wrong is stored, not raised.
    """
    keys = [cell.key for cell in group.cells]
    with locks.claimed(results.folder, keys) as mine:
        busy = tuple(place for place, key in enumerate(keys) if key not in mine)
        free = [place for place in range(len(keys)) if place not in busy]
        # Another process may have finished some since this was planned.
        left = [place for place in free if not results.is_finished(group.cells[place])]
        if not left:
            return Outcome(busy=busy)
        with execution.in_effect():
            outcome = _run_population(results, execution, group.part(left), on_task)
        if group.checkpoint is not None and outcome.complete and not busy:
            group.checkpoint.unlink(missing_ok=True)
        return replace(outcome, busy=busy)


def _run_population(
    results: Results, execution: Execution, group: Group, on_task: Callable[[int], None]
) -> Outcome:
    kept = Kept(results, execution, group)
    try:
        population, evaluation = _evaluated(execution, group, on_task, kept)
    except stopping.Stopped:
        return Outcome(stopped=True, notes=tuple(kept.notes))
    except Exception as error:  # the learner's, or the stream's: other groups go on
        too_large = _out_of_memory(error)
        if len(group.cells) == 1 or not (too_large or group.differing):
            save_failure(group.cells, results, "".join(traceback.format_exception(error)))
            told = str(error) if isinstance(error, PlasticityBenchError) else repr(error)
            return Outcome(error=told, notes=tuple(kept.notes))
    else:
        return _stored(results, execution, group, kept, population, evaluation)
    # Here the error is gone, and with it what its traceback held in memory.
    gc.collect()
    note = _unfitting(group) if too_large else None
    begun = replace(group, checkpoint=kept.newest)
    outcome = _run_halves(results, execution, begun, on_task, note)
    if outcome.complete:
        kept.drop()
    return outcome


def _evaluated(
    execution: Execution, group: Group, on_task: Callable[[int], None], kept: Kept
) -> tuple[Population, Evaluation]:
    """Train and measure a group's members, from where they were."""
    seeds = [cell.seed for cell in group.cells]
    members = [Member(*pair) for pair in zip(seeds, group.learners, strict=True)]
    compiles = execution.compiles(group.run.stream.num_updates)
    population = Population(
        members, group.run.network, compile_updates=compiles, device=execution.device
    )
    evaluation = evaluate(
        group.run.stream,
        population,
        group.protocol,
        on_task,
        kept.keeper,
        kept.begun_with(population),
    )
    return population, evaluation


def _stored(
    results: Results,
    execution: Execution,
    group: Group,
    kept: Kept,
    population: Population,
    evaluation: Evaluation,
) -> Outcome:
    """Store what came of a group; what was kept of it on the way is no longer needed."""
    executed: dict[str, object] = {
        **execution.record(),
        "vectorized": group.learners[0].vectorized,
        "compiled": population.compiled,
        "fallback": population.fallback,
        "members": len(group.cells),
    }
    try:
        _save(group, results, evaluation, executed)
    except OSError as error:
        return Outcome(error=f"its results cannot be stored: {error}", notes=tuple(kept.notes))
    kept.drop()
    if population.fallback:
        kept.notes.append(f"not compiled: {population.fallback}")
    return Outcome(
        seconds=sum(_seconds(evaluation).values()),
        num_diverged=int((evaluation.diverged_at >= 0).sum()),
        notes=tuple(kept.notes),
    )


def _run_halves(
    results: Results,
    execution: Execution,
    group: Group,
    on_task: Callable[[int], None],
    note: str | None,
) -> Outcome:
    """Run a group as two: it does not fit into memory, or one of its settings fails.

    Both halves go on from the group's checkpoint.
    """
    number = len(group.cells)
    middle = -(-number // 2)
    halves = [group.part(range(middle)), group.part(range(middle, number))]
    outcomes = [_run_population(results, execution, half, on_task) for half in halves]
    pairs = zip(halves, outcomes, strict=True)
    errors = [_named(half, group, o.error) for half, o in pairs if o.error is not None]
    told = [note for outcome in outcomes for note in outcome.notes]
    return Outcome(
        seconds=sum(outcome.seconds for outcome in outcomes),
        num_diverged=sum(outcome.num_diverged for outcome in outcomes),
        error="; ".join(dict.fromkeys(errors)) or None,
        notes=(note, *told) if note else tuple(told),
        stopped=any(outcome.stopped for outcome in outcomes),
    )


def _unfitting(group: Group) -> str:
    number = len(group.cells)
    tried = -(-number // 2)
    return f"{group.label}: {number} members did not fit into memory; {tried} were tried."


def _named(half: Group, whole: Group, error: str) -> str:
    """What went wrong, and with which setting, where that is known only now."""
    if not whole.differing or half.differing:
        return error
    own = half.learners[0].hyperparameters()
    return f"{', '.join(f'{name}={own[name]}' for name in whole.differing)}: {error}"


def _out_of_memory(error: BaseException | None) -> bool:
    """Whether memory ran out, in a hook of a learner or elsewhere."""
    while error is not None:
        if isinstance(error, MemoryError | torch.OutOfMemoryError):
            return True
        if isinstance(error, RuntimeError) and "DefaultCPUAllocator" in str(error):
            return True
        error = error.__cause__
    return False


def save_failure(cells: Iterable[Cell], results: Results, trace: str) -> None:
    """Store that cells failed, and why."""
    for cell in cells:
        # Where a disk is full there is no place for this either: the cell is just not finished.
        with contextlib.suppress(OSError):
            results.save_failure(cell, trace, {"environment": environment()})


def _save(
    group: Group, results: Results, evaluation: Evaluation, executed: dict[str, object]
) -> None:
    share = 1 / len(group.cells)
    seconds = {part: value * share for part, value in _seconds(evaluation).items()}
    for member, cell in enumerate(group.cells):
        rows = [
            Row(m.task, m.when, m.name, float(m.values[member])) for m in evaluation.measurements
        ]
        diverged_at = int(evaluation.diverged_at[member])
        info = {
            "status": "complete" if diverged_at < 0 else "diverged",
            "diverged_at": None if diverged_at < 0 else diverged_at,
            "seconds": seconds,
            "execution": executed,
            "environment": environment(),
            **group.notes,
        }
        results.save(cell, rows, info)


def _seconds(evaluation: Evaluation) -> dict[str, float]:
    return {
        "prepare": evaluation.prepare_seconds,
        "train": evaluation.train_seconds,
        "measure": evaluation.measure_seconds,
    }
