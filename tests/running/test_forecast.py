"""`show`: sizes by hand, and times that follow from what is timed."""

import math

import pytest

from plasticity_bench.cli import main
from plasticity_bench.networks import num_parameters
from plasticity_bench.running import forecast as forecast_module
from plasticity_bench.running.execution import Execution
from plasticity_bench.running.forecast import forecast
from plasticity_bench.suite.loading import load_suite

SUITE = """\
suite: test/show-v0
description: For a test.
streams:
  - id: kumar2023/RandomLabelCIFAR10-v0
    num_tasks: 2
    network: {hidden: [10], activation: relu}
  - id: plasticity/IncrementalDigits-v0
    label: growing
    network: {hidden: [], activation: relu}
learners: [fresh, adam, {name: adam, label: fast, step_size: 0.1}]
seeds: 3
measure: {curvature: {examples: 300}}
"""


@pytest.fixture
def suite_file(tmp_path):
    file = tmp_path / "suite.yaml"
    file.write_text(SUITE)
    return str(file)


def test_sizes_by_hand_without_data(suite_file, monkeypatch, tmp_path):
    monkeypatch.setenv("PLASTICITY_BENCH_CACHE", str(tmp_path / "nothing"))
    suite = load_suite(suite_file, with_data=False)
    sizes = [num_parameters(suite_stream.network) for suite_stream in suite.streams]
    assert sizes == [3072 * 10 + 10 + 110, 640 + 10]
    costs = list(forecast(suite, 3, Execution(replicas=2), timed=False))
    assert [(c.stream, c.learner) for c in costs[:3]] == [
        ("RandomLabelCIFAR10-v0", name) for name in ("fresh", "adam", "fast")
    ]
    # The reference is its own fresh copy; those of the others do the one scored task of two.
    assert [c.updates for c in costs[:3]] == [3 * 2 * 30_000, 3 * 3 * 30_000, 3 * 3 * 30_000]
    assert [c.runs for c in costs[:3]] == [3, 6, 6]
    whole = 188 + 375 + 563 + 750 + 938
    assert [c.updates for c in costs[3:]] == [3 * whole, *[3 * (whole + 938)] * 2]
    inputs, state = 2 * 1_200 * 3072, 4 * 2 * 30_840
    assert costs[0].memory_bytes == 4 * (inputs + state)
    assert all(math.isnan(c.seconds) for c in costs)


def test_times_follow_from_rates_and_each_kind_is_timed_once(suite_file, monkeypatch):
    timed = []

    def rate(stream, network, learner, execution, size):
        assert execution.compile_mode == "off"
        timed.append((type(learner).__name__, size))
        return 1000.0

    monkeypatch.setattr(forecast_module, "seed_updates_per_second", rate)
    suite = load_suite(suite_file, with_data=False)
    costs = list(forecast(suite, 3, Execution(replicas=2)))
    assert timed == [("Fresh", 2), ("Adam", 2)] * 2  # settings do not change what an update costs
    assert costs[0].seconds == pytest.approx(180.0)


@pytest.mark.slow
def test_the_command_prints_streams_costs_and_what_they_mean(suite_file, capsys):
    assert main(["show", suite_file, "--jobs", "2", "--replicas", "2", "--timing"]) == 0
    shown = capsys.readouterr()
    assert "test/show-v0: For a test." in shown.out
    lines = [line.split() for line in shown.out.splitlines()]
    row = ["RandomLabelCIFAR10-v0", "2", "1,200", "30,000", "16", "mlp", "10", "relu", "30,840"]
    assert row in lines
    assert "300 to 1,500" in shown.out
    assert "188 to 938" in shown.out
    assert "learners: fresh, adam, fast\nseeds: 3\n" in shown.out
    assert "Time: of 2 processes" in shown.out
    assert "timing adam on growing" in shown.err
    assert "n/a" not in shown.out


def test_without_timing_nothing_is_trained_or_loaded(suite_file, capsys, monkeypatch, own_cache):
    monkeypatch.setattr(forecast_module, "seed_updates_per_second", None)
    for name in (suite_file, "dohare2024"):  # of data sets that are not on this machine
        assert main(["show", name, "--jobs", "1"]) == 0
        shown = capsys.readouterr()
        assert "Memory: of inputs and parameters of 1 process" in shown.out
        assert f"Time on this machine: plasticity-bench show {name} --timing" in shown.out
        assert "n/a" not in shown.out
        assert shown.err == f"Next: plasticity-bench run {name}\n"
