"""The pages of the documentation, taken apart: fenced blocks, commands, links."""

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    str(path.relative_to(ROOT))
    for pattern in (
        "*.md",
        "docs/**/*.md",
        "leaderboard/*.md",
        "benchmarks/*.md",
        "examples/**/*.md",
    )
    for path in ROOT.glob(pattern)
    # Commands that were; and what Sphinx makes of README.md.
    if path.name not in ("CHANGELOG.md", "readme.md")
)


@dataclass(frozen=True)
class Block:
    """A fenced block.

    Attributes:
        line: where it begins in its page.
        language: the word behind the fence; "" for what a command prints.
        text: what is in it.
        file: the Python file that the paragraph before it names last, if any.
    """

    line: int
    language: str
    text: str
    file: str | None


def text_of(page):
    return (ROOT / page).read_text(encoding="utf-8")


def blocks(page):
    """The fenced blocks of a page, in order."""
    text = text_of(page)
    found = []
    for fence in re.finditer(r"^```([^\n]*)\n(.*?)^```$", text, re.M | re.S):
        before = text[: fence.start()].rstrip().rpartition("\n\n")[2]
        files = re.findall(r"`(\w+\.py)`", before)
        line = text.count("\n", 0, fence.start()) + 1
        found.append(Block(line, fence[1].strip(), fence[2], files[-1] if files else None))
    return found


def commands(text):
    """The commands of a shell block, as lists of words; and-lists are several."""
    joined = re.sub(r"\\\n\s*", " ", text)
    for line in joined.splitlines():
        command = []
        for word in [*shlex.split(line, comments=True), "&&"]:
            if word != "&&":
                command.append(word)
            elif command:
                yield command
                command = []


def inline_commands(page):
    """What a page's running text shows between backticks, if it is a command of ours."""
    prose = re.sub(r"^```.*?^```$", "", text_of(page), flags=re.M | re.S)
    indented = re.findall(r"^    (\S.*)$", prose, re.M)
    for code in [*re.findall(r"`([^`]+)`", prose), *indented]:
        command = re.sub(r"\s+", " ", code)
        if re.match(r"plasticity-bench [a-z-]", command):
            yield command


def links(page):
    """What a page links to in the repository, without anchors."""
    return re.findall(r"\]\((?!\w+:)([^)#\s]+)[^)]*\)", text_of(page))
