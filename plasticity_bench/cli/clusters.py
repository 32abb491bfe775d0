"""How `run` and `tune` hand their cells to a Slurm cluster."""

import argparse
import shlex
import signal
from typing import TYPE_CHECKING

from plasticity_bench.cli.common import Done, Interrupted, say

if TYPE_CHECKING:
    from plasticity_bench.results import Results
    from plasticity_bench.running.planning import Group


def run(name: str, groups: "list[Group]", results: "Results", options: argparse.Namespace) -> int:
    """Run what is not finished; return how many groups have cells without results in the end."""
    from plasticity_bench.running import cluster
    from plasticity_bench.running.engines import slurm

    profile = slurm.load_profile(options.slurm_profile, options.slurm)
    arguments = [*shlex.split(options.command)[1:], "--engine", "local"]  # the last one counts
    say(f"{name}: {sum(len(group.cells) for group in groups)} cells.")
    try:
        return cluster.run(
            groups, results, arguments, profile, options.members, options.detach, say
        )
    except cluster.Detached:
        raise Done(0) from None
    except KeyboardInterrupt:
        say("The tasks go on without this command; the same command waits for them again.")
        raise Interrupted(signal.SIGINT) from None
