"""`show`: what a suite is, and what it will cost."""

import argparse
import shlex

from plasticity_bench.cli import options as shared
from plasticity_bench.cli.common import COMPLETE, say, say_next
from plasticity_bench.cli.options import count

HELP = "print a suite's streams, learners and cost"
EXAMPLE = "plasticity-bench show paper --timing"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the verb."""
    shared.add_suite(parser)
    parser.add_argument("--seeds", type=count, metavar="N", help="for seeds 0 to N-1")
    parser.add_argument(
        "--jobs", type=count, metavar="N", help="estimate for this number of processes"
    )
    shared.add_replicas(parser, "estimate for this number of seeds per population")
    parser.add_argument("--device", default="cpu", metavar="cpu|cuda|cuda:N|auto")
    parser.add_argument(
        "--timing",
        action="store_true",
        help="estimate the time from a few updates of each learner; takes seconds to minutes",
    )
    parser.add_argument("--no-timing", action="store_true", help=argparse.SUPPRESS)  # the default


def execute(options: argparse.Namespace) -> int:
    """Print a suite's streams, and what they will cost on this machine."""
    from plasticity_bench.running import cost_table, forecast
    from plasticity_bench.running.execution import Execution, available_cores
    from plasticity_bench.suite.loading import load_suite

    loaded = load_suite(options.suite, with_data=False)
    print(f"{loaded.name}: {loaded.description}\n")
    if loaded.paper:
        print(f"{cost_table.paper_summary(loaded.paper)}\n")
    print(cost_table.streams_table(loaded))
    learners = ", ".join(contender.label for contender in loaded.contenders)
    num_seeds = options.seeds or loaded.num_seeds
    print(f"\nlearners: {learners}\nseeds: {num_seeds}\n", flush=True)
    execution = Execution(device=options.device, replicas=options.replicas)
    processes = options.jobs or (1 if execution.on_gpu else available_cores())
    costs = list(forecast.forecast(loaded, num_seeds, execution, options.timing, say))
    print(cost_table.costs_table(costs, processes))
    print(f"\n{cost_table.caveat(processes, options.timing)}")
    if not options.timing:
        given = shlex.quote(options.suite)
        print(f"Time on this machine: plasticity-bench show {given} --timing")
    say_next("run", options.suite)
    return COMPLETE
