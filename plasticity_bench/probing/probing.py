"""Probe groups of runs in processes, and store what comes out."""

import time
from collections.abc import Callable, Sequence
from contextlib import closing
from functools import partial

from plasticity_bench import stopping
from plasticity_bench.errors import PlasticityBenchError
from plasticity_bench.evaluation.evaluation import Values
from plasticity_bench.probing import stored
from plasticity_bench.probing.branches import Branches, branch
from plasticity_bench.probing.requested import ProbedGroup
from plasticity_bench.probing.retraining import end_of_runs, folder_of
from plasticity_bench.probing.returned import Line, lines_of
from plasticity_bench.results import Results, Run
from plasticity_bench.running import progress
from plasticity_bench.running.engines import run_local
from plasticity_bench.running.execution import Execution
from plasticity_bench.running.group_run import population_of
from plasticity_bench.running.outcome import Outcome
from plasticity_bench.standard_output import kept_for_data


def left(results: Results, probed: Sequence[ProbedGroup]) -> list[ProbedGroup]:
    """Return what has no stored probe."""
    parts = [
        p.only([run for run in p.group.runs if not _is_stored(results, p, run)]) for p in probed
    ]
    return [part for part in parts if part.group.runs]


def lines(results: Results, probed: Sequence[ProbedGroup]) -> list[Line]:
    """Return the lines of tables: of each group the seeds whose probes are stored."""
    made = []
    for one in probed:
        found = [stored.read(folder_of(results), r, one.task.step_size) for r in one.group.runs]
        probes = [probe for probe in found if probe is not None]
        if probes:
            made += lines_of(one.group.suite_stream.label, one.group.label, probes)
    return made


def probe_all(
    results: Results, probed: Sequence[ProbedGroup], executions: Sequence[Execution]
) -> int:
    """Probe groups of runs and store what comes out; return how many groups failed.

    Where this process is asked to stop, the progress of all groups is stored.

    Args:
        results: that hold the runs.
        probed: what to probe.
        executions: how, for each process.
    """
    groups = [one.group for one in probed]
    num_failed = 0
    with stopping.catch_signals(), progress.display(groups) as display:
        ended = run_local(
            partial(probe_group, results),
            probed,
            executions,
            display.task_done,
            # Users' modules are imported here, and are not to be where accuracies are computed.
            apart=any(group.has_user_code for group in groups),
            forked=not any(execution.on_gpu for execution in executions),
        )
        with closing(ended):
            for index, result in ended:
                outcome = _outcome(result)
                num_failed += outcome.error is not None
                display.group_done(index, outcome)
    return num_failed


@kept_for_data()
def probe_group(
    results: Results, execution: Execution, probed: ProbedGroup, on_task: Callable[[int], None]
) -> Outcome:
    """Probe runs of one learner on one stream, and store what comes out."""
    group = probed.group
    began = time.perf_counter()
    try:
        with execution.in_effect():
            population = population_of(execution, group)
            end = end_of_runs(results, execution, group, population, on_task)
            branches = branch(population, end, probed.task)
        for replica, run in enumerate(group.runs):
            probe = _of_replica(branches, replica, probed.task.step_size)
            stored.write(folder_of(results), run, probe)
    except stopping.Stopped:
        return Outcome(stopped=True)
    except (PlasticityBenchError, OSError) as error:
        return Outcome(error=str(error))
    num_diverged = int((end.evaluation.diverged_at >= 0).sum())
    return Outcome(seconds=time.perf_counter() - began, num_diverged=num_diverged)


def _outcome(result: Outcome | Exception) -> Outcome:
    """How a group ended, also where its process died or there is a bug of this package."""
    if isinstance(result, Exception):
        return Outcome(error=f"{type(result).__name__}: {result}")
    return result


def _is_stored(results: Results, probed: ProbedGroup, run: Run) -> bool:
    return stored.read(folder_of(results), run, probed.task.step_size) is not None


def _of_replica(branches: Branches, replica: int, step_size: float) -> stored.Probe:
    def one(values: Values) -> float:
        return float(values[replica])

    numbers = {
        condition: {name: one(values) for name, values in measured.items()}
        for condition, measured in branches.numbers.items()
    }
    return stored.Probe(step_size, numbers, branches.missing)
