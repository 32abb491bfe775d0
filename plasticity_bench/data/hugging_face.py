"""Tables of the library `datasets`: in memory, saved to disk, in a folder of images, on the hub."""

import contextlib
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from plasticity_bench.data import own, pictures
from plasticity_bench.data.dataset import Dataset
from plasticity_bench.data.pictures import Picture
from plasticity_bench.data.rows import PARTS
from plasticity_bench.errors import BadInputError, did_you_mean

INPUTS = ("image", "img", "picture", "photo")
LABELS = ("label", "labels", "fine_label", "category", "class", "target", "species", "y")


def to_dataset(
    tables: Any,
    origin: str,
    *,
    inputs: str | Sequence[str] | None,
    label: str | None,
    size: int | Sequence[int] | None,
    name: str,
    title: str,
    licence: str,
) -> Dataset:
    """Return the data set of a `datasets.Dataset`, or of a dictionary of several.

    The arguments are those of `loaders.from_datasets`; `origin` is for messages.
    """
    parts = _parts(tables, origin)
    columns = list(parts[0].column_names)
    label_column = column_named(columns, label, LABELS, "labels", "label", origin)
    image_column = _image_column(parts[0], columns, inputs)
    wanted = [image_column] if image_column else _numeric(columns, inputs, label_column, origin)
    for column in (label_column, *wanted):
        if column not in parts[-1].column_names:
            raise own.wrong(origin, f"has no column {column!r} in its test part")
    labels, classes = _labels(parts, label_column, origin)
    if image_column is not None:
        encoded = [p for part in parts for p in _pictures(part, image_column, origin)]
        if not encoded:
            raise own.wrong(origin, "has no image")
        array: Any = pictures.decode(encoded, size)
    else:
        array = np.concatenate([_table(part, wanted, origin) for part in parts])
    return own.store(
        array,
        labels,
        len(parts[0]),
        name=name,
        origin=origin,
        title=title,
        licence=licence,
        classes=classes,
    )


def image_folder(folder: Path) -> Any:
    """Return the tables of a folder of images, as `datasets` reads it: paths and labels.

    Raises:
        BadInputError: if there are no images in it, or none has a class.
    """
    origin = str(folder)
    if not folder.is_dir():
        raise BadInputError(f"There is no folder {folder}: give that of the images.", "dataset")
    try:
        with _quiet() as library:
            tables = library.load_dataset("imagefolder", data_dir=str(folder.absolute()))
    except Exception as error:
        raise _no_table(origin, error) from error
    if not any("label" in table.column_names for table in tables.values()):
        raise own.wrong(
            origin, "has no classes: put images into a folder for each class, as CLASS/NAME.jpg"
        )
    return tables


def saved(name: str) -> Any:
    """Return the tables of a folder that was written by `save_to_disk`, or of a name on the hub."""
    try:
        with _quiet() as library:
            if Path(name).expanduser().is_dir():
                return library.load_from_disk(str(Path(name).expanduser()))
            return library.load_dataset(name)
    except Exception as error:
        raise _no_table(name, error) from error


@contextlib.contextmanager
def _quiet() -> Iterator[Any]:
    import datasets

    shown = datasets.is_progress_bar_enabled()
    datasets.disable_progress_bars()
    try:
        yield datasets
    finally:
        if shown:
            datasets.enable_progress_bars()


def _no_table(origin: str, error: Exception) -> BadInputError:
    reason = str(error).strip().splitlines()
    told = reason[0].rstrip(".") if reason else type(error).__name__
    return BadInputError(f"Data set {origin} cannot be read: {told}.", "dataset")


def _parts(tables: Any, origin: str) -> list[Any]:
    """The training part, and the test part if there is one."""
    if not isinstance(tables, dict):
        if not (hasattr(tables, "column_names") and hasattr(tables, "__len__")):
            kind = type(tables).__name__
            raise own.wrong(origin, f"is a {kind}; give a datasets.Dataset or DatasetDict")
        return [tables]
    names = {kind: [n for n in PARTS[kind] if n in tables] for kind in PARTS}
    if not names["train"] and len(tables) == 1:
        return list(tables.values())
    if not names["train"]:
        raise own.wrong(origin, f"has no part called train (found: {', '.join(tables)})")
    wanted = [names["train"][0], *names["test"][-1:]]  # "test" before "validation"
    return [tables[name] for name in wanted]


def column_named(
    columns: Sequence[str],
    given: str | None,
    usual: Sequence[str],
    what: str,
    key: str,
    origin: str,
) -> str:
    """Return the name of a column, given or usual; letters may be of either case.

    Raises:
        BadInputError: if there is none; `what` it has and the `key` to give it by are for that.
    """
    if given is not None:
        if given not in columns:
            raise own.wrong(origin, f"has no column {given!r}. {did_you_mean(given, columns)}")
        return given
    lowered = {column.lower(): column for column in reversed(columns)}
    for name in usual:
        if name in lowered:
            return lowered[name]
    raise own.wrong(
        origin,
        f"has no column called {', '.join(usual[:4])} or the like (found: {', '.join(columns)}): "
        f"say which one has the {what}, as {key}={columns[-1]!r}",
    )


def _image_column(
    table: Any, columns: Sequence[str], given: str | Sequence[str] | None
) -> str | None:
    import datasets

    wanted = [given] if isinstance(given, str) else (given or columns)
    for column in wanted:
        if column in columns and isinstance(table.features[column], datasets.Image):
            return str(column)
    return None


def _pictures(table: Any, column: str, origin: str) -> Iterator[Picture]:
    import datasets

    encoded = table.select_columns([column]).cast_column(column, datasets.Image(decode=False))
    for number, row in enumerate(encoded):
        image = row[column] or {}
        content, path = image.get("bytes"), image.get("path")
        if content is None and path is None:
            raise own.wrong(origin, f"has no image in row {number}: leave such rows out")
        if content is None:
            yield Picture(Path(str(path)).read_bytes, str(path))
        else:
            yield Picture(partial(bytes, content), f"row {number} of {origin}")


def _numeric(
    columns: Sequence[str],
    given: str | Sequence[str] | None,
    label: str,
    origin: str,
) -> list[str]:
    """The names of the columns of numbers: those given, or all but the label."""
    if given is not None:
        named = [given] if isinstance(given, str) else list(given)
        return [column_named(columns, name, (), "inputs", "inputs", origin) for name in named]
    others = [column for column in columns if column != label]
    if not others:
        raise own.wrong(origin, f"has no column beside the labels {label!r}")
    return others


def _table(table: Any, columns: Sequence[str], origin: str) -> np.ndarray[Any, Any]:
    """Columns of numbers, or of arrays of one shape, side by side."""
    arrays = []
    for column in columns:
        try:
            array = np.asarray(table.with_format(None)[column][:])
            numbers = array.astype(np.float64) if array.dtype.kind == "O" else array
        except (TypeError, ValueError):
            numbers = np.empty(0, "U1")
        if numbers.dtype.kind not in "buif":
            raise own.wrong(
                origin,
                f"has text or the like in column {column!r}: leave it out, as inputs=[...] with "
                "the names of the others",
            )
        arrays.append(numbers)
    if len(arrays) == 1 and arrays[0].ndim > 1:
        return arrays[0]
    return np.column_stack([array.reshape(len(array), -1) for array in arrays])


def _labels(parts: Sequence[Any], column: str, origin: str) -> tuple[list[Any], list[str] | None]:
    """The labels of all parts, and the names of classes where labels are their numbers.

    Numbers are those of the training part: another may have its classes in another order.
    """
    labels: list[Any] = []
    classes: list[str] | None = None
    for part in parts:
        names = getattr(part.features[column], "names", None)
        own_labels = list(part[column][:])
        if names is not None:
            _check_known(own_labels, origin)
        if part is parts[0]:
            classes = None if names is None else list(names)
        elif (names is None) != (classes is None):
            raise own.wrong(
                origin,
                f"names its classes in one part only: make column {column!r} a ClassLabel in both",
            )
        elif names is not None and classes is not None:
            classes += [name for name in names if name not in classes]
            own_labels = [classes.index(names[label]) for label in own_labels]
        labels += own_labels
    return labels, classes


def _check_known(labels: Sequence[Any], origin: str) -> None:
    for row, label in enumerate(labels):
        if label is None or label < 0:  # datasets writes -1 where a label is hidden
            raise own.wrong(origin, f"has no label in row {row}: leave such rows out")
