"""`verify`: compute some runs of an entry again, drawn at random, and compare."""

import argparse
import re
from pathlib import Path

from plasticity_bench.cli import options as shared
from plasticity_bench.cli.common import BAD_INPUT, COMPLETE, SOME_FAILED, say, say_next
from plasticity_bench.errors import BadInputError
from plasticity_bench.names import given_path

HELP = "compute some runs of an entry again, drawn at random, and compare"
EXAMPLE = "plasticity-bench verify leaderboard/entries/quick-v1/l2_init --runs 20"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the verb."""
    parser.add_argument(
        "entry", metavar="PATH", type=given_path, help="an entry's folder, .../SUITE/NAME"
    )
    parser.set_defaults(runs=8)
    shared.add_renamed_count(
        parser, "--runs", "--cells", metavar="N", help_="how many (default: 8)"
    )
    parser.add_argument(
        "--other-seeds",
        metavar="N",
        type=shared.count,
        default=2,
        help="how many seeds that the entry does not have (default: 2)",
    )
    shared.add_suite_file(parser)
    parser.add_argument("--nonce", metavar="HEX", help="repeat the draw of a record")


def execute(options: argparse.Namespace) -> int:
    """Compute the runs, print the comparison, and write the record; return 1 if they differ."""
    if options.nonce and not re.fullmatch(r"[0-9a-f]{8,64}", options.nonce):
        raise BadInputError(f"--nonce {options.nonce}: 8 to 64 hexadecimal digits, as in a record.")
    numbers = options.runs, options.other_seeds
    return verify(options.entry, options.suite, numbers, options.nonce or "")


def verify(folder: Path, given_suite: str | None, numbers: tuple[int, int], nonce: str) -> int:
    """Verify an entry, and return the exit code.

    Args:
        folder: of the entry.
        given_suite: file of its suite, if it does not come with the package.
        numbers: of runs that are drawn, and of seeds that the entry does not have.
        nonce: to repeat a draw; empty for a new one.
    """
    from plasticity_bench.leaderboard import verifying
    from plasticity_bench.leaderboard.validation import validate
    from plasticity_bench.recording.sealed_process import isolation, protects_files

    verdict = validate(folder, given_suite)
    if verdict.failures or verdict.context is None:
        for failure in verdict.failures:
            say(f"{folder}: {failure}")
        say(f"{folder} is not valid: nothing of it was run.")
        return BAD_INPUT
    entry, suite = verdict.context.entry, verdict.context.suite
    done = verifying.verify(entry, suite, *numbers, nonce)
    print(verifying.table(done))
    if not isolation():
        say(
            "This system cannot isolate the process that calls the learner's hooks (unshare): it "
            "could reach networks and other processes."
        )
    if not protects_files():
        say(
            "This system cannot protect files from the process that calls the learner's hooks "
            "(namespaces of mounts, Linux 5.12): it could write to any file of yours."
        )
    say(f"Record: {verifying.write_record(entry, done)}")
    say_next("leaderboard", "--suite", given_suite or suite.name.rpartition("/")[-1])
    return COMPLETE if done.ok else SOME_FAILED
