"""docs/tuning.md: its defaults are the defaults."""

from plasticity_bench.suite import yaml_source
from plasticity_bench.suite.suite_file import TuningEntry
from tests.support.pages import blocks


def test_the_defaults_of_the_page():
    (block,) = [block for block in blocks("docs/tuning.md") if block.language == "yaml"]
    section = yaml_source.parse(block.text, "page").value["tuning"]
    assert section == TuningEntry().model_dump()
    assert set(TuningEntry.model_fields) == {*section, "tasks"}
