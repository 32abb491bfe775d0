"""Every command that a page shows is one that the command line takes."""

import re
import shlex
from pathlib import Path

import pytest

from plasticity_bench.cli import VERBS, _parser

ROOT = Path(__file__).parents[1]
PAGES = [
    *ROOT.glob("*.md"),
    *ROOT.glob("docs/*.md"),
    *ROOT.glob("benchmarks/*.md"),
    *ROOT.glob("leaderboard/*.md"),
    *ROOT.glob("examples/**/*.md"),
]
OLD = {"CHANGELOG.md"}


def commands(page):
    """Lines of code blocks, and inline code, that begin with the command's name."""
    text = page.read_text(encoding="utf-8")
    blocks = re.findall(r"^```(?:sh|bash|console)?\n(.*?)^```", text, re.M | re.S)
    indented = re.findall(r"^    (\S.*)$", text, re.M)
    inline = [re.sub(r"\s+", " ", code) for code in re.findall(r"`([^`]+)`", text)]
    joined = re.sub(r"\\\n\s*", " ", "\n".join(blocks))
    lines = [part for line in joined.splitlines() for part in line.split("&&")]
    for line in [*lines, *indented, *inline]:
        command = (
            line.strip().removeprefix("$ ").split("#")[0].split(" > ")[0].strip().removesuffix(" …")
        )
        if re.match(r"plasticity-bench [a-z-]", command):
            yield command


SHOWN = sorted({(p.name, c) for p in PAGES if p.name not in OLD for c in commands(p)})


@pytest.mark.parametrize(("page", "command"), SHOWN)
def test_a_command_of_a_page_is_understood(page, command, capsys):
    arguments = shlex.split(command)[1:]
    if len(arguments) == 1 and not arguments[0].startswith("-"):  # a verb is only named
        assert arguments[0] in {verb_name(verb) for verb in VERBS}
        return
    try:
        _parser().parse_args(arguments)
    except SystemExit as error:
        assert error.code == 0, f"{page}: {capsys.readouterr().err}"


def verb_name(verb):
    name = verb.__name__.rpartition(".")[-1]
    return "list" if name == "listing" else name


@pytest.mark.parametrize("verb", VERBS, ids=verb_name)
def test_every_verb_has_an_example_that_it_takes(verb, capsys):
    for line in verb.EXAMPLE.splitlines():
        words = shlex.split(line)
        assert words[:2] == ["plasticity-bench", verb_name(verb)]
        _parser().parse_args(words[1:])
    with pytest.raises(SystemExit):
        _parser().parse_args([verb_name(verb), "--help"])
    assert verb.EXAMPLE in capsys.readouterr().out
