"""Small files that are the code of very large tables are refused before they are unpacked."""

import io
import time
import tracemalloc

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from plasticity_bench.errors import DamagedError
from plasticity_bench.results import parquet
from plasticity_bench.safe_files import read_bytes

HEADS = {"key": "", "stream": "s", "learner": "l", "seed": 0, "status": "complete"}


def packed(num_rows, num_values, info="{}", row_group_size=None):
    """A pack whose rows are alike, with a number of equal values in each."""
    heads = {**HEADS, "seconds": 1.0, "info": info}
    count = num_rows * num_values
    words = {"when": "end", "name": "a"}
    columns = []
    for field in parquet.PACK:
        if field.name in heads:
            own = [heads[field.name]] * num_rows
            if field.name == "key":
                own = [f"k{index}" for index in range(num_rows)]
            columns.append(pa.array(own, field.type))
            continue
        of = field.type.value_type
        inner = pa.array(np.zeros(count), of) if field.name in ("task", "value") else None
        if inner is None:
            indices = pa.array(np.zeros(count), of.index_type)
            inner = pa.DictionaryArray.from_arrays(indices, [words[field.name]])
        ends = pa.array(np.arange(num_rows + 1) * num_values, pa.int32())
        columns.append(pa.ListArray.from_arrays(ends, inner))
    file = io.BytesIO()
    table = pa.table(columns, schema=parquet.PACK)
    pq.write_table(table, file, compression="zstd", row_group_size=row_group_size)
    return file.getvalue()


def test_a_pack_as_it_should_be_is_read(tmp_path):
    run_table = parquet.pack_run_table(packed(3, 5), tmp_path, parquet.OF_AN_ENTRY)
    assert run_table.keys == ["k0", "k1", "k2"]
    assert run_table.infos == ["{}"] * 3
    assert run_table.value.tolist() == [0.0] * 15


@pytest.mark.parametrize(
    ("shape", "words"),
    [
        ({"num_rows": 1, "num_values": 6 * 10**6}, "more than 20,000,000 numbers"),
        # no column of a row group is large, but all together are
        ({"num_rows": 12, "num_values": 5 * 10**5, "row_group_size": 1}, "20,000,000 numbers"),
        ({"num_rows": 70, "num_values": 1, "info": "x" * 2 * 10**6}, "134,217,728 bytes of text"),
        (
            {"num_rows": 70, "num_values": 1, "info": "x" * 2 * 10**6, "row_group_size": 1},
            "claims to hold more than 134,217,728 bytes",
        ),
    ],
)
def test_a_small_file_that_holds_much_is_refused_at_once(tmp_path, shape, words):
    content = packed(**shape)
    assert len(content) < 2 * 10**5
    began = time.monotonic()
    with pytest.raises(DamagedError, match=words):
        parquet.pack_run_table(content, tmp_path, parquet.OF_AN_ENTRY)
    assert time.monotonic() - began < 1


def test_reading_takes_a_buffer_of_the_size_of_the_file(tmp_path):
    (tmp_path / "small").write_bytes(b"x" * 10)
    tracemalloc.start()
    assert read_bytes(tmp_path / "small", 2**31) == b"x" * 10
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 10**6
