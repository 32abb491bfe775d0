"""Data sets that a suite's file describes: `dataset: {image_folder: photos, size: 28}`."""

import inspect
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from plasticity_bench.data import loaders, options, own
from plasticity_bench.data.dataset import Dataset
from plasticity_bench.errors import BadInputError, did_you_mean

MAX_NPZ_BYTES = 2**33
"""Of all arrays of an .npz file, unpacked."""


def _npz(file: str | Path, name: str | None = None) -> Dataset:
    """The data set of the arrays `inputs` and `labels`, and `test_…`, in a file of NumPy's."""
    options.check_texts(name=name)
    path = loaders.existing_file(file)

    def read() -> Dataset:
        try:
            # The file is opened here, because np.load leaves a damaged one open.
            with path.open("rb") as stream, np.load(stream, allow_pickle=False) as arrays:
                size = sum(member.file_size for member in arrays.zip.infolist())
                if size > MAX_NPZ_BYTES:
                    raise ValueError(f"it has {size:,} bytes, more than {MAX_NPZ_BYTES:,}")
                known = {key: arrays[key] for key in arrays.files}
        except Exception as error:
            raise BadInputError(f"{file} is no .npz file of arrays: {error}.", "dataset") from error
        names = ("inputs", "labels", "test_inputs", "test_labels")
        if not {"inputs", "labels"} <= known.keys() <= set(names):
            found = ", ".join(sorted(known))
            raise own.wrong(str(file), f"must have arrays {', '.join(names)}, and has {found}")
        return loaders.from_arrays(**known, name=name or path.stem)

    return own.read_once("npz", {"name": name}, [path], read)


LOADERS: dict[str, Callable[..., Dataset]] = {
    "image_folder": loaders.from_image_folder,
    "csv": loaders.from_csv,
    "npz": _npz,
    "datasets": loaders.from_datasets,
    "torchvision": loaders.from_torchvision,
}
"""What a suite's file can name: `dataset: {image_folder: photos}`."""


def from_mapping(entry: Mapping[str, Any]) -> Dataset:
    """Return the data set that a suite's file describes, as {image_folder: photos, size: 28}.

    Raises:
        BadInputError: if it names no loader, or gives what this has not.
    """
    kinds = [key for key in entry if key in LOADERS]
    if len(kinds) != 1:
        listed = ", ".join(map(str, entry)) or "nothing"
        hint = did_you_mean(next(iter(map(str, entry)), ""), LOADERS)
        raise BadInputError(
            "dataset is a name, or one of "
            f"{', '.join(LOADERS)} with a path, as {{image_folder: photos}}, not {listed}. {hint}",
            "dataset",
        )
    load = LOADERS[kinds[0]]
    given = {key: value for key, value in entry.items() if key != kinds[0]}
    known = list(inspect.signature(load).parameters)[1:]
    for key in given:
        if key not in known:
            hint = did_you_mean(str(key), known)
            raise BadInputError(f"dataset: {kinds[0]} has no {key!r}. {hint}", "dataset")
    if not isinstance(entry[kinds[0]], str):
        raise BadInputError(f"dataset: {kinds[0]} is a path, not {entry[kinds[0]]!r}.", "dataset")
    return load(entry[kinds[0]], **given)
