"""What `run` and `tune` share: how cells are executed, and where they are stored."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from plasticity_bench.cli.common import Done, Interrupted, count, say
from plasticity_bench.errors import BadInputError

if TYPE_CHECKING:
    from plasticity_bench.results import Results
    from plasticity_bench.running.execution import Execution
    from plasticity_bench.running.planning import Group


def add_execution_options(parser: argparse.ArgumentParser) -> None:
    """Declare how cells are run and where they are stored."""
    parser.add_argument("--results", type=Path, default=Path("results"), metavar="DIR")
    parser.add_argument("--jobs", type=count, metavar="N", help="processes (default: all cores)")
    parser.add_argument(
        "--compile",
        choices=("auto", "on", "off"),
        default="auto",
        help="compile each learner's update (auto: where a stream is long)",
    )
    parser.add_argument(
        "--members", type=count, metavar="N", help="seeds in one computation (default: measured)"
    )
    parser.add_argument(
        "--device",
        default="cpu",
        metavar="cpu|auto|cuda|cuda:0,cuda:1",
        help="where to compute; a process for each GPU (auto: all of them, else the CPU)",
    )
    parser.add_argument("--tf32", action="store_true", help="let a GPU round products to TF32")
    parser.add_argument(
        "--cell-timeout",
        type=count,
        metavar="SECONDS",
        help="give up a cell that takes longer; it counts as failed",
    )
    parser.add_argument(
        "--checkpoint-interval",
        type=count,
        default=300,
        metavar="SECONDS",
        help="keep progress inside a cell so often (default: 300)",
    )
    parser.add_argument(
        "--engine",
        choices=("local", "slurm"),
        default="local",
        help="compute here, or as an array of tasks on the Slurm cluster",
    )
    parser.add_argument(
        "--slurm-profile", type=Path, metavar="FILE", help="YAML: what the tasks ask Slurm for"
    )
    parser.add_argument(
        "--slurm",
        metavar="KEY=VALUE",
        action="append",
        default=[],
        help="one setting of such a profile, as partition=gpu or time=12:00:00; may be repeated",
    )
    parser.add_argument("--detach", action="store_true", help="submit to Slurm, and return at once")
    parser.add_argument("--chunk", help=argparse.SUPPRESS)  # what one task of an array runs


def executions(options: argparse.Namespace) -> "list[Execution]":
    """Return how each process executes its groups, as the options say."""
    from plasticity_bench.running.execution import spread

    return spread(
        options.device,
        options.jobs,
        compile_mode=options.compile,
        tf32=options.tf32,
        members=options.members,
        cell_seconds=float(options.cell_timeout or "inf"),
        checkpoint_seconds=float(options.checkpoint_interval),
    )


def check_writable(results: "Results") -> None:
    """Make sure, before anything is computed, that it can be stored."""
    try:
        results.folder.mkdir(parents=True, exist_ok=True)
        (results.folder / ".writable").touch()
        (results.folder / ".writable").unlink()
    except OSError as error:
        raise BadInputError(
            f"Cannot write results to {results.folder}: {error.strerror}. Choose another folder "
            "with --results."
        ) from None


def execute_groups(
    name: str, groups: "list[Group]", results: "Results", options: argparse.Namespace
) -> int:
    """Run what is not finished; return how many groups failed."""
    if options.chunk is not None:
        return _run_chunk(name, groups, results, options)
    if options.engine == "slurm":
        from plasticity_bench.cli import clusters

        return clusters.run(name, groups, results, options)
    if options.detach or options.slurm or options.slurm_profile:
        raise BadInputError("--detach, --slurm and --slurm-profile need --engine slurm.")
    return _run_here(name, groups, results, executions(options))


def _run_chunk(
    name: str, groups: "list[Group]", results: "Results", options: argparse.Namespace
) -> int:
    """Run those cells that one task of an array is for; then the command ends."""
    from plasticity_bench.running.engines import slurm

    keys = slurm.chunk(options.chunk)
    places = [[i for i, cell in enumerate(g.cells) if cell.key in keys] for g in groups]
    own = [group.part(chosen) for group, chosen in zip(groups, places, strict=True) if chosen]
    failed = _run_here(name, own, results, executions(options)) if own else 0
    finished = results.snapshot().finished
    if all(cell.address in finished for group in groups for cell in group.cells):
        return failed  # the next round of a search may be for this task too
    raise Done(failed)


def _run_here(name: str, groups: "list[Group]", results: "Results", how: "list[Execution]") -> int:
    """Run what is not finished in processes of this machine; return how many groups failed."""
    from plasticity_bench import stopping
    from plasticity_bench.running import planning, progress, runner

    cells = [cell for group in groups for cell in group.cells]
    left = planning.remaining(groups, results, how[0], say)
    to_run = sum(len(group.cells) for group in left)
    say(f"{name}: {len(cells)} cells, {len(cells) - to_run} finished, {to_run} to run.")
    with stopping.heard(), progress.display(name, left) as display:
        failed = runner.run(left, results, how, display.task_done, display.group_done)
        signal_heard = stopping.signal_heard()
    if signal_heard is not None:
        finished = results.snapshot().finished
        say(
            f"Stopped: {sum(cell.address in finished for cell in cells)} of {len(cells)} cells are "
            f"finished in {results.folder}, and the progress of others is kept. Run the same "
            "command again to go on."
        )
        raise Interrupted(signal_heard)
    return failed
