"""Prepared data sets on the disk: two arrays and their metadata.

CACHE/data/NAME/images.npy    uint8, (num_train + num_test, *input_shape)
CACHE/data/NAME/labels.npy    int64, (num_train + num_test,)
CACHE/data/NAME/dataset.json  shape, counts, sizes, sha256, mean, std, source, licence
"""

import hashlib
import json
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from plasticity_bench.data.checks import Checked
from plasticity_bench.data.dataset import Dataset, Recorded
from plasticity_bench.data.source import Block, Source
from plasticity_bench.errors import BadInputError
from plasticity_bench.folders import cache_folder
from plasticity_bench.safe_files import atomic_folder, remove_abandoned

FORMAT = 1
ARRAYS = ("images.npy", "labels.npy")
HASHED_BYTES = 2**30
"""Larger files are hashed by `prepare` only: to load them would take seconds in every process."""


def folder(source: Source) -> Path:
    """Return the folder of a prepared data set's arrays."""
    return cache_folder() / "data" / source.name


def exists(source: Source) -> bool:
    """Return whether a data set has been prepared; its arrays are not read."""
    return (folder(source) / "dataset.json").is_file()


def write(
    source: Source, blocks: Iterable[Block], origin: str, notify: Callable[[str], None]
) -> None:
    """Check a data set and write it to the cache atomically.

    Args:
        source: that the examples must match.
        blocks: its examples, the training examples first.
        origin: where they were read from, for messages.
        notify: called with a sentence about its progress.

    Raises:
        BadInputError: if the examples are not those of the source, or they cannot be written.
    """
    target = folder(source)
    try:
        remove_abandoned(target.parent)
        with atomic_folder(target, replace=False) as draft:
            _check_space(source, draft)
            checked = Checked(source, origin, notify)
            with (draft / "images.npy").open("wb") as file:
                _write_header(file, np.uint8, source.shape)
                for images in checked.images_of(blocks):
                    file.write(images.data)
            np.save(draft / "labels.npy", checked.labels())
            facts = _facts(source, checked, draft)
            (draft / "dataset.json").write_text(json.dumps(facts, indent=2), encoding="utf-8")
    except OSError as error:
        raise BadInputError(
            f"Cannot write {source.name} to {target}: {error.strerror or error}; set "
            "PLASTICITY_BENCH_CACHE to a folder that can hold it."
        ) from error


def read(source: Source, verify: bool = False) -> Dataset:
    """Return a prepared data set, its images as a memory map.

    Args:
        source: what was prepared.
        verify: hash the arrays even if they are large.

    Raises:
        BadInputError: if the files in the cache are not what was written.
    """
    data_folder = folder(source)
    facts = _read_facts(source, data_folder)
    for name in ARRAYS:
        _check_file(source, data_folder / name, facts[name], verify)
    recorded = Recorded(facts["fingerprint"], facts["mean"], facts["std"])
    # Copy on write: torch warns about arrays that cannot be written to; nothing writes to these.
    images = _load(source, data_folder / "images.npy", np.uint8, source.shape)
    labels = _load(source, data_folder / "labels.npy", np.int64, source.shape[:1])
    return Dataset(
        source.name,
        images,
        np.array(labels),
        source.num_classes,
        source.num_train,
        source.title,
        source.licence,
        recorded,
    )


def _load(source: Source, path: Path, dtype: type, shape: tuple[int, ...]) -> NDArray[Any]:
    """A memory map of an array, which takes no memory whatever size its file claims."""
    try:
        with np.errstate(over="ignore"):  # a size that no integer holds is an error below
            array: NDArray[Any] = np.load(path, mmap_mode="c", allow_pickle=False)
    except (OSError, ValueError, MemoryError, OverflowError, SyntaxError, EOFError) as error:
        raise _damaged(source, path, f"is no array of numbers ({error})") from None
    if array.dtype != dtype or array.shape != shape:
        raise _damaged(source, path, f"holds {array.dtype} values of shape {array.shape}")
    return array


def _write_header(file: IO[bytes], dtype: type, shape: tuple[int, ...]) -> None:
    """Write the header of a .npy file whose bytes follow.

    They are written rather than mapped, because writing to a map on a full disk kills the process.
    """
    descr = np.lib.format.dtype_to_descr(np.dtype(dtype))
    header = {"descr": descr, "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(file, header)


def _check_space(source: Source, data_folder: Path) -> None:
    free = shutil.disk_usage(data_folder).free
    if free < source.cache_bytes:
        raise OSError(f"it takes {source.cache_bytes:,} bytes, and {free:,} are free")


def _facts(source: Source, checked: Checked, draft: Path) -> dict[str, Any]:
    recorded = checked.recorded()
    return {
        "format": FORMAT,
        "name": source.name,
        **_identity(source),
        "mean": recorded.mean,
        "std": recorded.std,
        "fingerprint": recorded.fingerprint,
        "source": source.title,
        "homepage": source.homepage,
        "licence": source.licence,
        "read_from": checked.origin,
        **{
            name: {"bytes": (draft / name).stat().st_size, "sha256": _sha256(draft / name)}
            for name in ARRAYS
        },
    }


def _identity(source: Source) -> dict[str, Any]:
    return {
        "shape": list(source.shape),
        "num_classes": source.num_classes,
        "num_train": source.num_train,
    }


def _read_facts(source: Source, data_folder: Path) -> dict[str, Any]:
    try:
        facts = json.loads((data_folder / "dataset.json").read_text(encoding="utf-8"))
        identity = {key: facts[key] for key in _identity(source)}
        wanted = {"fingerprint": str, "mean": float, "std": float}
        whole = all(isinstance(facts[key], kind) for key, kind in wanted.items())
        whole &= all({"bytes", "sha256"} <= set(facts[name]) for name in ARRAYS)
    except (OSError, ValueError, KeyError, TypeError):
        whole, identity = False, {}
    if not whole:
        raise _damaged(source, data_folder / "dataset.json", "is damaged")
    if facts["format"] != FORMAT or identity != _identity(source):
        raise _damaged(
            source, data_folder / "dataset.json", "is of another version of this data set"
        )
    checked: dict[str, Any] = facts
    return checked


def _check_file(source: Source, path: Path, facts: dict[str, Any], verify: bool) -> None:
    try:
        size = path.stat().st_size
    except OSError:
        raise _damaged(source, path, "is missing") from None
    if size != facts["bytes"]:
        raise _damaged(source, path, f"has {size:,} bytes in place of {facts['bytes']:,}")
    if (verify or size <= HASHED_BYTES) and _sha256(path) != facts["sha256"]:
        raise _damaged(source, path, "is damaged: its sha256 is not the recorded one")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _damaged(source: Source, path: Path, what: str) -> BadInputError:
    return BadInputError(
        f"Data set {source.name}: {path} {what}; delete the folder {path.parent} and run "
        f"`plasticity-bench prepare {source.name}`.",
        "dataset",
    )
