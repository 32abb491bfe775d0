"""`plasticity-bench prepare`, and what `run` says of data that are not there."""

import subprocess
import sys

import pytest

from plasticity_bench.cli import main
from plasticity_bench.data import SOURCES
from plasticity_bench.suite.document import datasets_named, datasets_of, read_document
from tests.support.data_files import idx_set, small_source, write_idx

SUITE = """
suite: tests/data-v0
streams:
  - id: plasticity/RandomLabelDigits-v0
    dataset: small
    network: {hidden: [4]}
    num_examples: 12
    num_tasks: 2
    updates_per_task: 3
    batch_size: 4
  - id: plasticity/PermutedClassDigits-v0
    dataset: cifar10
    network: {hidden: [4]}
  - id: plasticity/PermutedLabelDigits-v0
    dataset: small
    num_examples: 12
    network: {hidden: [4]}
learners: [fresh, adam]
seeds: 1
measure: {curvature: {examples: 6}}
"""


@pytest.fixture
def suite(tmp_path, own_cache, monkeypatch):
    """A file with a suite on two data sets, in the current folder."""
    monkeypatch.setitem(SOURCES, "small", small_source(idx_set()))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "suite.yaml").write_text(SUITE)
    return tmp_path / "suite.yaml"


def test_a_suites_data_sets_are_found_without_any_of_them(suite):
    assert datasets_of(read_document("suite.yaml")) == ["small", "cifar10"]
    assert datasets_of(read_document("quick")) == ["digits"]
    assert datasets_named("suite.yaml") == ["small", "cifar10"]
    assert datasets_named("quick") == ["digits"]
    assert datasets_named("cifar10") == ["cifar10"]


def test_run_tells_of_every_missing_data_set_before_anything(suite, capsys):
    assert main(["run", "suite.yaml"]) == 2
    output = capsys.readouterr()
    lines = output.err.splitlines()
    assert [line.split(":")[1].split()[2] for line in lines] == ["small", "cifar10"]
    assert all("plasticity-bench prepare" in line for line in lines)
    assert output.out == ""
    assert not (suite.parent / "results").exists()


@pytest.mark.slow
def test_run_ends_with_a_sentence_for_each_missing_data_set(suite):
    suite.write_text(SUITE.replace("dataset: small", "dataset: emnist"))
    command = [sys.executable, "-m", "plasticity_bench.cli", "run", "suite.yaml"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 2


def test_prepare_tries_all_and_says_what_is_where(suite, own_cache, capsys):
    write_idx(suite.parent / "data/small/raw")
    command = ["prepare", "suite.yaml", "--data-dir", "data", "--no-download"]
    assert main(command) == 2
    output = capsys.readouterr()
    assert output.out == f"small: {own_cache}/data/small\n"
    described, cifar = output.err.index("small: A small set"), output.err.index("cifar10: CIFAR-10")
    assert described < cifar < output.err.index("small: reading data")
    assert output.err.splitlines()[:4] == [
        "small: A small set for tests",
        "  12 training and 6 test examples of 5 x 4, 3 classes",
        "  licence: CC0; https://example.org/small",
        "  download: of unknown size; in the cache: 0.0 MB",
    ]
    assert "No file of data set cifar10 in data: put these into data: the folder" in output.err


def test_prepare_then_run(suite, capsys):
    write_idx(suite.parent / "small/raw")
    assert main(["prepare", "small", "--data-dir", "."]) == 0
    begin, end = SUITE.index("  - id: plasticity/PermutedClass"), SUITE.index("learners:")
    suite.write_text(SUITE[:begin] + SUITE[end:])
    assert main(["run", "suite.yaml", "--jobs", "1", "--format", "csv"]) == 0
    last = capsys.readouterr().out.splitlines()[-1]
    assert last.startswith("RandomLabelDigits-v0,adam,")


def test_a_suite_of_embedded_data_needs_nothing(capsys, own_cache):
    assert main(["prepare", "quick"]) == 0
    assert capsys.readouterr().out == "digits: nothing to prepare\n"


def test_a_name_that_is_neither(capsys, own_cache, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["prepare", "fashion_mnits"]) == 2
    assert capsys.readouterr().err == (
        "plasticity-bench: There is no suite or data set 'fashion_mnits'. Did you mean "
        "'fashion_mnist'?\n"
    )


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("dataset: cifar10", "dataset: cifar01", "suite.yaml:12: streams[1].dataset: Unknown data"),
        ("RandomLabelDigits", "RandomLabels", "suite.yaml:4: streams[0].id: Unknown stream"),
        ("streams:", "stream:", "suite.yaml:3: stream: unknown key. Did you mean 'streams'?"),
        ("id: plasticity/Random", "ids: plasticity/Random", "streams[0]"),
        ("num_tasks: 2", "num_task: 2", "Did you mean 'num_tasks'?"),
    ],
)
def test_what_is_wrong_with_streams_is_told_as_ever(suite, capsys, old, new, said):
    suite.write_text(SUITE.replace(old, new))
    for verb in ("prepare", "run"):
        assert main([verb, "suite.yaml"]) == 2
        assert said in capsys.readouterr().err
