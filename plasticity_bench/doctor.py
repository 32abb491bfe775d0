"""Checks of this machine: software, devices, compilers, folders and data sets."""

import importlib
import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from plasticity_bench import data, provenance
from plasticity_bench.errors import PlasticityBenchError
from plasticity_bench.folders import cache_folder, data_folder, keep_compiled_code_private
from plasticity_bench.shipped import suite_names
from plasticity_bench.suite.document import datasets_of, read_document

NEEDED = (
    "datasets",
    "filelock",
    "gymnasium",
    "huggingface_hub",
    "jinja2",
    "markupsafe",
    "numpy",
    "pandas",
    "PIL",
    "pyarrow",
    "pydantic",
    "rich",
    "safetensors",
    "scipy",
    "sklearn",
    "tabulate",
    "torch",
    "yaml",
)
"""Modules without which nothing runs: one for each of the package's requirements."""


@dataclass(frozen=True)
class Finding:
    """One line of the report.

    Attributes:
        topic: what it is about.
        state: what there is.
        remedy: a sentence that says how to improve it; empty if nothing is wrong.
        needed: whether it is required to run anything.
    """

    topic: str
    state: str
    remedy: str = ""
    needed: bool = False


def findings() -> Iterator[Finding]:
    """Yield findings one at a time; a broken item does not stop the others."""
    for look in (
        _versions,
        _modules,
        _devices,
        _threads,
        _compiler,
        _isolation,
        _caches,
        _data,
        _extras,
    ):
        try:
            yield from look()
        except Exception as error:  # a broken installation breaks in ways nobody foresees
            name = look.__name__.strip("_")
            yield Finding(
                name, f"{type(error).__name__}: {_line(error)}", "This could not be determined."
            )


def _versions() -> Iterator[Finding]:
    yield Finding("python", f"{sys.version.split()[0]}, {sys.executable}")
    names = ("plasticity-bench", "torch", "torchvision", "numpy", "pyarrow", "datasets")
    for name in names:
        try:
            yield Finding(name, metadata.version(name))
        except metadata.PackageNotFoundError:
            needed = name in NEEDED
            yield Finding(name, "not installed", f"Install it: pip install {name}.", needed)


def _modules() -> Iterator[Finding]:
    """Import required packages: one may be installed and broken."""
    for name in NEEDED:
        try:
            importlib.import_module(name)
        except Exception as error:
            remedy = (
                f"{name} cannot be imported; reinstall it: pip install --force-reinstall {name}."
            )
            yield Finding(name, _line(error), remedy, needed=True)
    try:
        importlib.import_module("torchvision")
    except Exception as error:  # only the data sets of torchvision are used, and behind a guard
        remedy = (
            "Data sets are read without its operators; install the torchvision build that "
            "matches torch to use them."
        )
        yield Finding("torchvision", _line(error), remedy)


def _devices() -> Iterator[Finding]:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    yield Finding("processor", f"{provenance.processor()}, {cores} cores for this process")
    torch = _torch()
    if torch is None:
        return
    if not torch.cuda.is_available():
        yield Finding("GPUs", "none that PyTorch sees")
    for index in range(torch.cuda.device_count() if torch.cuda.is_available() else 0):
        facts = torch.cuda.get_device_properties(index)
        yield Finding(f"cuda:{index}", f"{facts.name}, {facts.total_memory / 2**30:.0f} GiB")


def _threads() -> Iterator[Finding]:
    names = ("OMP_NUM_THREADS", "MKL_NUM_THREADS")
    given = ", ".join(f"{name}={os.environ[name]}" for name in names if name in os.environ)
    torch = _torch()
    default = f"{torch.get_num_threads()} outside of runs" if torch else "PyTorch's are not known"
    yield Finding("threads", f"one in each process of a run; {default}{given and '; '}{given}")


def _compiler() -> Iterator[Finding]:
    names = (os.environ.get("CXX"), "g++", "clang++")
    compiler = next((shutil.which(name) for name in names if name and shutil.which(name)), None)
    remedy = "" if compiler else "Updates run slower; install a C++ compiler, such as g++."
    yield Finding("C++ compiler", compiler or "none", remedy)
    if _torch() is None:
        return
    from plasticity_bench.programs.kernels import building

    try:
        building.library()
        shown, remedy = "loads", ""
    except building.BuildError as error:
        shown = f"does not load: {error}"
        remedy = "Updates run slower, and may have other bits than elsewhere; install g++."
    yield Finding("C++ code", shown, remedy)
    yield _compiles()


def _compiles() -> Finding:
    import torch

    from plasticity_bench.programs.kernels.building import BuildError
    from plasticity_bench.programs.tracing import program

    keep_compiled_code_private()
    try:
        program(_sum_of_squares, (torch.ones(3),), into_code=True)
    except BuildError as error:
        remedy = "Long streams run slower, interpreted rather than compiled."
        return Finding("compiling updates", f"fails: {_line(error)}", remedy)
    return Finding("compiling updates", "works")


def _sum_of_squares(values: Any) -> Any:
    return (values * values).sum()


def _isolation() -> Iterator[Finding]:
    if _torch() is None:
        return
    from plasticity_bench.recording.sealed_process import isolation, protects_files

    reached = [] if isolation() else ["see networks and other processes"]
    reached += [] if protects_files() else ["write to files of yours"]
    state = f"could {' and '.join(reached)}" if reached else "isolated, with files read-only"
    remedy = "To verify entries, use Linux 5.12 or newer that permits `unshare`." if reached else ""
    yield Finding("learners' hooks", state, remedy)


def _caches() -> Iterator[Finding]:
    folder = cache_folder()
    yield Finding("cache", f"{folder}, {_size(folder)}", *_unwritable(folder))
    given = data_folder()
    if given is not None:
        remedy = "" if given.is_dir() else "Set PLASTICITY_BENCH_DATA to a folder that exists."
        yield Finding("your data", str(given), remedy)
    if _torch() is not None:
        compiled = keep_compiled_code_private()
        yield Finding("compiled code", f"{compiled}, {_size(compiled)}")


def _data() -> Iterator[Finding]:
    for name in data.SOURCES:
        yield Finding(f"data {name}", data.where(name) if data.is_prepared(name) else "missing")
    for suite in suite_names():
        try:
            lacking = [
                name for name in datasets_of(read_document(suite)) if not data.is_prepared(name)
            ]
        except PlasticityBenchError as error:
            yield Finding(f"suite {suite}", "cannot be read", str(error))
            continue
        shown = f"needs {', '.join(lacking)}" if lacking else "its data sets are available"
        remedy = f"Get them: plasticity-bench prepare {suite}." if lacking else ""
        yield Finding(f"suite {suite}", shown, remedy)


def _extras() -> Iterator[Finding]:
    slurm = shutil.which("sbatch")
    yield Finding("Slurm", slurm or "not on this machine")
    try:
        yield Finding("matplotlib", metadata.version("matplotlib"))
    except metadata.PackageNotFoundError:
        remedy = "For figures: pip install 'plasticity-bench[plot]'."
        yield Finding("matplotlib", "not installed", remedy)


def _torch() -> Any:
    """PyTorch, or None where it cannot be imported: `_modules` reports why."""
    try:
        return importlib.import_module("torch")
    except Exception:
        return None


def _unwritable(folder: Path) -> tuple[str, bool]:
    """A remedy and that it is needed, if a folder cannot be written to."""
    existing = folder
    while not existing.exists() and existing != existing.parent:
        existing = existing.parent
    if os.access(existing, os.W_OK):
        return "", False
    return "It cannot be written to; set PLASTICITY_BENCH_CACHE to a folder that can.", True


def _size(folder: Path) -> str:
    """What the files below a folder hold, in MiB; links are not followed."""
    total = 0
    for subfolder, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.lstat(Path(subfolder, name)).st_size
            except OSError:
                continue  # another process has just removed it
    return f"{total / 2**20:,.0f} MiB" if folder.is_dir() else "not created yet"


def _line(error: BaseException) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__
