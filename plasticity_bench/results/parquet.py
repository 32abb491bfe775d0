"""Measurements as Parquet: what is written, and what is accepted when it is read."""

import io
import json
import math
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from plasticity_bench.errors import DamagedError
from plasticity_bench.results.parquet_footer import ColumnClaim, column_claims
from plasticity_bench.results.run import FINISHED, Row
from plasticity_bench.results.run_table import RunTable

MAX_INFO_BYTES = 4 * 2**20
"""Of one `cell.json`; they have some thousand bytes."""
MAX_MEASUREMENTS_BYTES = 2**28
"""Of one run's `measurements.parquet`."""
MAX_PACK_BYTES = 2**31
"""Of one pack."""


class Limits(NamedTuple):
    """What one file may hold in memory, which a few bytes on the disk can be the code of.

    Attributes:
        values: of all columns together, each of up to 8 bytes.
        text_bytes: of all columns of text together; and unpacked, of the whole file.
    """

    values: int
    text_bytes: int


OF_RESULTS = Limits(2 * 10**8, MAX_PACK_BYTES)
OF_AN_ENTRY = Limits(2 * 10**7, 2**27)
"""Of an entry's measurements. One with ten seeds has 60,000 values, and 0.2 MB unpacked."""

WHENS = ("start", "during", "end")

_TASK, _WHEN = pa.int32(), pa.dictionary(pa.int8(), pa.string())
_NAME = pa.dictionary(pa.int32(), pa.string())  # a name for each layer of a deep network
_VALUE = pa.float64()
MEASUREMENT_COLUMNS = pa.schema(
    [("task", _TASK), ("when", _WHEN), ("name", _NAME), ("value", _VALUE)]
)
PACK = pa.schema(
    [
        ("key", pa.string()),
        ("stream", pa.string()),
        ("learner", pa.string()),
        ("seed", pa.int64()),
        ("status", pa.string()),
        ("seconds", pa.float64()),
        ("info", pa.string()),
        ("task", pa.list_(_TASK)),
        ("when", pa.list_(_WHEN)),
        ("name", pa.list_(_NAME)),
        ("value", pa.list_(_VALUE)),
    ]
)
HEAD = ("key", "stream", "learner", "seed", "status")
MEASURED = ("key", "status", "seconds", "info", "task", "when", "name", "value")


def measurements_bytes(rows: Iterable[Row]) -> bytes:
    """Return one run's measurements as a Parquet file."""
    return _written(pa.Table.from_pylist([vars(row) for row in rows], schema=MEASUREMENT_COLUMNS))


def measurements_table(content: bytes, path: Path) -> Any:
    """Return one run's measurements as a table of Arrow.

    Raises:
        DamagedError: if they are not what `measurements_bytes` makes.
    """
    table = _read(content, MEASUREMENT_COLUMNS, MEASUREMENT_COLUMNS.names, path)
    _check_words(_one(table["when"]), _one(table["name"]), path)
    return table


def seconds_of(info: dict[str, Any]) -> float:
    """Return a run's share of its population's wall time, training and measuring."""
    seconds = info.get("seconds", {})
    return float(seconds.get("train", math.nan)) + float(seconds.get("measure", math.nan))


def single_run_table(key: str, info: dict[str, Any], table: Any, path: Path) -> RunTable:
    """Return one run as a block, from the table of its measurements."""
    columns = {name: _one(table[name]) for name in MEASUREMENT_COLUMNS.names}
    heads = {
        "key": [key],
        "status": [info["status"]],
        "seconds": [seconds_of(info)],
        "info": [json.dumps(info, sort_keys=True)],
    }
    return _run_table(heads, np.array([0, table.num_rows]), columns, path)


def pack_bytes(infos: Sequence[dict[str, Any]], tables: Sequence[Any]) -> bytes:
    """Return many runs as a Parquet file: the same runs in the same order give the same bytes.

    Args:
        infos: of each run, the contents of its `cell.json`.
        tables: of each run, its measurements, as `measurements_table` returns them.
    """
    joined = pa.concat_tables(tables).unify_dictionaries()
    ends = pa.array(np.cumsum([0, *(table.num_rows for table in tables)]), pa.int32())
    columns = {name: pa.array([info[name] for info in infos]) for name in HEAD}
    columns["seconds"] = pa.array([seconds_of(info) for info in infos])
    columns["info"] = pa.array([json.dumps(info, sort_keys=True) for info in infos])
    for name in MEASUREMENT_COLUMNS.names:
        columns[name] = pa.ListArray.from_arrays(ends, _one(joined[name]))
    return _written(pa.table([columns[name] for name in PACK.names], schema=PACK))


def pack_heads(content: bytes, path: Path) -> Iterator[tuple[str, str, str, int, str]]:
    """Yield key, stream, learner, seed and status of a pack's runs.

    Raises:
        DamagedError: if it is not what `pack_bytes` makes.
    """
    table = _read(content, PACK, HEAD, path)
    columns = [table[name].to_pylist() for name in HEAD]
    _check_statuses(columns[-1], path)
    if len(set(columns[0])) < len(columns[0]):
        raise DamagedError(path, "has a run twice")
    return zip(*columns, strict=True)


def pack_run_table(content: bytes, path: Path, limits: Limits | None = None) -> RunTable:
    """Return a pack's runs with their measurements. Raises as `pack_heads`."""
    table = _read(content, PACK, MEASURED, path, limits)
    lists = {name: _one(table[name]) for name in MEASUREMENT_COLUMNS.names}
    ends = [np.asarray(lists[name].offsets, np.int64) for name in MEASUREMENT_COLUMNS.names]
    ends = [offsets - offsets[0] for offsets in ends]
    if any(not np.array_equal(ends[0], offsets) for offsets in ends):
        raise DamagedError(path, "has columns of different lengths")
    columns = {name: lists[name].flatten() for name in MEASUREMENT_COLUMNS.names}
    if any(column.null_count for column in columns.values()):
        raise DamagedError(path, "has numbers that are missing")
    heads = {name: table[name].to_pylist() for name in ("key", "status", "seconds", "info")}
    _check_statuses(heads["status"], path)
    return _run_table(heads, ends[0], columns, path)


def _check_statuses(statuses: Sequence[str], path: Path) -> None:
    if not set(statuses) <= set(FINISHED):
        raise DamagedError(path, "has runs that are not finished")


def _run_table(
    heads: dict[str, list[Any]], ends: Any, columns: dict[str, Any], path: Path
) -> RunTable:
    when, name = columns["when"], columns["name"]
    whens, names = _check_words(when, name, path)
    return RunTable(
        heads["key"],
        heads["status"],
        heads["seconds"],
        heads["info"],
        ends,
        np.asarray(columns["task"]),
        np.asarray(when.indices),
        np.asarray(name.indices),
        np.asarray(columns["value"]),
        whens,
        names,
    )


def _check_words(when: Any, name: Any, path: Path) -> tuple[list[str], list[str]]:
    """Return the words of two encoded columns: each once, and all of them words."""
    whens, names = when.dictionary.to_pylist(), name.dictionary.to_pylist()
    known = set(whens) <= set(WHENS) and None not in names
    if not known or len(set(names)) < len(names) or len(set(whens)) < len(whens):
        raise DamagedError(path, "has measurements that are not of this package")
    return whens, names


def _written(table: Any) -> bytes:
    file = io.BytesIO()
    pq.write_table(table, file, compression="zstd")
    return file.getvalue()


def _read(
    content: bytes, schema: Any, names: Sequence[str], path: Path, limits: Limits | None = None
) -> Any:
    limits = limits or OF_RESULTS
    texts = [field.name for field in schema if field.type == pa.string()]
    with _told(path):
        file = pq.ParquetFile(pa.BufferReader(content), pre_buffer=False)
        if not file.schema_arrow.equals(schema):
            raise DamagedError(path, "has other columns than results have")
        _check_claims(column_claims(content), path, limits)
        # Texts are read once each, as they are stored, before they are repeated for every row.
        file = pq.ParquetFile(pa.BufferReader(content), pre_buffer=False, read_dictionary=texts)
        # One thread: the same work either way, and no pool of threads before processes fork.
        table = file.read(columns=list(names), use_threads=False)
        table.validate(full=True)
        if any(table[name].null_count for name in names):
            raise DamagedError(path, "has numbers that are missing")
        if sum(_text_bytes(table[name]) for name in names if name in texts) > limits.text_bytes:
            raise DamagedError(path, f"holds more than {limits.text_bytes:,} bytes of text")
        plain = pa.schema([schema.field(name) for name in table.column_names])
        return table.unify_dictionaries().cast(plain)


def _text_bytes(column: Any) -> int:
    """The size of a column of encoded texts once they are repeated for every row."""
    sizes = [pc.binary_length(chunk.dictionary).take(chunk.indices) for chunk in column.chunks]
    return sum(pc.sum(size).as_py() or 0 for size in sizes)


def _check_claims(claims: Sequence[ColumnClaim], path: Path, limits: Limits) -> None:
    """Refuse a file of few bytes that says that it holds what fills the memory."""
    if sum(claim.num_values for claim in claims) > limits.values:
        raise DamagedError(path, f"claims to hold more than {limits.values:,} numbers")
    if sum(claim.unpacked_bytes for claim in claims) > limits.text_bytes:
        raise DamagedError(path, f"claims to hold more than {limits.text_bytes:,} bytes")


@contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
    except (pa.ArrowException, OSError, ValueError, LookupError, MemoryError, OverflowError) as e:
        lines = str(e).strip().splitlines() or [type(e).__name__]
        raise DamagedError(path, f"is no Parquet file of results: {lines[0][:200]}") from None


def _one(column: Any) -> Any:
    """A chunked column as one array."""
    joined = column.combine_chunks()
    return joined.chunk(0) if isinstance(joined, pa.ChunkedArray) else joined
