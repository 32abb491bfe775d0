"""The folders of the package's cache and of the user's data."""

import os
from pathlib import Path

from plasticity_bench.errors import BadInputError


def cache_folder() -> Path:
    """Return the folder of files that can be made again: PLASTICITY_BENCH_CACHE, if set.

    Raises:
        BadInputError: if no variable names it and there is no home folder.
    """
    given = os.environ.get("PLASTICITY_BENCH_CACHE")
    if given:
        return Path(given).expanduser()
    try:
        home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    except RuntimeError:
        raise BadInputError(
            "There is no home folder for the cache: set PLASTICITY_BENCH_CACHE to a folder."
        ) from None
    return Path(home) / "plasticity-bench"


def data_folder() -> Path | None:
    """Return the folder of the user's data sets: PLASTICITY_BENCH_DATA; None if it is not set."""
    folder = os.environ.get("PLASTICITY_BENCH_DATA")
    return Path(folder) if folder else None
