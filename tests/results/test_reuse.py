"""Finished runs of other folders are taken over by their key, and nothing else is."""

import json
import shutil
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from plasticity_bench.results import Results, Row, Run, packs, reuse, run_folder
from plasticity_bench.results.reuse import take_over

INFO = {
    "status": "complete",
    "seconds": {"train": 1.0, "measure": 0.5},
    "environment": {"python": "3.11"},
    "tuned": {"file": "old.yaml", "sha256": "0"},
}


def run(seed, learner="adam", stream="s"):
    return Run(stream, learner, seed, {"seed": seed, "work": 1})


def rows(seed):
    return [
        Row(0, "start", "chance", 0.1),
        Row(1, "end", "accuracy", seed / 3),
        Row(1, "end", "x", np.nan),
    ]


@pytest.fixture
def old(tmp_path):
    """Results of a suite, of which one run diverged and one failed."""
    store = Results(tmp_path / "suite-v0@11111111")
    for seed in range(4):
        status = "diverged" if seed == 2 else "complete"
        store.save(run(seed), rows(seed), {**INFO, "status": status})
    store.save_failure(run(4), "Traceback\nValueError: no", {})
    return store


@pytest.fixture
def new(tmp_path):
    return Results(tmp_path / "suite-v0@22222222")


def wanted(*seeds, notes=None, **labels):
    return [(run(seed, **labels), notes or {}) for seed in seeds]


@pytest.mark.parametrize("packed", [False, True])
def test_a_run_that_is_taken_over_is_what_it_was(old, new, packed):
    before = {own.seed: result for own, result in old.stored()}
    measured = old.path(run(1)) / "measurements.parquet"
    content = measured.read_bytes()
    if packed:
        old.pack(many=1)
        assert not list(old.folder.glob("cells/*/*/*/measurements.parquet"))
    notes = {"tuned": {"file": "new.yaml", "sha256": "1"}}
    taken = take_over(new, wanted(*range(6), notes=notes))
    assert taken == {old.folder: 4}
    assert not new.snapshot().damaged
    assert sorted(own.seed for own, _ in new.stored()) == [0, 1, 2, 3]
    for own, result in new.stored():
        first = before[own.seed]
        assert result.info == {**first.info, **notes}
        for name, column in result.columns.items():
            np.testing.assert_array_equal(column, first.columns[name])
    assert (new.path(run(1)) / "measurements.parquet").read_bytes() == content
    assert len(list(old.stored())) == 4  # copied, not moved


def test_labels_may_differ_and_the_key_may_not(old, new):
    assert take_over(new, wanted(0, learner="mine", stream="t")) == {old.folder: 1}
    info = new.load(run(0, "mine", "t")).info
    assert info["learner"] == "mine"
    assert "tuned" not in info  # the new command has no search
    other = Run("s", "adam", 0, {"seed": 0, "work": 2})
    assert take_over(new, [(other, {})]) == {}


def test_the_same_work_under_another_label_is_copied_within_a_folder(old):
    two = wanted(0, learner="a") + wanted(0, learner="b")
    assert take_over(old, two) == {old.folder: 2}
    assert old.is_finished(run(0, "a"))
    assert old.is_finished(run(0, "b"))


def test_other_suites_of_the_root_are_looked_at_and_other_folders_are_not(old, new):
    old.folder.rename(old.folder.with_name("another-v3@33333333"))
    assert take_over(new, wanted(0)) == {new.folder.with_name("another-v3@33333333"): 1}
    new.folder.with_name("another-v3@33333333").rename(new.folder.with_name("entries"))
    assert take_over(new, wanted(1)) == {}


def test_runs_that_come_with_the_package_are_taken_over(old, tmp_path, monkeypatch):
    shipped = tmp_path / "package" / "suite-v0"
    (pack,) = packed(old, shipped)
    monkeypatch.setattr(reuse.shipped, "result_folders", lambda: [shipped])
    elsewhere = Results(tmp_path / "elsewhere" / "suite-v0@11111111")
    assert take_over(elsewhere, wanted(0, 1)) == {shipped: 2}
    pack.write_bytes(pack.read_bytes()[:-1])
    assert take_over(elsewhere, wanted(3)) == {}


def packed(store, folder):
    """All finished runs of a store as packs in a folder."""
    paths = sorted(store.folder.glob("cells/*/*/*"))
    packs.write(folder, [s for s in map(run_folder.read, paths) if s.is_finished])
    return packs.packs_in(folder)


def test_runs_of_a_search_come_from_searches(old, new, tmp_path):
    search = Results(new.folder / "tuning")
    assert take_over(search, wanted(0)) == {}
    shutil.copytree(old.folder / "cells", old.folder / "tuning" / "cells")
    assert take_over(search, wanted(0)) == {old.folder / "tuning": 1}
    assert search.is_finished(run(0))


DAMAGE = {
    "measurements": lambda path: (path / "measurements.parquet").write_bytes(b"x"),
    "no measurements": lambda path: (path / "measurements.parquet").unlink(),
    "no facts": lambda path: (path / "cell.json").write_text("{"),
    "another identity": lambda path: (path / "cell.json").write_text(
        (path / "cell.json").read_text().replace('"work": 1', '"work": 3')
    ),
    "a file": lambda path: (shutil.rmtree(path), path.write_text("x")),
}


@pytest.mark.parametrize("spoil", DAMAGE.values(), ids=DAMAGE.keys())
def test_what_is_damaged_is_left_out(old, new, spoil):
    spoil(old.path(run(0)))
    assert take_over(new, wanted(0, 1)) == {old.folder: 1}
    assert not new.is_finished(run(0))


def test_a_damaged_pack_is_left_out(old, new):
    old.pack(many=1)
    (pack,) = old.folder.glob("packs/*/*/*.parquet")
    pack.write_bytes(pack.read_bytes()[:-1] + b"x")
    assert take_over(new, wanted(0, 1)) == {}


@pytest.mark.parametrize("level", range(5))
def test_links_are_not_followed(old, new, tmp_path, level):
    path = [old.folder, *reversed(old.path(run(0)).parents), old.path(run(0))]
    path = [p for p in path if p.is_relative_to(old.folder)][-5:][level]
    path.rename(tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")
    assert take_over(new, wanted(0)) == {}


def test_two_processes_may_take_over_at_a_time(old, new):
    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(lambda _: take_over(new, wanted(0, 1, 2, 3)), range(8)))
    assert all(some.keys() <= {old.folder} for some in taken)
    assert sum(taken, Counter()).total() >= 4
    assert not new.snapshot().damaged
    assert len(list(new.stored())) == 4


def test_a_failed_attempt_is_replaced(old, new):
    new.save_failure(run(0), "Traceback\nValueError: no", {})
    assert take_over(new, wanted(0)) == {old.folder: 1}
    assert new.snapshot().failed == {}
    assert json.loads((new.path(run(0)) / "cell.json").read_text())["status"] == "complete"
