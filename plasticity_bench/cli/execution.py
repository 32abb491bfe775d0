"""How `run` and `tune` execute groups of runs: locally, as a cluster task, or on a cluster."""

import shlex
import signal
import tempfile

from plasticity_bench import stopping
from plasticity_bench.cli.common import Done, Interrupted, say
from plasticity_bench.cli.requests import ExecutionRequest
from plasticity_bench.errors import BadInputError
from plasticity_bench.folders import keep_compiled_code_private
from plasticity_bench.results import Results
from plasticity_bench.running import cluster_rounds, progress, runner
from plasticity_bench.running.cluster_rounds import ClusterRequest, Engine
from plasticity_bench.running.engines import slurm, slurm_script
from plasticity_bench.running.engines.dask_tasks import Dask
from plasticity_bench.running.engines.shares import Command, chunk
from plasticity_bench.running.execution import Execution, spread
from plasticity_bench.running.pending import pending
from plasticity_bench.suite.planning import Group, all_runs


def check_writable(results: Results, advice: str = "Choose another folder with --results.") -> None:
    """Check, before anything is computed, that it can be stored.

    Args:
        results: where.
        advice: what to do if it cannot.

    Raises:
        BadInputError: if it cannot.
    """
    try:
        results.folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=results.folder):  # of a name that no other process has
            pass
    except OSError as error:
        raise BadInputError(
            f"Cannot write results to {results.folder}: {error.strerror}. {advice}"
        ) from None


def engine_of(request: ExecutionRequest) -> Engine | None:
    """Return the cluster that runs are submitted to; None if they run here.

    Raises:
        BadInputError: if there is no such cluster here, or a setting is wrong.
    """
    if request.chunk is not None or request.engine == "local":
        return None
    if request.engine == "dask":
        assert request.dask is not None
        return Dask(request.dask, request.jobs)
    slurm.check_available()
    return slurm.Slurm(slurm_script.load_profile(request.slurm_profile, request.slurm))


def execute_groups(
    name: str,
    groups: list[Group],
    results: Results,
    request: ExecutionRequest,
    engine: Engine | None,
) -> int:
    """Run what is not finished; return how many groups failed.

    Args:
        name: of what is run, for messages.
        groups: what was planned.
        results: where finished runs are stored.
        request: how they are executed.
        engine: the cluster that they are submitted to, if any.

    Raises:
        Done: if this process does a share of the runs, and has done it.
        Interrupted: if it was asked to stop.
    """
    if engine is not None:
        return _run_on_cluster(name, groups, results, request, engine)
    share, reuse = groups, request.reuse
    if request.chunk is not None:
        keys = chunk(request.chunk)
        shares = [group.only(run for run in group.runs if run.key in keys) for group in groups]
        share = [group for group in shares if group.runs]
        reuse = False  # the command that submitted it has taken over what is finished elsewhere
    failed = _run_here(name, share, results, _executions(request), reuse) if share else 0
    if request.chunk is not None and results.snapshot().missing(all_runs(groups)):
        raise Done(failed)  # else the next round of a search may be for this task too
    return failed


def _executions(request: ExecutionRequest) -> list[Execution]:
    return spread(request.device, request.jobs, **request.settings)


def _run_on_cluster(
    name: str, groups: list[Group], results: Results, request: ExecutionRequest, engine: Engine
) -> int:
    arguments = [*shlex.split(request.command)[1:], "--engine", "local"]  # the last one counts
    say(f"{name}: {len(all_runs(groups))} runs.")
    tasks = ClusterRequest(
        engine,
        Command(arguments, request.files),
        request.settings["replicas"],
        request.detach,
        request.reuse,
    )
    try:
        return cluster_rounds.run(groups, results, tasks, say)
    except cluster_rounds.Detached:
        raise Done(0) from None
    except KeyboardInterrupt:
        if request.engine == "slurm":
            say("The tasks continue without this command; the same command waits for them again.")
        raise Interrupted(signal.SIGINT) from None


def _run_here(
    name: str,
    groups: list[Group],
    results: Results,
    how: list[Execution],
    reuse: bool = True,
) -> int:
    """Run what is not finished in processes of this machine; return how many groups failed."""
    keep_compiled_code_private()
    runs = all_runs(groups)
    left = pending(groups, results, how[0], say, reuse)
    num_left = len(all_runs(left))
    say(f"{name}: {len(runs)} runs, {len(runs) - num_left} finished, {num_left} to do.")
    with stopping.catch_signals(), progress.display(left) as display:
        failed = runner.run(left, results, how, display.task_done, display.group_done)
        received_signal = stopping.received_signal()
    if received_signal is not None:
        finished = len(runs) - len(results.snapshot().missing(runs))
        say(
            f"Stopped: {finished} of {len(runs)} runs are finished in {results.folder}, and the "
            "progress of others is stored. Run the same command again to resume."
        )
        raise Interrupted(received_signal)
    return failed
