"""Build the package's C++ code, which is loaded from a private folder of the cache.

It is built for this processor. The options keep the bits of results the same on all: no operation
is contracted or reordered, so the width of vectors is all that differs.
"""

import ctypes
import functools
import os
import shutil
import subprocess
from hashlib import sha256
from importlib import resources
from pathlib import Path

from filelock import FileLock

from plasticity_bench.errors import BadInputError
from plasticity_bench.folders import cache_folder, private_folder
from plasticity_bench.portability import processor_has

OPTIONS = (
    *("-std=c++20", "-O3", "-shared", "-fPIC", "-fwrapv"),
    *("-ffp-contract=off", "-fno-math-errno", "-fno-trapping-math"),
)
LEVELS = {
    "x86-64-v4": ("avx512f", "avx512bw", "avx512dq", "avx512vl"),
    "x86-64-v3": ("avx2", "fma"),
}
"""Architectures that the code is built for, and what a processor needs for them."""
SWITCH = "PLASTICITY_BENCH_KERNELS"
"""Environment variable; "off" disables the C++ code."""
ARCHITECTURE = "PLASTICITY_BENCH_ARCHITECTURE"
"""Environment variable: the architecture to build for, as -march has it."""
HEADERS = ("convolution.h", "elementary.h", "matmul.h", "rank_matching.h")
COMPILERS = ("g++", "c++", "clang++")


class BuildError(Exception):
    """The C++ code cannot be built or loaded; the message is the reason, in a line."""


def available() -> bool:
    """Return whether the C++ code is there, building it where that is necessary."""
    try:
        library()
    except BuildError:
        return False
    return True


@functools.cache
def library() -> ctypes.CDLL:
    """Return the library, which is built the first time on a machine.

    Raises:
        BuildError: if there is no C++ compiler, it fails, or the cache is not the user's own.
        BadInputError: as `cache_folder`.
    """
    return library_of(_source("executor.cpp"))


def library_of(source: str) -> ctypes.CDLL:
    """Return the library of a source text, which may include the package's headers.

    Raises:
        BuildError: as `library`.
    """
    if os.environ.get(SWITCH) == "off":
        raise BuildError(f"{SWITCH} is off")
    compiler = os.environ.get("CXX") or next(filter(None, map(shutil.which, COMPILERS)), None)
    if not compiler:
        raise BuildError("there is no C++ compiler")
    contents = {"source.cpp": source, **{name: _source(name) for name in HEADERS}}
    text = "".join([compiler, *OPTIONS, _architecture(), *contents.values()])
    cache_folder()  # an error where there is no home folder: not a reason to compute other bits
    try:
        folder = private_folder("kernels")
    except BadInputError as error:
        raise BuildError(str(error)) from None
    path = folder / f"{sha256(text.encode()).hexdigest()[:24]}.so"
    with FileLock(path.with_suffix(".lock")):
        if not path.exists():
            _build(compiler, contents, path)
    try:
        return ctypes.CDLL(str(path))
    except OSError as error:
        raise BuildError(f"{path} cannot be loaded: {error}") from None


def _source(name: str) -> str:
    return (resources.files(__package__) / name).read_text()


def _build(compiler: str, contents: dict[str, str], path: Path) -> None:
    """Build into a folder of its own, and move the result into place."""
    work = path.with_suffix(f".{os.getpid()}")
    work.mkdir()
    try:
        for name, text in contents.items():
            (work / name).write_text(text)
        command = [
            compiler,
            *OPTIONS,
            *_march(),
            str(work / "source.cpp"),
            "-o",
            str(work / "built.so"),
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            line = next(iter(done.stderr.strip().splitlines()), f"{compiler} failed")
            raise BuildError(line[:300])
        (work / "built.so").rename(path)
    except OSError as error:
        raise BuildError(f"{work}: {error.strerror}") from None
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _architecture() -> str:
    """The best of the architectures that this processor has; empty if it has none of them."""
    given = os.environ.get(ARCHITECTURE)
    if given:
        return given
    return next((name for name, needed in LEVELS.items() if processor_has(*needed)), "")


def _march() -> tuple[str, ...]:
    architecture = _architecture()
    return (f"-march={architecture}",) if architecture else ()
