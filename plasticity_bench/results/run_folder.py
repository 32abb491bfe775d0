"""A run in a folder of its own: `cell.json` and `measurements.parquet`."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from plasticity_bench.errors import DamagedError
from plasticity_bench.results import parquet
from plasticity_bench.results.run import FINISHED, Row, Run
from plasticity_bench.results.run_info import parse_info
from plasticity_bench.results.run_table import RunTable
from plasticity_bench.safe_files import atomic_folder, read_bytes

INFO, MEASUREMENTS = "cell.json", "measurements.parquet"
MAX_TRACE = 100_000
"""Characters that are kept of a traceback: its end."""


@dataclass(frozen=True)
class StoredRun:
    """A run's folder, read and checked.

    Attributes:
        run: which one.
        info: the contents of `cell.json`.
        table: the contents of `measurements.parquet`; None if the run failed.
        path: of the folder.
    """

    run: Run
    info: dict[str, Any]
    table: Any
    path: Path

    @property
    def is_finished(self) -> bool:
        """Whether it has results."""
        return self.info["status"] in FINISHED

    def run_table(self) -> RunTable:
        """Return its measurements."""
        path = self.path / MEASUREMENTS
        return parquet.single_run_table(self.run.key, self.info, self.table, path)


def read(path: Path) -> StoredRun | None:
    """Return the run in a folder; None if there is none, for it may just have been packed.

    Raises:
        DamagedError: if the files are not what was written.
    """
    try:
        run, info = parse_info(read_bytes(path / INFO, parquet.MAX_INFO_BYTES), path / INFO)
    except FileNotFoundError:
        _check_gone(path, INFO)
        return None
    if info["status"] not in FINISHED:
        return StoredRun(run, info, None, path)
    file = path / MEASUREMENTS
    try:
        content = read_bytes(file, parquet.MAX_MEASUREMENTS_BYTES)
    except FileNotFoundError:
        _check_gone(path, MEASUREMENTS)
        return None
    if sha256(content).hexdigest() != info.get("measurements_sha256"):
        raise DamagedError(file, "is not what was written: its sha256 differs")
    return StoredRun(run, info, parquet.measurements_table(content, file), path)


def write(path: Path, run: Run, rows: Iterable[Row], info: dict[str, Any]) -> None:
    """Store a finished run in a folder, replacing its contents."""
    content = parquet.measurements_bytes(rows)
    with atomic_folder(path, replace=True) as folder:
        (folder / MEASUREMENTS).write_bytes(content)
        _write_info(folder, run, {**info, "measurements_sha256": sha256(content).hexdigest()})


def write_failure(path: Path, run: Run, trace: str, info: dict[str, Any]) -> None:
    """Store why a run has no results."""
    with atomic_folder(path, replace=True) as folder:
        _write_info(folder, run, {"status": "failed", "traceback": trace[-MAX_TRACE:], **info})


def _check_gone(path: Path, name: str) -> None:
    """Refuse a folder that exists and lacks a file."""
    if path.is_dir():
        raise DamagedError(path, f"has no {name}")


def _write_info(folder: Path, run: Run, info: dict[str, Any]) -> None:
    labels = {"stream": run.stream, "learner": run.learner, "seed": run.seed}
    content = {"key": run.key, **labels, **info, "identity": run.identity}
    (folder / INFO).write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
