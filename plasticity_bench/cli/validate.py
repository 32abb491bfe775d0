"""`validate`: check entries of the leaderboard, without running anything of theirs."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from plasticity_bench.cli import options as shared
from plasticity_bench.cli.common import BAD_INPUT, COMPLETE, say, say_next
from plasticity_bench.names import given_path

if TYPE_CHECKING:
    from plasticity_bench.leaderboard.validation_context import ValidationContext

HELP = "check entries of the leaderboard; nothing of theirs is run"
EXAMPLE = "plasticity-bench validate leaderboard/entries/quick-v1/l2_init"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the verb."""
    parser.add_argument(
        "entries",
        metavar="PATH",
        type=given_path,
        nargs="+",
        help="an entry's folder, .../SUITE/NAME",
    )
    shared.add_suite_file(parser)
    parser.add_argument(
        "--published",
        type=given_path,
        metavar="DIR",
        help="the published entries to judge by (default: those that it lies among)",
    )
    parser.add_argument("--format", choices=("table", "markdown"), default="table")


def execute(options: argparse.Namespace) -> int:
    """Report each entry's failures; print the valid ones with the existing entries."""
    refused = [
        folder
        for folder in options.entries
        if not validate_one(folder, options.suite, options.published, options.format)
    ]
    if not refused:
        of_suite = ("--suite", options.suite) if options.suite else ()
        say_next("verify", options.entries[0], *of_suite)
    return BAD_INPUT if refused else COMPLETE


def validate_one(
    folder: Path, given_suite: str | None, published: Path | None, format_name: str
) -> bool:
    """Report what is wrong with an entry; return whether it is valid."""
    from plasticity_bench.leaderboard.validation import validate

    verdict = validate(folder, given_suite, published)
    for note in verdict.notes:
        say(f"{folder}: not checked: {note}.")
    for failure in verdict.failures:
        say(f"{folder}: {failure}")
    if verdict.failures or verdict.context is None:
        return False
    say(f"{folder}: valid.")
    print(_beside(verdict.context, format_name))
    return True


def _beside(context: "ValidationContext", format_name: str) -> str:
    """The entry beside the others of its suite, for a reviewer."""
    from plasticity_bench.leaderboard import ranking, rendering

    rows = ranking.rows([context.entry, *context.others], context.suite)
    row = next(row for row in rows if row.name == context.entry.name)
    table = rendering.render(rows, format_name)
    others = [r for r in rows if r is not row and not r.remark.startswith("incomplete")]
    if not others:
        return f"{table}\n"
    return f"{table}\n\n{rendering.beside(row, others, format_name)}\n"
