"""The command line: one file for each verb, with its options and what it does.

A verb imports what it needs when it is run, so that `--help` and `list` do not wait for torch.
"""

import argparse
import errno
import io
import shlex
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

from plasticity_bench import interrupts
from plasticity_bench.cli import (
    cancel,
    check,
    clean,
    collect,
    compare,
    diagnose,
    doctor,
    explain,
    leaderboard,
    listing,
    new,
    plot,
    prepare,
    probe,
    report,
    run,
    schema,
    show,
    status,
    submit,
    table,
    tune,
    validate,
    verify,
)
from plasticity_bench.cli.common import (
    BAD_INPUT,
    COMPLETE,
    SIGNALLED,
    SOME_FAILED,
    Done,
    Interrupted,
    say_error,
)
from plasticity_bench.cli.parser import Parser, Version, grouped, unknown_verb
from plasticity_bench.errors import LONGEST, BadInputError, PlasticityBenchError
from plasticity_bench.names import check_visible
from plasticity_bench.standard_output import open_closed_outputs, write_nowhere

VERBS = (
    run,
    table,
    tune,
    status,
    cancel,
    clean,
    collect,
    prepare,
    show,
    explain,
    probe,
    report,
    plot,
    compare,
    diagnose,
    submit,
    validate,
    verify,
    leaderboard,
    check,
    new,
    doctor,
    listing,
    schema,
)
WITHOUT_CODE = (cancel, clean, validate, verify, leaderboard, doctor, listing, schema)
"""Verbs that import no code of the user's, unless they are given a suite's file."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return its exit code."""
    if threading.current_thread() is threading.main_thread():
        interrupts.raise_again()
    open_closed_outputs()
    for output in (sys.stdout, sys.stderr):
        if isinstance(output, io.TextIOWrapper):  # a label may have letters that it cannot encode
            output.reconfigure(errors="backslashreplace")
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        for argument in given:
            check_visible(argument, "The argument")
        if wrong := unknown_verb(given, [_name(verb) for verb in VERBS]):
            raise BadInputError(wrong)
        options = _parser().parse_args(given)
        # Printed where something is to be run again.
        options.command = shlex.join(["plasticity-bench", *given])
        _place_current_folder(options)
        code: int = options.verb(options)
        sys.stdout.flush()
        return code
    except BrokenPipeError:  # the reader, such as `head`, has seen enough
        write_nowhere(sys.stdout)
        return SIGNALLED + signal.SIGPIPE
    except (PlasticityBenchError, OSError) as error:
        if isinstance(error, OSError) and error.errno == errno.ENOSPC and not error.filename:
            write_nowhere(sys.stdout)
            say_error("What is printed could not be written: no space is left there.")
            return SOME_FAILED
        if isinstance(error, OSError) and error.errno != errno.ENAMETOOLONG:
            raise
        for sentence in getattr(error, "sentences", [str(error)[:LONGEST]]):  # of the system, too
            say_error(sentence)
        return BAD_INPUT
    except Done as done:
        return SOME_FAILED if done.failed else COMPLETE
    except (Interrupted, KeyboardInterrupt) as interrupted:
        return SIGNALLED + getattr(interrupted, "signal", signal.SIGINT)


def _place_current_folder(options: argparse.Namespace) -> None:
    """Look for modules in the current folder last, or not at all.

    People keep their learners there. But a file that lies there, as in the checkout of a reviewer,
    must not be imported in place of an installed module. `python -m` puts the folder first.
    """
    here = str(Path.cwd())
    reads_only = options.verb in [verb.execute for verb in WITHOUT_CODE]
    wanted = not reads_only or getattr(options, "suite", None)
    there = [here] if Path(here) == Path(__file__).parents[2] else []  # this package's checkout
    others = [path for path in sys.path if path not in ("", here)]
    sys.path[:] = [*others, *([""] if wanted else there)]


def _name(verb: ModuleType) -> str:
    return "list" if verb is listing else verb.__name__.rpartition(".")[-1]


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="plasticity-bench",
        usage="plasticity-bench VERB ...",
        description="A benchmark for loss of plasticity.\n\n"
        + grouped({_name(verb): verb.HELP for verb in VERBS}),
        epilog=f"Options of a verb: plasticity-bench VERB --help\n\nfor example:\n{run.EXAMPLE}",
    )
    parser.add_argument("--version", action=Version, nargs=0, help="print the version, and exit")
    verbs = parser.add_subparsers(
        required=True, metavar="VERB", help=argparse.SUPPRESS, parser_class=Parser
    )
    for verb in VERBS:
        verb_parser = verbs.add_parser(
            _name(verb),
            prog=f"plasticity-bench {_name(verb)}",
            description=f"{verb.HELP[0].upper()}{verb.HELP[1:]}.",
            epilog=f"for example:\n{verb.EXAMPLE}",
        )
        verb.add_options(verb_parser)
        verb_parser.set_defaults(verb=verb.execute, parser=verb_parser)
    return parser
