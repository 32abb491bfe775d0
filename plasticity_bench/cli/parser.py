"""The parser of arguments: no abbreviations, the nearest right word, verbs in groups."""

import argparse
import sys
from collections.abc import Mapping, Sequence
from importlib import metadata
from typing import Any, NoReturn

from plasticity_bench.cli.common import BAD_INPUT, say
from plasticity_bench.errors import did_you_mean

GROUPS: dict[str, tuple[str, ...]] = {
    "start": ("new", "check", "doctor", "list"),
    "run": ("prepare", "show", "run", "tune", "status", "cancel", "clean"),
    "look at results": ("table", "compare", "report", "plot", "explain", "probe", "collect"),
    "leaderboard": ("submit", "validate", "verify", "leaderboard"),
    "any network": ("diagnose",),
}
"""Verbs by what they are for; those in no group are listed last."""


class Parser(argparse.ArgumentParser):
    """As argparse's, but options are not abbreviated, and an error is one sentence."""

    def __init__(self, **given: Any) -> None:
        given.setdefault("allow_abbrev", False)
        given.setdefault("formatter_class", argparse.RawDescriptionHelpFormatter)
        super().__init__(**given)

    def error(self, message: str) -> NoReturn:
        """Print what is wrong and where to read more, and exit."""
        end = "" if message.endswith(("?", ".")) else "."
        say(f"{self.prog}: {message}{end} All options: {self.prog} --help")
        sys.exit(BAD_INPUT)

    def parse_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Return the options; one that is unknown is told with the nearest of its verb."""
        options, unknown = self.parse_known_args(args, namespace)
        if unknown:
            parser = getattr(options, "parser", self)
            parser.error(_unknown(unknown[0], parser))
        return options


def _unknown(argument: str, parser: argparse.ArgumentParser) -> str:
    name = argument.partition("=")[0]
    if not name.startswith("-"):
        return f"one argument too many: {argument!r}"
    shown = [
        option
        for action in parser._actions
        if action.help is not argparse.SUPPRESS
        for option in action.option_strings
        if option.startswith("--")
    ]
    return f"there is no option {name!r}. {did_you_mean(name, shown)}"


class Version(argparse.Action):
    """Print the version, and exit."""

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        """Print the version, and exit."""
        print(f"{parser.prog} {metadata.version('plasticity-bench')}")
        parser.exit()


def unknown_verb(given: Sequence[str], verbs: Sequence[str]) -> str | None:
    """Return the sentence about a verb that there is not; None if it is one, or an option."""
    if not given or given[0].startswith("-") or given[0] in verbs:
        return None
    return f"There is no verb {given[0]!r}. {did_you_mean(given[0], verbs)}"


def grouped(verbs: Mapping[str, str]) -> str:
    """Return the list of verbs with what they do, by groups."""
    rest = tuple(name for name in verbs if name not in sum(GROUPS.values(), ()))
    lines = []
    for title, names in {**GROUPS, "other": rest}.items():
        lines += ["", f"{title}:"] if names else []
        lines += [f"  {name:<13}{verbs[name]}" for name in names if name in verbs]
    return "\n".join(lines[1:])
