"""docs/submitting.md and docs/statistics.md: commands exist, rules are all told of, numbers hold."""

import re
import shlex
from pathlib import Path

import pytest

from plasticity_bench.cli import _parser
from plasticity_bench.leaderboard.validation import FORMAL, NUMBERS

DOCS = Path(__file__).parent.parent / "docs"
SUBMITTING = (DOCS / "submitting.md").read_text()
STATISTICS = (DOCS / "statistics.md").read_text()
COMMANDS = re.findall(r"^plasticity-bench ([^>\n]*)", SUBMITTING, re.MULTILINE)


@pytest.mark.parametrize("command", COMMANDS)
def test_commands_of_the_page(command):
    assert _parser().parse_args(shlex.split(command)).verb


def test_every_rule_is_told_of():
    assert len(COMMANDS) == 8
    for rule in (*FORMAL, *NUMBERS):
        assert f"`{rule.__name__}`" in SUBMITTING, rule.__name__


def test_the_worked_numbers():
    (block,) = re.findall(r"```python\n(.*?)```", STATISTICS, re.DOTALL)
    exec(block, {})


@pytest.mark.parametrize("page", [SUBMITTING, STATISTICS])
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", page):
        assert (DOCS / target).exists(), target
