"""The folders of cache and data."""

import os
from pathlib import Path

import pytest

from plasticity_bench.errors import BadInputError
from plasticity_bench.folders import (
    COMPILED,
    cache_folder,
    keep_compiled_code_private,
    private_folder,
)
from plasticity_bench.programs.kernels import building


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
    with pytest.raises(BadInputError, match="set PLASTICITY_BENCH_CACHE"):
        building.library_of("")  # no reason to compute without the C++ code


def test_compiled_code_is_kept_where_only_this_user_can_write(own_cache, monkeypatch):
    monkeypatch.setenv(COMPILED, "x")  # so that what is set here ends with this test
    monkeypatch.delenv(COMPILED)
    (own_cache / "compiled").mkdir(parents=True, mode=0o777)
    (own_cache / "compiled").chmod(0o777)
    assert keep_compiled_code_private() == own_cache / "compiled"
    assert os.environ[COMPILED] == str(own_cache / "compiled")
    assert (own_cache / "compiled").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("kind", ["another user's", "a link", "a file"])
def test_code_in_a_folder_of_somebody_else_is_not_loaded(own_cache, monkeypatch, kind):
    monkeypatch.setenv(COMPILED, "x")
    monkeypatch.delenv(COMPILED)
    own_cache.mkdir(exist_ok=True)
    if kind == "a link":
        (own_cache / "compiled").symlink_to(own_cache)
    elif kind == "a file":
        (own_cache / "compiled").touch()
    else:
        (own_cache / "compiled").mkdir()
        monkeypatch.setattr(os, "geteuid", lambda: 12345)
    with pytest.raises(BadInputError, match="compiled (is not a folder|cannot be used)"):
        private_folder("compiled")
    other = keep_compiled_code_private()
    assert other != own_cache / "compiled"
    assert other.stat().st_mode & 0o777 == 0o700
    other.rmdir()


def test_a_folder_that_the_user_names_is_left(monkeypatch, tmp_path):
    monkeypatch.setenv(COMPILED, str(tmp_path))
    assert keep_compiled_code_private() == tmp_path
