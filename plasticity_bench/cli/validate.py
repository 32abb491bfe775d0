"""`validate`: check entries of the leaderboard, without running anything of theirs."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from plasticity_bench.cli.common import BAD_INPUT, COMPLETE, say

if TYPE_CHECKING:
    from plasticity_bench.leaderboard.case import Case

HELP = "check entries of the leaderboard; nothing of theirs is run"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the verb."""
    parser.add_argument(
        "entries", metavar="PATH", type=Path, nargs="+", help="an entry's folder, .../SUITE/NAME"
    )
    parser.add_argument("--suite", metavar="FILE", help="where it does not come with the package")
    parser.add_argument("--format", choices=("table", "markdown"), default="table")


def execute(options: argparse.Namespace) -> int:
    """Say what is wrong with each entry; print the valid ones beside those that are there."""
    from plasticity_bench.leaderboard.validation import validate

    refused = 0
    for folder in options.entries:
        verdict = validate(folder, options.suite)
        for note in verdict.notes:
            say(f"{folder}: not checked: {note}.")
        for fault in verdict.faults:
            say(f"{folder}: {fault}")
        if verdict.faults or verdict.case is None:
            refused += 1
            continue
        say(f"{folder}: valid.")
        print(_beside(verdict.case, options.format))
    return BAD_INPUT if refused else COMPLETE


def _beside(case: "Case", format_name: str) -> str:
    """The entry beside the others of its suite, for a reviewer."""
    from plasticity_bench.leaderboard import comparing, ranking, rendering

    rows = ranking.rows([case.entry, *case.others], case.suite)
    own = next(row for row in rows if row.name == case.entry.name)
    table = rendering.render(rows, format_name)
    others = [row for row in rows if row is not own and not row.remark.startswith("incomplete")]
    if not others:
        return f"{table}\n"
    return f"{table}\n\n{comparing.beside(own, others, format_name)}\n"
