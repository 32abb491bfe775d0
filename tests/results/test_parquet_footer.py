"""Footers are read as pyarrow reads them, and damaged ones end nothing."""

import io
import random
import subprocess
import sys

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from plasticity_bench.errors import DamagedError
from plasticity_bench.results import parquet
from plasticity_bench.results.parquet_footer import MAX_BYTES, column_claims
from plasticity_bench.results.run import Row
from tests.results.test_expanding import packed


def written(table, **options):
    file = io.BytesIO()
    pq.write_table(table, file, **options)
    return file.getvalue()


TABLES = {
    "one": (pa.table({"x": [1, 2, 3]}), {}),
    "empty": (pa.table({"x": pa.array([], pa.int8())}), {}),
    "no columns": (pa.table({}), {}),
    "lists": (pa.table({"x": [[1, 2], [], [3]], "y": [None, "b", "c"]}), {}),
    "structs": (pa.table({"x": [{"a": 1, "b": {"c": "d"}}] * 40}), {"row_group_size": 3}),
    "many columns": (pa.table({f"column {i}": np.arange(20.0) for i in range(40)}), {}),
    "old": (pa.table({"x": list("abc")}), {"version": "1.0", "write_statistics": False}),
    "metadata": (pa.table({"x": [True, None]}).replace_schema_metadata({"a": "b" * 900}), {}),
    "maps": (pa.table({"x": pa.array([[("a", 1)]], pa.map_(pa.string(), pa.int64()))}), {}),
}


@pytest.mark.parametrize("name", TABLES)
def test_the_numbers_are_those_of_pyarrow(name):
    table, options = TABLES[name]
    content = written(table, **options)
    metadata = pq.read_metadata(io.BytesIO(content))
    groups = [metadata.row_group(index) for index in range(metadata.num_row_groups)]
    columns = [group.column(index) for group in groups for index in range(group.num_columns)]
    expected = [(column.num_values, column.total_uncompressed_size) for column in columns]
    assert column_claims(content) == expected


def test_a_pack_has_more_values_than_rows():
    assert [claim.num_values for claim in column_claims(packed(3, 5))] == [3] * 7 + [15] * 4


def with_footer(footer):
    return b"PAR1" + footer + len(footer).to_bytes(4, "little") + b"PAR1"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "has 0 bytes"),
        (b"PAR1", "bytes"),
        (with_footer(b""), "has 0 bytes"),
        (b"PAR1" + (2**31).to_bytes(4, "little") + b"PAR1", "2,147,483,648 bytes"),
        (with_footer(b"x" * (MAX_BYTES + 1)), "bytes"),
        (with_footer(b"\x49\x1c" + b"\x1c" * 100), "nested too deeply"),
        (with_footer(b"\x45" + b"\xff" * 12), "more than 64 bits"),
        (with_footer(b"\x1f\x00"), "no known type"),
        (with_footer(b"\x49\x15\x02\x00"), "other types"),
        # one group with one column, which claims to have -1 values
        (with_footer(b"\x49\x1c\x19\x1c\x3c\x56\x01\x16\x02\x00\x00\x00\x00"), "below zero"),
    ],
)
def test_what_is_no_footer_is_refused(content, words):
    with pytest.raises(ValueError, match=words):
        column_claims(content)


def test_fields_that_are_missing_are_an_error():
    with pytest.raises(LookupError):
        column_claims(with_footer(b"\x00"))
    with pytest.raises(LookupError):
        column_claims(with_footer(b"\x49\x8c\x00"))  # eight groups, of which one is there


MEASUREMENTS = parquet.measurements_bytes(
    Row(task, "end", name, 0.5) for task in range(5) for name in ("accuracy", "loss")
)
DAMAGED = """\
import random, sys
from pathlib import Path
from plasticity_bench.errors import DamagedError
from plasticity_bench.results import parquet
from tests.results.test_parquet_footer import MEASUREMENTS, damaged

for seed in range({first}, {last}):
    try:
        parquet.measurements_table(damaged(MEASUREMENTS, seed), Path("x"))
    except DamagedError:
        pass
"""


def damaged(content, seed):
    """A file with one to three other bytes in its footer."""
    chance = random.Random(seed)
    changed = bytearray(content)
    length = int.from_bytes(content[-8:-4], "little")
    for _ in range(chance.randint(1, 3)):
        changed[-9 - chance.randrange(length)] = chance.randrange(256)
    return bytes(changed)


@pytest.mark.slow
def test_a_damaged_footer_does_not_end_the_process():
    """In a process of its own: pyarrow's `column` aborts for about one in six hundred of these."""
    code = DAMAGED.format(first=0, last=4000)
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert (found.returncode, found.stderr) == (0, "")


def test_sizes_that_contradict_each_other_are_told(tmp_path):
    """A histogram of levels that is too long, which pyarrow cannot look at without aborting."""
    for seed in range(20_000):
        content = damaged(MEASUREMENTS, seed)
        try:
            parquet.measurements_table(content, tmp_path)
        except DamagedError as error:
            if "histogram size mismatch" in str(error):
                return
    raise AssertionError("no damage leads there")
