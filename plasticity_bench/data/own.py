"""Data sets of a user's own: everything about them is found, and they are named by their content.

CACHE/data/own/NAME-FINGERPRINT/{inputs.npy,labels.npy,dataset.json}
CACHE/data/own/read/KEY         the name of what was read from files that have not changed since

A stream's parameter is the name. Other processes find the data by it, and results do not depend on
where the files were.
"""

import contextlib
import hashlib
import json
import re
import unicodedata
from collections.abc import Sequence
from functools import cache as once
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from plasticity_bench.data.dataset import Dataset
from plasticity_bench.data.source import Source
from plasticity_bench.errors import BadInputError
from plasticity_bench.folders import cache_folder
from plasticity_bench.safe_files import atomic_folder, write_atomic

LARGEST_LABEL = 2**53
"""Whole numbers above it are not all floats."""
VERSION = 2
"""Of how files are read: raised if one gives other examples or is refused, all are read again."""
DIGITS = 12
"""Of the fingerprint, in a name."""
_NAME = re.compile(rf"[a-z0-9_]+-[0-9a-f]{{{DIGITS}}}")


def store(
    inputs: NDArray[Any],
    labels: Sequence[Any] | NDArray[Any],
    num_train: int,
    *,
    name: str,
    origin: str,
    title: str = "",
    licence: str = "",
    classes: Sequence[str] | None = None,
) -> Dataset:
    """Return a data set of some arrays, checked, and stored in the cache under its content's name.

    Args:
        inputs: uint8 images or other numbers, (n, ...), the training examples first.
        labels: n of them, of any kind that can be sorted.
        num_train: how many are for training.
        name: what its name begins with.
        origin: where it comes from, for messages.
        title: what it is.
        licence: the terms it is given under.
        classes: names of the classes where labels are their numbers; None to find them.

    Raises:
        BadInputError: if they are no data set to learn from.
    """
    if len(inputs) != len(labels):
        raise wrong(origin, f"has {len(inputs):,} inputs and {len(labels):,} labels: give as many")
    if num_train < 2:
        raise wrong(origin, f"has {num_train} training examples; there must be some")
    array = _numbers(inputs, origin)
    found, named = _classes(labels, num_train, classes, origin)
    made = Dataset(
        name="",
        images=array,
        labels=found,
        num_classes=len(named),
        num_train=num_train,
        source=title or f"read from {origin}",
        licence=licence or "not stated",
        classes=named,
    )
    full_name = f"{_plain(name)}-{made.fingerprint[:DIGITS]}"
    if not is_stored(full_name):
        _write(made, full_name)
    return load(full_name)


def array(given: Any, origin: str) -> NDArray[Any]:
    """Return what the user gave as an array.

    Raises:
        BadInputError: if it is none, as lists of several lengths, or a part of it is masked.
    """
    if np.ma.is_masked(given):
        raise wrong(origin, "has masked numbers: leave such rows out, or fill them in")
    try:
        return np.asarray(_without_gradient(given))
    except (TypeError, ValueError, RuntimeError) as error:  # NumPy's, and PyTorch's
        reason = str(error).partition("\n")[0].rstrip(".")
        raise wrong(origin, f"has inputs or labels that are no array: {reason}") from error


def label_array(labels: Any, origin: str) -> NDArray[Any]:
    """Return labels as an array of any kind. Raises BadInputError if one is missing."""
    import pandas

    masked = np.ma.getmaskarray(labels) if np.ma.isMaskedArray(labels) else False
    whole = array(np.ma.getdata(labels) if np.ma.isMaskedArray(labels) else labels, origin)
    # Of a list with a text in it, NumPy makes texts, also of what is missing.
    given = np.asarray(labels, object) if isinstance(labels, list | tuple) else whole
    missing = np.argwhere(pandas.isna(given) | masked)
    if len(missing):
        raise wrong(origin, f"has no label in row {missing[0][0]}: leave such rows out")
    return whole


def _without_gradient(given: Any) -> Any:
    """A tensor as one that NumPy can read; anything else as it is."""
    if not hasattr(given, "detach"):
        return given
    tensor = given.detach().cpu()
    return tensor.float() if str(tensor.dtype) == "torch.bfloat16" else tensor


def wrong(origin: str, problem: str) -> BadInputError:
    """Return the error of a data set that cannot be used."""
    end = "" if problem.endswith(("?", ".")) else "."
    return BadInputError(f"Data set {origin}: it {problem}{end}", "dataset")


def is_name(name: str) -> bool:
    """Return whether a name is of the form of a user's data set."""
    return _NAME.fullmatch(name) is not None


def is_stored(name: str) -> bool:
    """Return whether the cache has a user's data set of this name."""
    return is_name(name) and (_folder(name) / "dataset.json").is_file()


@once
def load(name: str) -> Dataset:
    """Return a stored data set, its inputs as a memory map.

    Raises:
        BadInputError: if what is in the cache is not what was stored.
    """
    folder = _folder(name)
    try:
        facts = json.loads((folder / "dataset.json").read_text(encoding="utf-8"))
        inputs = np.load(folder / "inputs.npy", mmap_mode="c", allow_pickle=False)
        labels = np.load(folder / "labels.npy", allow_pickle=False)
        made = Dataset(
            name=name,
            images=inputs,
            labels=labels,
            num_classes=len(facts["classes"]),
            num_train=facts["num_train"],
            source=facts["source"],
            licence=facts["licence"],
            classes=tuple(facts["classes"]),
        )
        intact = made.fingerprint.startswith(name[-DIGITS:])
    except (OSError, ValueError, KeyError, TypeError):
        intact = False
    if not intact:
        raise BadInputError(
            f"Data set {name}: {folder} is damaged; delete this folder, and read the data again.",
            "dataset",
        )
    return made


@once
def source(name: str) -> Source:
    """Return what is known of a stored data set. Raises as `load`."""
    made = load(name)
    num_test = len(made.labels) - made.num_train
    return Source(
        name=name,
        title=made.source,
        licence=made.licence,
        homepage="",
        input_shape=made.input_shape,
        num_classes=made.num_classes,
        num_train=made.num_train,
        num_test=num_test,
        files=f"none: they are in {_folder(name)}",
        find=lambda _root: True,
        read=lambda _root: iter([(made.images, made.labels)]),  # type: ignore[list-item]
        embedded=True,
    )


def read_once(loader: str, options: dict[str, Any], files: Sequence[Path], read: Any) -> Dataset:
    """Return what a function reads from files; from the cache, if they have not changed since.

    Args:
        loader: name of the function.
        options: that what is read depends on.
        files: that are read.
        read: the function, without arguments.
    """
    stats = [(str(file.absolute()), file.stat().st_size, file.stat().st_mtime_ns) for file in files]
    text = json.dumps([VERSION, loader, options, stats], sort_keys=True, default=str)
    remembered = _root() / "read" / hashlib.sha256(text.encode()).hexdigest()[:32]
    try:
        name = remembered.read_text(encoding="utf-8")
    except OSError:
        name = ""
    if is_stored(name):
        return load(name)
    made: Dataset = read()
    with contextlib.suppress(OSError):  # a cache that others fill: the files are read again
        write_atomic(remembered, made.name.encode())
    return made


def not_stored(name: str) -> BadInputError:
    """Return the error of a user's data set that is not in the cache."""
    return BadInputError(
        f"Data set {name} is not in the cache {_root()}: read its files again, with "
        "pb.from_image_folder or the like.",
        "dataset",
    )


def _root() -> Path:
    return cache_folder() / "data" / "own"


def _folder(name: str) -> Path:
    return _root() / name


def _write(made: Dataset, name: str) -> None:
    facts = {
        "name": name,
        "classes": made.classes,
        "num_train": made.num_train,
        "source": made.source,
        "licence": made.licence,
    }
    try:
        with atomic_folder(_folder(name), replace=True) as draft:
            np.save(draft / "inputs.npy", made.images)
            np.save(draft / "labels.npy", made.labels)
            (draft / "dataset.json").write_text(json.dumps(facts, indent=2), encoding="utf-8")
    except OSError as error:
        raise BadInputError(
            f"Cannot write {name} to {_folder(name)}: {error.strerror or error}; set "
            "PLASTICITY_BENCH_CACHE to a folder that can hold it."
        ) from error


def _plain(name: str) -> str:
    """Lower-case letters, digits and underscores."""
    ascii_only = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "_", ascii_only.lower()).strip("_") or "data"


def _numbers(inputs: NDArray[Any], origin: str) -> NDArray[Any]:
    """The inputs as uint8 images or as float32, checked."""
    if inputs.ndim < 2 or inputs[:1].size == 0:
        raise wrong(
            origin, f"has inputs of shape {inputs.shape}; there must be (examples, numbers of each)"
        )
    kind = inputs.dtype.kind
    if kind not in "buif":
        raise wrong(origin, f"has inputs of type {inputs.dtype}; they must be numbers")
    if inputs.ndim > 2 and kind in "ui" and inputs.min() >= 0 and inputs.max() <= 255:
        return np.ascontiguousarray(_channels_first(inputs), np.uint8)
    with np.errstate(over="ignore"):  # what is too large is told below
        array = np.ascontiguousarray(_channels_first(inputs), np.float32)
    bad = ~np.isfinite(array).reshape(len(array), -1).all(1)
    if bad.any():
        raise wrong(
            origin,
            f"has a number that is missing, infinite or too large in row {int(np.argmax(bad))}: "
            "leave such rows out, or fill them in",
        )
    return array


def _channels_first(inputs: NDArray[Any]) -> NDArray[Any]:
    """Images as PyTorch has them, from (n, height, width, channels); grey ones without channel."""
    if inputs.ndim == 4 and inputs.shape[3] in (1, 3) and inputs.shape[1] not in (1, 3):
        inputs = inputs.transpose(0, 3, 1, 2)
    return inputs[:, 0] if inputs.ndim == 4 and inputs.shape[1] == 1 else inputs


def _classes(
    labels: Sequence[Any] | NDArray[Any],
    num_train: int,
    classes: Sequence[str] | None,
    origin: str,
) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """Labels from 0 on, and the names of classes: those that the training examples have."""
    array = label_array(labels, origin)
    if array.ndim != 1:
        raise wrong(origin, f"has labels of shape {array.shape}; there must be one for each input")
    if array.dtype.kind == "f":
        rounded = np.round(array.astype(np.float64))
        whole = (rounded == array) & (np.abs(rounded) <= LARGEST_LABEL)
        if not whole.all():
            row = int(np.argmin(whole))
            raise wrong(
                origin, f"has the label {array[row]} in row {row}; labels are classes, not values"
            )
        array = rounded.astype(np.int64)
    if array.dtype.kind == "O":
        array = array.astype(str)
    values, numbers = np.unique(array, return_inverse=True)
    present = np.bincount(numbers[:num_train], minlength=len(values)) > 0
    if not present.all():
        missing = _named(values[int(np.argmin(present))], classes)
        raise wrong(origin, f"has test examples of class {missing}, and no training example of it")
    if len(values) < 2:
        raise wrong(origin, f"has one class, {_named(values[0], classes)}; there must be several")
    names = tuple(_named(value, classes) for value in values)
    return numbers.astype(np.int64), names


def _named(value: Any, classes: Sequence[str] | None) -> str:
    return classes[int(value)] if classes is not None else str(value)
