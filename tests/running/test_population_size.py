"""The size of a population is the user's, measured and remembered, or follows a rule."""

import json

import pytest

import plasticity_bench as pb
from plasticity_bench.learners.lookup import find_learner
from plasticity_bench.running import population_size
from plasticity_bench.running.execution import Execution
from plasticity_bench.running.population_size import SIZES, best, by_rule, chosen

SPEC = pb.NetworkSpec(hidden=(8,), input_shape=(64,), num_outputs=10)
ADAM = find_learner("adam")()


def stream(updates):
    return pb.make_stream(
        "plasticity/RandomLabelDigits-v0", num_tasks=1, updates_per_task=updates, num_examples=64
    )


class Rates(dict):
    """Rates by size, and which were asked for."""

    def __init__(self, **rates):
        super().__init__({int(size[1:]): rate for size, rate in rates.items()})
        self.asked = []

    def __call__(self, size):
        self.asked.append(size)
        return self[size]


def test_the_fastest_is_chosen_and_rereplicaed(tmp_path):
    rates = Rates(s1=100.0, s2=190.0, s4=300.0, s8=280.0, s16=200.0)
    file = tmp_path / "deep" / "rates.json"
    assert best(list(SIZES), rates, file) == 4
    assert rates.asked == [1, 2, 4, 8, 16]
    assert best(list(SIZES), rates, file) == 4
    assert best([1, 2], rates, file) == 2
    assert rates.asked == [1, 2, 4, 8, 16]
    assert json.loads(file.read_text())["8"] == 280.0
    assert [path.name for path in file.parent.iterdir()] == ["rates.json"]


def test_it_stops_where_larger_is_much_slower(tmp_path):
    rates = Rates(s1=100.0, s2=70.0)
    assert best(list(SIZES), rates, tmp_path / "rates.json") == 1
    assert rates.asked == [1, 2]


@pytest.mark.parametrize("content", ["", "[]", "{]", '{"one": 3}', "\x00"])
def test_a_file_that_is_not_ours_is_measured_anew(tmp_path, content):
    file = tmp_path / "rates.json"
    file.write_text(content)
    assert best([1, 2], Rates(s1=1.0, s2=2.0), file) == 2
    assert json.loads(file.read_text()) == {"1": 1.0, "2": 2.0}


def test_a_cache_that_cannot_be_written_costs_no_more_than_time(tmp_path):
    (tmp_path / "file").write_text("")
    assert best([1, 2], Rates(s1=1.0, s2=2.0), tmp_path / "file" / "rates.json") == 2


def test_short_runs_go_by_the_rule_and_long_ones_are_measured(tmp_path, monkeypatch):
    monkeypatch.setenv("PLASTICITY_BENCH_CACHE", str(tmp_path))
    rates, told = Rates(s1=1.0, s2=3.0, s4=2.9, s8=2.8), []
    monkeypatch.setattr(population_size, "seed_updates_per_second", lambda *a: rates(a[-1]))
    assert chosen(stream(10), SPEC, ADAM, Execution(), 9, told.append) == 9
    assert not rates.asked
    assert chosen(stream(200_000), SPEC, ADAM, Execution(), 9, told.append) == 2
    assert rates.asked == [1, 2, 4, 8]
    assert told[0] == "timing 1 seed at a time (stored for later runs)."
    assert len(list((tmp_path / "replicas").iterdir())) == 1
    rates.asked.clear()
    assert chosen(stream(200_000), SPEC, ADAM, Execution(), 9) == 2
    assert not rates.asked
    chosen(stream(200_000), SPEC, ADAM, Execution("off"), 9)  # something else to measure
    assert rates.asked


def test_the_users_number_comes_first():
    assert chosen(stream(200_000), SPEC, ADAM, Execution(replicas=3), 9) == 3
    assert chosen(stream(200_000), SPEC, ADAM, Execution(replicas=30), 9) == 9


def test_convolutions_run_two_at_a_time_on_a_cpu():
    cnn = pb.NetworkSpec(name="cnn", channels=(4,), hidden=(8,), input_shape=(8, 8), num_outputs=10)
    assert by_rule(cnn, Execution()) == 2


def test_a_rate_is_measured(monkeypatch):
    monkeypatch.setattr(population_size, "SECONDS", 0.05)
    rate = population_size.seed_updates_per_second(stream(10), SPEC, ADAM, Execution("off"), 2)
    assert 10 < rate < 1e6
