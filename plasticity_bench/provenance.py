"""The origin of a result: code, versions, machine."""

import hashlib
import os
import platform
import subprocess
import sys
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

_PACKAGES = ("plasticity-bench", "torch", "numpy", "gymnasium", "scikit-learn")

_BESIDE = ("torchvision", "datasets")
"""Packages whose versions matter to a run that has imported them."""


@cache
def environment() -> dict[str, Any]:
    """Return the versions of what computes, and the hardware that it runs on."""
    import torch

    return {
        "python": platform.python_version(),
        "packages": {name: _version(name) for name in _PACKAGES},
        "beside": {name: _version(name) for name in _BESIDE if name in sys.modules},
        "platform": f"{platform.system()} {platform.release().split('-')[0]} {platform.machine()}",
        "processor": processor(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "git": git_state(),
    }


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def processor() -> str:
    """Return the processor's name, as the system gives it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return platform.processor()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def git_state() -> dict[str, Any] | None:
    """Return commit and dirty flag of the repository around the current folder, if there is one."""
    try:
        commit = _git("rev-parse", "HEAD")
        return {"commit": commit, "dirty": bool(_git("status", "--porcelain"))}
    except (OSError, subprocess.SubprocessError):
        return None


def _git(*arguments: str) -> str:
    command = ["git", *arguments]
    done = subprocess.run(command, capture_output=True, check=True, timeout=10)
    return done.stdout.decode(errors="replace").strip()  # names of files may be in any encoding


@cache
def package_hash() -> str:
    """Return the sha256 of this package's own code, without baselines and suites."""
    folder = Path(__file__).parent
    files = (f for kind in ("py", "cpp", "h") for f in folder.rglob(f"*.{kind}"))
    package_files = sorted(
        f for f in files if f.relative_to(folder).parts[0] not in ("baselines", "suites")
    )
    digest = hashlib.sha256()
    for file in package_files:
        content = file.read_bytes()
        digest.update(f"{file.relative_to(folder).as_posix()}:{len(content)}:".encode())
        digest.update(content)
    return digest.hexdigest()
