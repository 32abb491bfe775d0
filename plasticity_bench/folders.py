"""The folders of the package's cache and of the user's data."""

import os
import stat
import tempfile
from pathlib import Path

from plasticity_bench.errors import BadInputError

COMPILED = "TORCHINDUCTOR_CACHE_DIR"
"""Environment variable by which PyTorch's compiler is told where to keep its code."""


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


def private_folder(name: str) -> Path:
    """Return a folder of the cache that only this user can write to, for code that is loaded.

    Raises:
        BadInputError: if it cannot be made, or belongs to somebody else.
    """
    folder = cache_folder() / name
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        facts = folder.lstat()
        if not stat.S_ISDIR(facts.st_mode) or facts.st_uid != os.geteuid():
            raise BadInputError(f"{folder} is not a folder of this user.")
        folder.chmod(0o700)
    except OSError as error:
        raise BadInputError(f"{folder} cannot be used: {error.strerror}.") from None
    return folder


def keep_compiled_code_private() -> Path:
    """Let PyTorch's compiler keep its code in a private folder, and return it.

    Its own default is below the temporary folder, under a name that others can guess: what another
    user of the machine puts there would be run. A folder that the user has named is left.
    """
    if COMPILED not in os.environ:
        try:
            folder = private_folder("compiled")
        except BadInputError:  # of this process alone, then
            folder = Path(tempfile.mkdtemp(prefix="plasticity-bench-"))
        os.environ[COMPILED] = str(folder)
    return Path(os.environ[COMPILED])


def data_folder() -> Path | None:
    """Return the folder of the user's data sets: PLASTICITY_BENCH_DATA; None if it is not set."""
    folder = os.environ.get("PLASTICITY_BENCH_DATA")
    return Path(folder) if folder else None
