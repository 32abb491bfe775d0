"""Fixtures that several files of tests use."""

# isort: off
import plasticity_bench  # noqa: F401  # before torch, whose settings it pins

# isort: on
import shutil
import sys

import pytest
import torch
from hypothesis import HealthCheck, settings

from plasticity_bench import data
from plasticity_bench.folders import cache_folder

# How long an example takes depends on what else the machine does.
settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy")

# As every run does: only then do replicas agree to the bit.
torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def _path():
    """Commands that run in this process change where modules are looked for."""
    before = list(sys.path)
    yield
    sys.path[:] = before


@pytest.fixture
def own_cache(tmp_path, monkeypatch):
    """A cache of this test's own, and no folder with the user's data.

    It is empty but for the package's C++ code, which takes many seconds to build.
    """
    folder, built = tmp_path / "cache", cache_folder() / "kernels"
    if built.is_dir():
        shutil.copytree(built, folder / "kernels", ignore=shutil.ignore_patterns("*.lock"))
    monkeypatch.setenv("PLASTICITY_BENCH_CACHE", str(folder))
    monkeypatch.delenv("PLASTICITY_BENCH_DATA", raising=False)
    data.load.cache_clear()
    yield folder
    data.load.cache_clear()
