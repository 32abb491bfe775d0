"""Many finished cells in one Parquet file, whose name is the sha256 of its contents."""

import re
from collections.abc import Iterator, Sequence
from hashlib import sha256
from pathlib import Path

from plasticity_bench.errors import DamagedError
from plasticity_bench.results import columns
from plasticity_bench.results.block import Block
from plasticity_bench.results.files import read_bytes, write_whole
from plasticity_bench.results.info import check_label
from plasticity_bench.results.loose import LooseCell

MAX_CELLS = 10_000
"""In one pack, and fewer if they hold more than so many numbers."""
MAX_ROWS = 5 * 10**6

_NAME = re.compile(r"[0-9a-f]{64}\.parquet")
Heads = list[tuple[str, str, str, int, str]]


def names_in(folder: Path) -> list[Path]:
    """Return the packs in a folder, sorted."""
    try:
        return sorted(path for path in folder.iterdir() if _NAME.fullmatch(path.name))
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise DamagedError(folder, f"cannot be listed: {error}") from None


def heads(path: Path) -> Heads:
    """Return key, stream, learner, seed and status of a pack's cells.

    Raises:
        DamagedError: if it is not what was written.
    """
    found = list(columns.pack_heads(_content(path), path))
    for label in {label for head in found for label in head[1:3]}:
        check_label(label, path)
    return found


def block(path: Path) -> Block:
    """Return the cells of a pack. Raises as `heads`."""
    return columns.pack_block(_content(path), path)


def write(folder: Path, cells: Sequence[LooseCell]) -> None:
    """Store finished cells of one stream and learner as packs in a folder."""
    for part in _parts(sorted(cells, key=lambda own: (own.cell.seed, own.cell.key))):
        content = columns.pack_bytes([own.info for own in part], [own.table for own in part])
        write_whole(folder / f"{sha256(content).hexdigest()}.parquet", content)


def _parts(cells: Sequence[LooseCell]) -> Iterator[list[LooseCell]]:
    part: list[LooseCell] = []
    num_rows = 0
    for own in cells:
        part.append(own)
        num_rows += own.table.num_rows
        if len(part) >= MAX_CELLS or num_rows >= MAX_ROWS:
            yield part
            part, num_rows = [], 0
    if part:
        yield part


def _content(path: Path) -> bytes:
    try:
        content = read_bytes(path, columns.MAX_PACK_BYTES)
    except FileNotFoundError:
        raise DamagedError(path, "is no longer there") from None
    if f"{sha256(content).hexdigest()}.parquet" != path.name:
        raise DamagedError(path, "is not what was written: its sha256 is not its name")
    return content
