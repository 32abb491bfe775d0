"""`probe`: what brings plasticity back to the networks at the ends of runs."""

import argparse
import math

from plasticity_bench.cli import options as shared
from plasticity_bench.cli.common import (
    COMPLETE,
    SOME_FAILED,
    Interrupted,
    say,
    say_next,
)

HELP = "restore one factor at a time in worn networks, and show what returns"
EXAMPLE = "plasticity-bench probe results/quick-v1@aaa38efb --learner adam --seeds 5"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the verb."""
    shared.add_results(parser)
    parser.add_argument(
        "--learner",
        metavar="LABEL",
        action="append",
        default=[],
        help="probe this learner (default: all that do not restart at every task); may be repeated",
    )
    parser.add_argument(
        "--stream",
        metavar="LABEL",
        action="append",
        default=[],
        help="probe on this stream only; may be repeated",
    )
    parser.add_argument(
        "--seeds", type=shared.count, metavar="N", help="probe the first N seeds (default: 10)"
    )
    parser.add_argument(
        "--step-size", type=_positive, metavar="X", help="of fresh Adam (default: the reference's)"
    )
    shared.add_suite_file(parser)
    parser.add_argument(
        "--jobs", type=shared.count, metavar="N", help="processes (default: all cores)"
    )
    parser.add_argument("--format", choices=shared.FORMATS, default="table")


def execute(options: argparse.Namespace) -> int:
    """Probe what is not probed yet, print the tables, and return 1 if something failed."""
    from plasticity_bench import stopping
    from plasticity_bench.cli.execution import check_writable
    from plasticity_bench.folders import keep_compiled_code_private
    from plasticity_bench.probing import probing, requested, table
    from plasticity_bench.results import Results, select
    from plasticity_bench.running.execution import spread
    from plasticity_bench.statistics import few_seeds_notice
    from plasticity_bench.suite.loading import check_data, suite_of_results

    results = Results(options.results)
    selection = select(results)
    suite = suite_of_results(options.results, options.suite)
    check_data(suite.streams)
    chosen = requested.Chosen(
        tuple(options.learner), tuple(options.stream), options.seeds, options.step_size
    )
    probed, told = requested.requested(selection, suite, chosen)
    for sentence in told:
        say(sentence)
    left = probing.left(results, probed)
    num_runs, num_left = (sum(len(one.group.runs) for one in some) for some in (probed, left))
    say(f"{suite.name}: {num_runs} runs, {num_runs - num_left} probed, {num_left} to do.")
    failed = 0
    if left:
        check_writable(results, "Copy them to a folder that can be written to.")
        keep_compiled_code_private()
        failed = probing.probe_all(results, left, spread("cpu", options.jobs))
        if (received := stopping.received_signal()) is not None:
            say("Stopped: what is done is stored. Run the same command again to resume.")
            raise Interrupted(received)
    lines = probing.lines(results, probed)
    if lines:
        tasks = {one.group.suite_stream.label: one.task.index for one in probed}
        print(table.render(lines, tasks, options.format))
        few = few_seeds_notice(min(line.num_seeds for line in lines))
        for sentence in [*table.reasons(lines), *few]:
            say(sentence)
    say_next("explain", options.results)
    return SOME_FAILED if failed else COMPLETE


def _positive(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value < math.inf:
        raise argparse.ArgumentTypeError(f"a positive number, not {text[:50]!r}")
    return value
