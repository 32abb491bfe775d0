"""The store: whole runs or none, found by key, readable without this package."""

import json
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pyarrow.parquet as pq
import pytest

from plasticity_bench.results import Results, Row, Run

RUN = Run("Stream-v0", "my_module:Learner strength=0.1", 3, {"seed": 3, "stream": {"id": "x"}})
ROWS = [
    Row(0, "start", "chance", 0.1),
    Row(0, "end", "accuracy", 0.5),
    Row(1, "end", "accuracy", np.nan),
]
INFO = {"status": "complete", "seconds": {"train": 1.0, "measure": 0.5}}


@pytest.fixture
def results(tmp_path):
    return Results(tmp_path / "suite@12345678")


def test_a_run_comes_back_as_it_was_stored(results):
    assert not results.is_finished(RUN)
    assert results.load(RUN) is None
    results.save(RUN, ROWS, INFO)
    assert results.is_finished(RUN)
    found = results.load(RUN)
    assert found.series("chance", "start") == {0: 0.1}
    assert found.series("accuracy", "end")[0] == 0.5
    assert np.isnan(found.series("accuracy", "end")[1])
    assert found.info["identity"] == RUN.identity


def test_files_are_readable_by_anyone(results):
    results.save(RUN, ROWS, INFO)
    folder = results.path(RUN)
    assert folder.relative_to(results.folder).parts[:3] == (
        "cells",
        "Stream-v0",
        "my_module_Learner_strength=0.1",
    )
    assert sorted(file.name for file in folder.iterdir()) == ["cell.json", "measurements.parquet"]
    assert json.loads((folder / "cell.json").read_text())["seed"] == 3
    table = pq.read_table(folder / "measurements.parquet", partitioning=None)
    assert table.column_names == ["task", "when", "name", "value"]


def test_another_identity_is_another_run(results):
    results.save(RUN, ROWS, INFO)
    other = Run(RUN.stream, RUN.learner, RUN.seed, {"seed": 3, "stream": {"id": "y"}})
    assert other.key != RUN.key
    assert not results.is_finished(other)


def test_the_key_does_not_depend_on_the_order_of_the_identity():
    turned = Run("a", "b", 0, {"stream": {"id": "x"}, "seed": 3})
    assert turned.key == RUN.key


def test_an_interrupted_write_leaves_nothing(results):
    def rows():
        yield ROWS[0]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        results.save(RUN, rows(), INFO)
    assert not results.is_finished(RUN)

    def unwritable():
        yield Row(0, "start", "chance", "not a number")

    with pytest.raises(Exception, match="not a number"):
        results.save(RUN, unwritable(), INFO)
    assert [f for f in results.folder.rglob("*") if f.is_file()] == []


def test_labels_cannot_leave_the_folder(results):
    for label in ("..", "../..", "/etc", "x" * 300):
        run = Run(label, label, 0, {"label": label})
        results.save(run, ROWS, INFO)
        assert results.path(run).resolve().is_relative_to(results.folder.resolve())
        assert results.is_finished(run)


@pytest.mark.parametrize("damage", ["", "{", '{"key": "another", "status": "complete"}'])
def test_a_damaged_run_is_not_finished_and_is_replaced(results, damage):
    results.save(RUN, ROWS, INFO)
    (results.path(RUN) / "cell.json").write_text(damage)
    assert not results.is_finished(RUN)
    results.save(RUN, ROWS, INFO)
    assert results.is_finished(RUN)


def test_a_failure_is_kept_and_tried_again(results):
    results.save_failure(RUN, "Traceback: it broke", {})
    assert "it broke" in (results.path(RUN) / "cell.json").read_text()
    assert not results.is_finished(RUN)
    results.save(RUN, ROWS, INFO)
    assert results.is_finished(RUN)


def test_two_writers_of_one_run_do_not_spoil_it(results):
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: results.save(RUN, ROWS, INFO), range(40)))
    assert results.load(RUN).series("chance", "start") == {0: 0.1}
    assert [f.name for f in results.path(RUN).parent.iterdir()] == [results.path(RUN).name]


@pytest.mark.parametrize("identity", [{}, {"a": 1, "z": [{"seed": 3}]}, {"text": 'a "b" \u00e9'}])
def test_runs_made_together_have_the_keys_of_runs_made_alone(identity):
    together = Run.of_seeds("s", "l", identity, [0, 7, 1000])
    alone = tuple(Run("s", "l", seed, {**identity, "seed": seed}) for seed in (0, 7, 1000))
    assert together == alone
    assert [run.key for run in together] == [run.key for run in alone]
