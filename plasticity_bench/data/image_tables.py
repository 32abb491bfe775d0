"""Images in tables: parquet files, or a DatasetDict of `datasets` that was saved to disk."""

import re
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

from plasticity_bench.data.rows import PARTS, Row, part_name
from plasticity_bench.errors import BadInputError

IMAGES = ("image", "img")
LABELS = ("label", "labels", "fine_label")
BATCH = 256
"""Rows of a parquet file that are read at a time."""


def parts(folder: Path) -> dict[str, Callable[[], Iterator[Row]]]:
    """Return what yields the rows of "train" and of "test", in the tables' order.

    Raises:
        BadInputError: if the folder has no such tables.
    """
    tables: dict[str, Any]
    read: Callable[[Any], Iterator[Row]]
    if (folder / "dataset_dict.json").is_file():
        tables = _saved(folder)
        read = partial(_saved_rows, folder)
    else:
        tables = _parquet_files(folder)
        read = _parquet_rows
    return {part: partial(read, tables[part_name(part, tables, folder)]) for part in PARTS}


def _saved(folder: Path) -> dict[str, Any]:
    import datasets

    try:
        saved: dict[str, Any] = datasets.load_from_disk(str(folder))
    except Exception as error:  # arrow, json and the file system each have their own
        raise _unreadable(folder, error) from error
    return saved


def _saved_rows(folder: Path, table: Any) -> Iterator[Row]:
    import datasets

    image, label = _columns(table.column_names, folder)
    encoded = table.select_columns([image, label]).cast_column(image, datasets.Image(decode=False))
    yield from _rows(((row[image], row[label]) for row in encoded), folder)


def _parquet_files(folder: Path) -> dict[str, list[Path]]:
    """Return the parquet files of each part: theirs are the names that begin with the part's."""
    files: dict[str, list[Path]] = {}
    names = "|".join(sorted(chain(*PARTS.values()), key=len, reverse=True))
    for path in sorted(folder.rglob("*.parquet")):
        # On the hub: data/train-00000-of-00002-1359597a.parquet, or default/train/0000.parquet.
        for name in (path.name, path.parent.name):
            if match := re.match(rf"({names})(?![a-z])", name):
                files.setdefault(match[1], []).append(path)
                break
    return files


def _parquet_rows(files: list[Path]) -> Iterator[Row]:
    """Read parquet files directly: `datasets` would copy them first, and ask the network."""
    import pyarrow.parquet

    for file in files:
        try:
            table = pyarrow.parquet.ParquetFile(file)
        except Exception as error:
            raise _unreadable(file, error) from error
        columns = _columns(table.schema_arrow.names, file)
        batches = table.iter_batches(BATCH, columns=columns)
        pairs = (zip(*(batch[c].to_pylist() for c in columns), strict=True) for batch in batches)
        yield from _rows(chain.from_iterable(pairs), file)


def _rows(pairs: Iterable[tuple[Any, int]], table_path: Path) -> Iterator[Row]:
    """Yield encoded images with their labels; errors in reading them name the file."""
    numbered = enumerate(pairs)
    while True:
        try:
            number, (image, label) = next(numbered)
        except StopIteration:
            return
        except Exception as error:  # arrow, json and the file system each have their own
            raise _unreadable(table_path, error) from error
        if not isinstance(label, int):
            raise BadInputError(
                f"row {number} of {table_path} has the label {label!r}; labels are whole numbers "
                "from 0 on.",
                "dataset",
            )
        content = image.get("bytes") if isinstance(image, dict) else image
        if not isinstance(content, bytes):
            # A row may name a file instead, which could be any on this machine.
            raise BadInputError(
                f"row {number} of {table_path} has no image in it; get this file anew.", "dataset"
            )
        yield Row(partial(bytes, content), label, f"row {number} of {table_path}")


def _columns(present: list[str], table_path: Path) -> list[str]:
    """Return the names of the columns with images and labels."""
    columns = []
    for names in (IMAGES, LABELS):
        matching = [name for name in names if name in present]
        if not matching:
            raise BadInputError(
                f"{table_path} has no column called {' or '.join(names)} (found: "
                f"{', '.join(present)}); rename it.",
                "dataset",
            )
        columns.append(matching[0])
    return columns


def _unreadable(path: Path, error: Exception) -> BadInputError:
    reason = str(error).splitlines()[0] if str(error) else type(error).__name__
    return BadInputError(f"{path} cannot be read ({reason}); get it anew.", "dataset")
