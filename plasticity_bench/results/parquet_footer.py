"""What the footer of a Parquet file says of the size of its columns.

pyarrow ends the whole process where the metadata of a column contradict themselves
(`ColumnChunkMetaData` throws in C++, which `RowGroupMetaData.column` does not catch). A file of
unknown origin must not do that, so these numbers are read here. The protocol is Thrift's compact
one (github.com/apache/thrift, doc/specs/thrift-compact-protocol.md), the fields are those of
github.com/apache/parquet-format, src/main/thrift/parquet.thrift.
"""

from typing import Any, NamedTuple

MAX_BYTES = 2**20
"""Of a footer; those of this package have some thousand bytes."""
MAX_DEPTH = 32

ROW_GROUPS, COLUMNS, COLUMN, NUM_VALUES, UNPACKED_BYTES = 4, 1, 3, 5, 6  # ids of fields
_TAIL = 8  # the footer's length, and PAR1

# Types of values in Thrift's compact protocol.
BOOLEANS, INTEGERS, TEXT, LISTS, MAP, STRUCT = (1, 2), (4, 5, 6), 8, (9, 10), 11, 12
FIXED = {3: 1, 7: 8, 13: 16}
"""Bytes of a type of one size: int8, double and UUID."""


class ColumnClaim(NamedTuple):
    """What is said of one column of one row group.

    Attributes:
        num_values: how many values it has.
        unpacked_bytes: of its pages, decompressed.
    """

    num_values: int
    unpacked_bytes: int


def column_claims(content: bytes) -> list[ColumnClaim]:
    """Return what a Parquet file says of each column of each row group.

    Raises:
        ValueError, LookupError: if there is no such footer.
    """
    length = int.from_bytes(content[-_TAIL:-4], "little")
    if not 0 < length <= min(MAX_BYTES, len(content) - _TAIL):
        raise ValueError(f"its footer has {length:,} bytes")
    metadata = _Decoder(content[-_TAIL - length : -_TAIL]).struct()
    try:
        claims = [
            ColumnClaim(column[COLUMN][NUM_VALUES], column[COLUMN][UNPACKED_BYTES])
            for group in metadata[ROW_GROUPS]
            for column in group[COLUMNS]
        ]
    except TypeError:
        raise ValueError("its footer has fields of other types than Parquet") from None
    if any(not isinstance(number, int) or number < 0 for claim in claims for number in claim):
        raise ValueError("its footer has a size that is no number, or below zero")
    return claims


class _Decoder:
    """Decodes structs as dictionaries by the ids of fields; what is not an integer may be None."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._place = 0

    def struct(self, depth: int = 0) -> dict[int, Any]:
        fields: dict[int, Any] = {}
        number = 0
        while kind := self._byte():
            step = kind >> 4
            number = number + step if step else self._integer()
            fields[number] = self._value(kind & 15, depth, in_field=True)
        return fields

    def _value(self, kind: int, depth: int, in_field: bool = False) -> Any:
        if depth > MAX_DEPTH:
            raise ValueError("its footer is nested too deeply")
        value: Any = None
        if kind in BOOLEANS:
            value = kind == BOOLEANS[0] if in_field else self._byte()
        elif kind in INTEGERS:
            value = self._integer()
        elif kind in FIXED:
            self._place += FIXED[kind]
        elif kind == TEXT:
            length = self._unsigned()  # which moves the place, too
            self._place += length
        elif kind in LISTS:
            value = self._list(depth + 1)
        elif kind == MAP:
            self._map(depth + 1)
        elif kind == STRUCT:
            value = self.struct(depth + 1)
        else:
            raise ValueError("its footer has a value of no known type")
        return value

    def _list(self, depth: int) -> list[Any]:
        header = self._byte()
        size = header >> 4 if header >> 4 < 15 else self._unsigned()
        return [self._value(header & 15, depth) for _ in range(size)]

    def _map(self, depth: int) -> None:
        size = self._unsigned()
        kinds = self._byte() if size else 0
        for _ in range(size):
            self._value(kinds >> 4, depth)
            self._value(kinds & 15, depth)

    def _byte(self) -> int:
        self._place += 1
        return self._content[self._place - 1]

    def _unsigned(self) -> int:
        value = shift = 0
        while True:
            byte = self._byte()
            value |= (byte & 127) << shift
            if byte < 128:
                return value
            shift += 7
            if shift > 63:
                raise ValueError("its footer has a number of more than 64 bits")

    def _integer(self) -> int:
        value = self._unsigned()
        return value >> 1 ^ -(value & 1)
