"""Typed requests, which verbs make from their options.

argparse stays here, in `options` and in the verbs; nothing else sees it.
"""

import argparse
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from plasticity_bench.errors import BadInputError


@dataclass(frozen=True)
class RunRequest:
    """Which runs of a suite are wanted.

    Attributes:
        suite: its file, or the name of one that comes with the package.
        learners: beside the suite's own, a baseline's name or module:Class each.
        hyperparameters: of these learners.
        seeds: the number of seeds; None for the suite's.
        tuned: the file of a search's record, whose settings are used.
        results: the folder that holds the results of all suites.
        command: such that it can be given again.
    """

    suite: str
    learners: tuple[str, ...]
    hyperparameters: dict[str, Any]
    seeds: int | None
    tuned: Path | None
    results: Path
    command: str


@dataclass(frozen=True)
class ExecutionRequest:
    """How runs are executed.

    Attributes:
        device: "cpu", "auto", "cuda", or a list as "cuda:0,cuda:1".
        jobs: processes on the CPU; None for one on each core.
        settings: other attributes of `running.execution.Execution`.
        engine: "local", "slurm" or "dask".
        slurm_profile: YAML file with what tasks ask Slurm for.
        slurm: single settings of such a profile, KEY=VALUE each.
        dask: address of a Dask scheduler.
        detach: submit to Slurm, and return at once.
        chunk: the share of the runs that one task of an array executes, FILE:INDEX.
        command: such that it can be given again.
        files: arguments of it that may be files, which tasks of a cluster are given copies of.
        reuse: whether finished runs of other folders, or of the package, are taken over.
    """

    device: str
    jobs: int | None
    settings: dict[str, Any]
    engine: str
    slurm_profile: Path | None
    slurm: tuple[str, ...]
    dask: str | None
    detach: bool
    chunk: str | None
    command: str
    files: tuple[str, ...] = ()
    reuse: bool = True


def hyperparameters(options: argparse.Namespace) -> dict[str, Any]:
    """Return what `-H` sets.

    Raises:
        BadInputError: if it is not given as key=value, or twice, or no learner is given.
    """
    from plasticity_bench.suite.yaml_source import scalar

    if options.hyperparameters and not options.learner:
        raise BadInputError("-H sets hyperparameters of the --learner, but no --learner is given.")
    settings = {}
    for text in options.hyperparameters:
        name, separator, value = text.partition("=")
        if not (name and separator and value):
            raise BadInputError(f"-H {text}: a hyperparameter is set as -H key=value.")
        if name in settings:
            raise BadInputError(f"-H sets {name} twice: which of both is meant?")
        settings[name] = scalar(value)
    return settings


def run_request(options: argparse.Namespace) -> RunRequest:
    """Return which runs the options of `add_suite` and `add_runs` ask for.

    Raises:
        BadInputError: as `hyperparameters`.
    """
    return RunRequest(
        suite=options.suite,
        learners=tuple(options.learner),
        hyperparameters=hyperparameters(options),
        seeds=options.seeds,
        tuned=options.tuned,
        results=options.results,
        command=options.command,
    )


def check_no_runs(options: argparse.Namespace) -> None:
    """Check that no runs are named beside a results folder, which says itself what it holds.

    Raises:
        BadInputError: if some are.
    """
    if options.learner or options.hyperparameters or options.seeds or options.tuned:
        raise BadInputError(
            f"{options.suite} is a results folder: --learner, -H, --seeds and --tuned are for "
            "a suite."
        )


def execution_request(options: argparse.Namespace) -> ExecutionRequest:
    """Return how the options of `add_execution` ask for runs to be executed.

    Raises:
        BadInputError: if options of Slurm are given without it.
    """
    slurm = bool(options.detach or options.slurm or options.slurm_profile)
    if slurm and options.engine != "slurm" and options.chunk is None:
        raise BadInputError("--detach, --slurm and --slurm-profile need --engine slurm.")
    if (options.engine == "dask") != (options.dask is not None) and options.chunk is None:
        raise BadInputError(
            "--engine dask needs the address of a scheduler, as --dask tcp://HOST:8786, and --dask "
            "needs --engine dask."
        )
    tuned = getattr(options, "tuned", None)
    return ExecutionRequest(
        device=options.device,
        jobs=options.jobs,
        settings={
            "compile_mode": options.compile,
            "tf32": options.tf32,
            "replicas": options.replicas,
            "run_seconds": float(options.run_timeout or "inf"),
            "checkpoint_seconds": float(options.checkpoint_interval),
        },
        engine=options.engine,
        slurm_profile=options.slurm_profile,
        slurm=tuple(options.slurm),
        dask=options.dask,
        detach=options.detach,
        chunk=options.chunk,
        command=options.command,
        files=tuple(map(str, filter(None, (options.suite, tuned)))),
        reuse=not options.no_reuse,
    )


def command_of(options: argparse.Namespace, verb: str) -> str:
    """Return the command that was given, with another verb."""
    return shlex.join(["plasticity-bench", verb, *shlex.split(options.command)[2:]])
