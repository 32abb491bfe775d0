"""A cell in a folder of its own: `cell.json` and `measurements.parquet`."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from plasticity_bench.errors import DamagedError
from plasticity_bench.results import columns
from plasticity_bench.results.block import Block
from plasticity_bench.results.cell import FINISHED, Cell, Row
from plasticity_bench.results.files import read_bytes, whole_folder
from plasticity_bench.results.info import parse_info

INFO, MEASUREMENTS = "cell.json", "measurements.parquet"
MAX_TRACE = 100_000
"""Characters that are kept of a traceback: its end."""


@dataclass(frozen=True)
class LooseCell:
    """A cell's folder, read and found whole.

    Attributes:
        cell: which one.
        info: the contents of `cell.json`.
        table: the contents of `measurements.parquet`; None if the cell failed.
        path: of the folder.
    """

    cell: Cell
    info: dict[str, Any]
    table: Any
    path: Path

    @property
    def is_finished(self) -> bool:
        """Whether it has results."""
        return self.info["status"] in FINISHED

    def block(self) -> Block:
        """Return its measurements."""
        return columns.cell_block(self.cell.key, self.info, self.table, self.path / MEASUREMENTS)


def read(path: Path) -> LooseCell | None:
    """Return the cell in a folder; None if there is none, for it may just have been packed.

    Raises:
        DamagedError: if what is there is not what was written.
    """
    try:
        cell, info = parse_info(read_bytes(path / INFO, columns.MAX_INFO_BYTES), path / INFO)
    except FileNotFoundError:
        _check_gone(path, INFO)
        return None
    if info["status"] not in FINISHED:
        return LooseCell(cell, info, None, path)
    file = path / MEASUREMENTS
    try:
        content = read_bytes(file, columns.MAX_MEASUREMENTS_BYTES)
    except FileNotFoundError:
        _check_gone(path, MEASUREMENTS)
        return None
    if sha256(content).hexdigest() != info.get("measurements_sha256"):
        raise DamagedError(file, "is not what was written: its sha256 differs")
    return LooseCell(cell, info, columns.cell_table(content, file), path)


def write(path: Path, cell: Cell, rows: Iterable[Row], info: dict[str, Any]) -> None:
    """Store a finished cell in a folder, in place of what is there."""
    content = columns.cell_bytes(rows)
    with whole_folder(path) as folder:
        (folder / MEASUREMENTS).write_bytes(content)
        _write_info(folder, cell, {**info, "measurements_sha256": sha256(content).hexdigest()})


def write_failure(path: Path, cell: Cell, trace: str, info: dict[str, Any]) -> None:
    """Store why a cell has no results."""
    with whole_folder(path) as folder:
        _write_info(folder, cell, {"status": "failed", "traceback": trace[-MAX_TRACE:], **info})


def _check_gone(path: Path, name: str) -> None:
    """A file that is missing from a folder that is there is a damage."""
    if path.is_dir():
        raise DamagedError(path, f"has no {name}")


def _write_info(folder: Path, cell: Cell, info: dict[str, Any]) -> None:
    named = {"stream": cell.stream, "learner": cell.learner, "seed": cell.seed}
    content = {"key": cell.key, **named, **info, "identity": cell.identity}
    (folder / INFO).write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
