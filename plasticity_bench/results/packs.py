"""Many finished runs in one Parquet file, whose name is the sha256 of its contents."""

import re
from collections.abc import Iterator, Sequence
from hashlib import sha256
from pathlib import Path

from plasticity_bench.errors import DamagedError
from plasticity_bench.results import parquet
from plasticity_bench.results.run_folder import StoredRun
from plasticity_bench.results.run_info import check_label
from plasticity_bench.results.run_table import RunTable
from plasticity_bench.safe_files import read_bytes, write_atomic

MAX_RUNS = 10_000
"""In one pack; fewer if they hold more than `MAX_ROWS` numbers."""
MAX_ROWS = 5 * 10**6

_NAME = re.compile(r"[0-9a-f]{64}\.parquet")
Heads = list[tuple[str, str, str, int, str]]


def packs_in(folder: Path) -> list[Path]:
    """Return the packs in a folder, sorted.

    Raises:
        DamagedError: if the folder exists and cannot be listed.
    """
    try:
        return sorted(path for path in folder.iterdir() if _NAME.fullmatch(path.name))
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise DamagedError(folder, f"cannot be listed: {error}") from None


def heads(path: Path) -> Heads:
    """Return key, stream, learner, seed and status of a pack's runs.

    Raises:
        DamagedError: if the file is not what was written.
    """
    pack_heads = list(parquet.pack_heads(_content(path), path))
    for label in {label for head in pack_heads for label in head[1:3]}:
        check_label(label, path)
    return pack_heads


def run_table(path: Path) -> RunTable:
    """Return the runs of a pack. Raises as `heads`."""
    return parquet.pack_run_table(_content(path), path)


def write(folder: Path, runs: Sequence[StoredRun]) -> None:
    """Store finished runs as packs in a folder."""
    for part in _parts(sorted(runs, key=lambda stored: (stored.run.seed, stored.run.key))):
        content = parquet.pack_bytes([s.info for s in part], [s.table for s in part])
        write_atomic(folder / f"{sha256(content).hexdigest()}.parquet", content)


def _parts(runs: Sequence[StoredRun]) -> Iterator[list[StoredRun]]:
    part: list[StoredRun] = []
    num_rows = 0
    for stored in runs:
        part.append(stored)
        num_rows += stored.table.num_rows
        if len(part) >= MAX_RUNS or num_rows >= MAX_ROWS:
            yield part
            part, num_rows = [], 0
    if part:
        yield part


def _content(path: Path) -> bytes:
    try:
        content = read_bytes(path, parquet.MAX_PACK_BYTES)
    except FileNotFoundError:
        raise DamagedError(path, "is no longer there") from None
    if f"{sha256(content).hexdigest()}.parquet" != path.name:
        raise DamagedError(path, "is not what was written: its sha256 is not its name")
    return content
