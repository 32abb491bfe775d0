"""The folders of the package's cache and of the user's data."""

import os
from pathlib import Path


def cache_folder() -> Path:
    """Return the folder of files that can be made again: PLASTICITY_BENCH_CACHE, if set."""
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(os.environ.get("PLASTICITY_BENCH_CACHE") or Path(home) / "plasticity-bench")


def data_folder() -> Path | None:
    """Return the folder of the user's data sets: PLASTICITY_BENCH_DATA; None if it is not set."""
    folder = os.environ.get("PLASTICITY_BENCH_DATA")
    return Path(folder) if folder else None
