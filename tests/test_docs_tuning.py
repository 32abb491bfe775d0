"""docs/tuning.md: its learner is a learner, its commands exist, its defaults are the defaults."""

import re
from pathlib import Path

import pytest

import plasticity_bench as pb
from plasticity_bench import yaml_source
from plasticity_bench.cli import _parser
from plasticity_bench.suite_file import TuningEntry
from plasticity_bench.tuning.space import declared
from tests.helpers import SPEC, stacked_batch

PAGE = (Path(__file__).parent.parent / "docs" / "tuning.md").read_text()
COMMANDS = re.findall(r"^plasticity-bench (.*)$", PAGE, re.MULTILINE)


def test_the_learner_of_the_page():
    (block,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    names = {"__name__": "example"}
    exec(block, names)
    pulled = names["Pulled"]
    assert list(declared(pulled)) == ["step_size", "strength", "wait"]
    population = pb.Population([pb.Member(0, pulled())], SPEC)
    population.update(*stacked_batch([0], 0))


@pytest.mark.parametrize("command", COMMANDS)
def test_commands_of_the_page(command):
    assert _parser().parse_args(command.split()).verb


def test_the_defaults_of_the_page():
    assert len(COMMANDS) == 6
    (block,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    section = yaml_source.parse(block, "page").value["tuning"]
    assert section == TuningEntry().model_dump(exclude={"tasks"})
    assert set(TuningEntry.model_fields) == {*section, "tasks"}
