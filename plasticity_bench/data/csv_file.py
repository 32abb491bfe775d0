"""Tables in CSV files, as inputs and labels."""

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from plasticity_bench.data import own
from plasticity_bench.data.hugging_face import LABELS, column_named
from plasticity_bench.errors import BadInputError, did_you_mean


def read(
    paths: Sequence[Path],
    label: str | None,
    inputs: Sequence[str] | None,
    shape: Sequence[int] | None,
) -> tuple[Any, list[Any], int]:
    """Return inputs, labels, and how many are for training.

    Args:
        paths: of the file with training examples, and of one with test examples.
        label: the column with the labels; None for the one with a usual name.
        inputs: the columns with the inputs; None for all others.
        shape: of one example; None for a row of numbers.

    Raises:
        BadInputError: if a file or a column cannot be read, or has text in place of numbers.
    """
    origin = str(paths[0])
    tables = [(_csv(path), path) for path in paths]
    columns = [str(column) for column in tables[0][0].columns]
    label_column = column_named(columns, label, LABELS, "labels", "label", origin)
    wanted = list(inputs) if inputs else [c for c in columns if c != label_column]
    if not wanted:
        raise own.wrong(origin, f"has no column beside the labels {label_column!r}")
    array = np.concatenate([_columns(table, wanted, path) for table, path in tables])
    labels = [value for table, path in tables for value in _of(table, label_column, path)]
    return _shaped(array, shape, origin), labels, len(tables[0][0])


def _csv(path: Path) -> Any:
    import pandas

    try:
        with warnings.catch_warnings():
            # Of rows with more fields than the header, which would lose some.
            warnings.simplefilter("error", pandas.errors.ParserWarning)
            table = pandas.read_csv(path, skipinitialspace=True, index_col=False)
    except Exception as error:  # pandas has many kinds
        reason = str(error).strip().splitlines()
        told = reason[0].rstrip(".") if reason else type(error).__name__
        raise BadInputError(f"{path} cannot be read as CSV: {told}.", "dataset") from error
    if table.empty:
        raise own.wrong(str(path), "has no rows below its header")
    return table


def _of(table: Any, column: str, path: Path) -> Any:
    if column not in table.columns:
        known = [str(one) for one in table.columns]
        raise own.wrong(str(path), f"has no column {column!r}. {did_you_mean(column, known)}")
    values = table[column]
    if values.isna().any():
        row = int(values.isna().to_numpy().argmax())
        raise own.wrong(
            str(path), f"has nothing in column {column!r} of row {row}: leave such rows out"
        )
    return values.to_numpy()


def _columns(table: Any, names: Sequence[str], path: Path) -> Any:
    """Columns of numbers, (n, columns)."""
    arrays = []
    for column in names:
        values = _of(table, column, path)
        if values.dtype.kind not in "buif":
            raise own.wrong(
                str(path),
                f"has text in column {column!r}, as {values[0]!r}: leave it out, as inputs=[...] "
                "with the names of the others",
            )
        arrays.append(values)
    return np.column_stack(arrays)


def _shaped(array: Any, shape: Sequence[int] | None, origin: str) -> Any:
    if shape is None:
        return array
    try:
        return array.reshape(len(array), *shape)
    except (TypeError, ValueError):
        raise own.wrong(
            origin,
            f"has {array.shape[1]} columns of inputs, which are no examples of shape {shape}",
        ) from None
