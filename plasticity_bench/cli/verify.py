"""`verify`: run cells of an entry again, drawn at random, and compare."""

import argparse
import re
from pathlib import Path

from plasticity_bench.cli.common import BAD_INPUT, COMPLETE, SOME_FAILED, count, say
from plasticity_bench.errors import BadInputError

HELP = "run cells of an entry again, drawn at random, and compare"
EXAMPLE = "plasticity-bench verify leaderboard/entries/quick-v0/l2_init --cells 4"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the verb."""
    parser.add_argument(
        "entry", metavar="PATH", type=Path, help="an entry's folder, .../SUITE/NAME"
    )
    parser.add_argument("--cells", type=count, default=4, metavar="N", help="how many (default: 4)")
    parser.add_argument("--suite", metavar="FILE", help="where it does not come with the package")
    parser.add_argument("--nonce", metavar="HEX", help="repeat the draw of a record")


def execute(options: argparse.Namespace) -> int:
    """Run the cells, print the comparison, and write the record; return 1 if they disagree."""
    from plasticity_bench.leaderboard import verifying
    from plasticity_bench.leaderboard.validation import validate

    if options.nonce and not re.fullmatch(r"[0-9a-f]{8,64}", options.nonce):
        raise BadInputError(f"--nonce {options.nonce}: 8 to 64 hexadecimal digits, as in a record.")
    verdict = validate(options.entry, options.suite)
    if verdict.faults or verdict.case is None:
        for fault in verdict.faults:
            say(f"{options.entry}: {fault}")
        say(f"{options.entry} is not valid: nothing of it was run.")
        return BAD_INPUT
    entry, suite = verdict.case.entry, verdict.case.suite
    done = verifying.verify(entry, suite, options.suite, options.cells, options.nonce or "")
    print(verifying.table(done))
    if not done.without_network:
        say("This system cannot cut a process off from networks: the cells ran with them.")
    say(f"Record: {verifying.write_record(entry, done)}")
    return COMPLETE if done.ok else SOME_FAILED
