"""Worker processes, forked where they may be and spawned elsewhere, begin where their parent is."""

import os
import sys
import tempfile
from pathlib import Path

import pytest

from plasticity_bench.running.engines.local import run_local

pytestmark = pytest.mark.slow


def seen(slot, item, report):
    """What a worker sees of its parent's folder and environment."""
    report(item)
    forked = "plasticity_bench.running.preloaded" in sys.modules
    variables = tuple(os.environ.get(f"PLASTICITY_TEST_{slot}_{when}") for when in ("A", "B"))
    return forked, os.getpid(), Path.cwd(), variables


def test_where_a_sockets_name_would_be_too_long_processes_are_spawned(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / ("x" * 80)))
    ((_, result),) = run_local(seen, [3], ["x"], lambda *_: None, apart=True)
    assert result[0] is False


@pytest.mark.parametrize("forked", [True, False])
def test_a_worker_begins_in_the_folder_and_environment_of_its_parent(tmp_path, monkeypatch, forked):
    if not sys.platform.startswith("linux"):
        pytest.skip("elsewhere all processes are spawned")
    # A worker must find this module wherever it begins.
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2]))
    steps = []
    expected = {"A": (None, None), "B": ("1", None), "C": (None, "2")}
    for when, variables in expected.items():
        # The process that workers are forked from began before any of these.
        monkeypatch.delenv("PLASTICITY_TEST_x_A", raising=False)
        for name, value in zip(("A", "B"), variables, strict=True):
            if value:
                monkeypatch.setenv(f"PLASTICITY_TEST_x_{name}", value)
        folder = tmp_path / when
        folder.mkdir()
        monkeypatch.chdir(folder)
        ended = run_local(
            seen, [3, 4], ["x", "x"], lambda *step: steps.append(step), apart=True, forked=forked
        )
        results = dict(ended)
        assert {(r[0], r[2], r[3]) for r in results.values()} == {(forked, folder, variables)}
        assert os.getpid() not in {r[1] for r in results.values()}
    assert sorted(steps) == [(0, 3)] * 3 + [(1, 4)] * 3
