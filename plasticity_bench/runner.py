"""Plan a suite's cells, skip the finished, group the rest into populations, run them."""

import os
import traceback
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from functools import partial

from plasticity_bench import engines, population_size
from plasticity_bench.errors import PlasticityBenchError
from plasticity_bench.evaluator import Evaluation, evaluate
from plasticity_bench.execution import Execution
from plasticity_bench.learner import Learner
from plasticity_bench.lookup import source_files
from plasticity_bench.population import Member, Population
from plasticity_bench.protocol import Protocol
from plasticity_bench.provenance import environment, hash_files
from plasticity_bench.results import MANY_IN_ALL, Cell, Results, Row
from plasticity_bench.suite import Contender, StreamRun, Suite

DEFAULT = Execution()


@dataclass(frozen=True)
class Group:
    """Cells that run as one population: one stream, one class of learner, several seeds.

    Attributes:
        run: the stream.
        label: of the learner.
        protocol: what is measured.
        cells: what is to be found.
        learners: of each cell, the learner with its hyperparameters.
    """

    run: StreamRun
    label: str
    protocol: Protocol
    cells: tuple[Cell, ...]
    learners: tuple[Learner, ...]

    def part(self, chosen: Sequence[int]) -> "Group":
        """Return the group of some of its cells, given by their places."""
        cells = tuple(self.cells[place] for place in chosen)
        return replace(self, cells=cells, learners=tuple(self.learners[i] for i in chosen))


@dataclass(frozen=True)
class Outcome:
    """What became of a group.

    Attributes:
        seconds: wall time.
        num_diverged: members that diverged.
        error: what its learner did wrong, in a sentence; None if its cells are stored.
        note: what a person should know beside it; told once.
    """

    seconds: float = 0.0
    num_diverged: int = 0
    error: str | None = None
    note: str | None = None


def plan(suite: Suite, contenders: Iterable[Contender], seeds: range) -> list[Group]:
    """Return every group of a suite, finished or not, in the order of `contenders`."""
    (reference,) = (c for c in suite.contenders if c.label == suite.reference)
    identities = {run.label: _stream_identity(run) for run in suite.streams}
    groups = []
    for contender in contenders:
        protocol = suite.protocol
        if type(contender.learner) is type(reference.learner):  # the control is always told
            protocol = replace(protocol, reveal_boundaries=True)
        for run in suite.streams:
            own = contender.on(run.label).learner
            identity = {
                **identities[run.label],
                "learner": _learner_identity(own),
                "protocol": asdict(protocol),
            }
            cells = tuple(
                Cell(run.label, contender.label, seed, {**identity, "seed": seed}) for seed in seeds
            )
            learners = (own,) * len(cells)
            groups.append(Group(run, contender.label, protocol, cells, learners))
    return groups


def unheard(groups: Sequence[Group]) -> list[str]:
    """Return the labels of learners that act at task boundaries and are not told of them."""
    labels = [
        group.label
        for group in groups
        if group.learners[0].overrides("begin_task") and not group.protocol.reveal_boundaries
    ]
    return list(dict.fromkeys(labels))


def remaining(
    groups: Sequence[Group],
    results: Results,
    execution: Execution = DEFAULT,
    notify: Callable[[str], None] = lambda _: None,
) -> list[Group]:
    """Return what is still to be run: unfinished cells in groups of a good size, and alike."""
    left = []
    there = results.snapshot()
    for damage in there.damaged:
        notify(f"{damage}: what it held is run again.")
        results.set_aside(damage)
    for group in groups:
        cells = [i for i, cell in enumerate(group.cells) if cell.address not in there.finished]
        if not cells:
            continue
        size = population_size.chosen(
            group.run.stream,
            group.run.network,
            group.learners[0],
            execution,
            len(cells),
            lambda told, label=group.label: notify(f"{label}: {told}"),  # type: ignore[misc]
        )
        num_groups = -(-len(cells) // size)
        left += [group.part(cells[index::num_groups]) for index in range(num_groups)]
    return left


def run(
    groups: Sequence[Group],
    results: Results,
    jobs: int,
    on_task: Callable[[int, int], None],
    on_outcome: Callable[[int, Outcome], None],
    execution: Execution = DEFAULT,
) -> int:
    """Run groups in up to `jobs` processes; return how many of them failed.

    Args:
        groups: what to run.
        results: where the processes store finished cells.
        jobs: how many groups run at a time.
        on_task: called with a group's index and a task's when the group has finished that task.
        on_outcome: called with a group's index and what became of it, when it ends.
        execution: how.
    """
    num_failed = num_loose = 0
    told: set[str | None] = {None}
    work = partial(run_group, results, execution)
    # Closed whatever happens, so that after an interrupt no process goes on unseen.
    with closing(engines.run_local(work, groups, jobs, on_task)) as ended:
        for index, outcome in ended:
            if isinstance(outcome, Exception):  # its process died, or this package has a fault
                outcome = Outcome(error=f"{type(outcome).__name__}: {outcome}")  # noqa: PLW2901
            on_outcome(index, replace(outcome, note=None) if outcome.note in told else outcome)
            told.add(outcome.note)
            num_failed += outcome.error is not None
            num_loose += len(groups[index].cells)
            if num_loose >= MANY_IN_ALL:  # a folder for each of a million cells is not readable
                results.pack()
                num_loose = 0
    return num_failed


def run_group(
    results: Results, execution: Execution, group: Group, on_task: Callable[[int], None]
) -> Outcome:
    """Run one group and store its cells; a learner's own error is stored, not raised."""
    with execution.in_effect():
        return _run_group(results, execution, group, on_task)


def _run_group(
    results: Results, execution: Execution, group: Group, on_task: Callable[[int], None]
) -> Outcome:
    seeds = [cell.seed for cell in group.cells]
    members = [Member(*pair) for pair in zip(seeds, group.learners, strict=True)]
    stream = group.run.stream
    compiles = execution.compiles(stream.num_updates)
    try:
        population = Population(
            members, group.run.network, compile_updates=compiles, device=execution.device
        )
        evaluation = evaluate(stream, population, group.protocol, on_task)
    except Exception as error:  # the learner's, or the stream's: other groups go on
        trace = "".join(traceback.format_exception(error))
        for cell in group.cells:
            results.save_failure(cell, trace, {"environment": environment()})
        told = str(error) if isinstance(error, PlasticityBenchError) else repr(error)
        return Outcome(error=told)
    executed: dict[str, object] = {
        **execution.record(),
        "vectorized": group.learners[0].vectorized,
        "compiled": population.compiled,
        "fallback": population.fallback,
        "members": len(members),
    }
    _save(group, results, evaluation, executed)
    return Outcome(
        seconds=sum(_seconds(evaluation).values()),
        num_diverged=int((evaluation.diverged_at >= 0).sum()),
        note=f"not compiled: {population.fallback}" if population.fallback else None,
    )


def available_cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


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
        }
        results.save(cell, rows, info)


def _seconds(evaluation: Evaluation) -> dict[str, float]:
    return {
        "prepare": evaluation.prepare_seconds,
        "train": evaluation.train_seconds,
        "measure": evaluation.measure_seconds,
    }


def _stream_identity(run: StreamRun) -> dict[str, object]:
    stream = {
        "id": run.id,
        "parameters": run.stream.parameters(),
        "fingerprint": run.stream.fingerprint(),
    }
    return {"stream": stream, "network": run.network.parameters()}


def _learner_identity(learner: Learner) -> dict[str, object]:
    cls = type(learner)
    return {
        "class": cls.__name__,
        "source": hash_files(source_files(cls)),
        "hyperparameters": learner.hyperparameters(),
    }
