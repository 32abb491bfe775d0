"""The folders of cache and data."""

from pathlib import Path

import pytest

from plasticity_bench.errors import BadInputError
from plasticity_bench.folders import cache_folder


def test_a_home_folder_is_needed_only_where_nothing_names_the_cache(tmp_path, monkeypatch):
    def no_home():
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", no_home)
    monkeypatch.setenv("PLASTICITY_BENCH_CACHE", str(tmp_path))
    assert cache_folder() == tmp_path
    monkeypatch.delenv("PLASTICITY_BENCH_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "plasticity-bench"
    monkeypatch.delenv("XDG_CACHE_HOME")
    with pytest.raises(BadInputError, match="set PLASTICITY_BENCH_CACHE"):
        cache_folder()
