"""YAML is read by the core schema of version 1.2, and what is written is read back alike."""

import math

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from plasticity_bench.cli import main
from plasticity_bench.errors import BadInputError
from plasticity_bench.running.engines.slurm_script import load_profile
from plasticity_bench.suite import yaml_source

# YAML 1.2.2, section 10.3.2, and what YAML 1.1 read otherwise.
WORDS = {
    "010": 10, "064": 64, "0123": 123, "02": 2, "-007": -7, "+12": 12, "0": 0, "0o14": 12,
    "0x1F": 31, "1:30": "1:30", "190:20:30": "190:20:30", "1_000": 1000, "-12_345_678": -12_345_678, "1_00": "1_00", "0_100": "0_100",
    "1000_000": "1000_000", "0b11": "0b11",
    "0x": "0x", "0o8": "0o8", "1e-3": 1e-3, "1E3": 1e3, "1e+3": 1e3, ".5": 0.5, "5.": 5.0,
    "-.5e1": -5.0, "01.5": 1.5, ".inf": math.inf, "-.INF": -math.inf, "+.Inf": math.inf,
    "inf": "inf", "nan": "nan", ".": ".", "e3": "e3", "1e": "1e", "1.2.3": "1.2.3",
    "yes": "yes", "no": "no", "on": "on", "off": "off", "y": "y", "true": True, "False": False,
    "null": None, "~": None, "2026-11-28": "2026-11-28", "=": "=",
}  # fmt: skip


@pytest.mark.parametrize(("word", "value"), WORDS.items(), ids=WORDS.keys())
def test_words_by_the_core_schema(word, value):
    for read in (
        yaml_source.scalar(word),
        yaml_source.parse(f"key: {word}", "x").value["key"],
        yaml_source.parse(f"[{word}]", "x").value[0],
    ):
        assert read == value and type(read) is type(value)


def test_not_a_number_has_one_spelling():
    assert all(math.isnan(yaml_source.scalar(word)) for word in (".nan", ".NaN", ".NAN"))


TEXT = st.text(st.characters(exclude_categories=["C", "Z"], include_characters=" "), max_size=12)
VALUES = st.one_of(
    TEXT,
    st.sampled_from(list(WORDS)),
    st.from_regex(r"[-+]?[0-9_:.eoxb]{1,6}", fullmatch=True),
    st.integers(),
    st.floats(allow_nan=False),
    st.booleans(),
    st.none(),
)


@given(st.dictionaries(TEXT, VALUES, max_size=4))
def test_what_is_written_is_read_back_by_both_versions(values):
    text = yaml.dump(values, Dumper=yaml_source.Dumper, allow_unicode=True)
    assert yaml_source.parse(text, "x").value == values
    assert yaml.safe_load(text) == values


@pytest.mark.parametrize("text", ["!!int 1_0", "!!int 1:30", "!!float 1_0", "!!int x"])
def test_a_stated_type_is_held_to_as_well(text):
    with pytest.raises(BadInputError, match="not valid YAML: .* is not of the type"):
        yaml_source.parse(f"key: {text}", "x.yaml")


def test_a_suites_numbers_are_decimal(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    text = """\
suite: lab/octal-v0
streams:
  - id: plasticity/RandomLabelDigits-v0
    num_tasks: 010
    updates_per_task: {updates}
    network: {{hidden: [064]}}
learners: [fresh, adam]
seeds: 02
"""
    (tmp_path / "octal.yaml").write_text(text.format(updates="0020"))
    assert main(["show", "octal.yaml"]) == 0
    shown = capsys.readouterr().out
    assert "seeds: 2" in shown and "64" in shown.split("RandomLabelDigits-v0")[1].split()
    assert shown.split("RandomLabelDigits-v0")[1].split()[0] == "10"
    (tmp_path / "octal.yaml").write_text(text.format(updates="1:30"))
    assert main(["show", "octal.yaml"]) == 2
    assert "updates_per_task must be a whole number" in capsys.readouterr().err


def test_a_slurm_profile_is_read_by_the_same_rules(tmp_path):
    profile = tmp_path / "profile.yaml"
    profile.write_text("gpus: 010\nsetup: [module load cuda]\n")
    assert load_profile(profile).gpus == 10
    profile.write_text("gpus: 1\npartition: a\ngpus: 2\n")
    with pytest.raises(BadInputError, match=r"profile.yaml:3: 'gpus' is given twice"):
        load_profile(profile)
    profile.write_text("gpus: [1\n")
    with pytest.raises(BadInputError, match=r"profile.yaml:\d: not valid YAML"):
        load_profile(profile)
    with pytest.raises(BadInputError, match="gpus"):
        load_profile(None, ["gpus=²"])
