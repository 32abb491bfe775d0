"""Data sets of torchvision: its downloads, whose md5 it checks, and its examples."""

import contextlib
import inspect
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from plasticity_bench.data import network, own, pictures
from plasticity_bench.data.torchvision_guard import torchvision_datasets
from plasticity_bench.errors import BadInputError, did_you_mean


def download(name: str, root: Path, host: str, **options: Any) -> None:
    """Let torchvision download one of its data sets into a data folder.

    Args:
        name: of a class in `torchvision.datasets`.
        root: the data folder.
        host: where it downloads from.
        **options: of the class.

    Raises:
        OSError: if the network or the disk does not work.
        RuntimeError: if what came is not what was published.
    """
    network.require(host)
    with contextlib.redirect_stdout(sys.stderr):  # standard output is for data
        getattr(torchvision_datasets(), name)(str(root), download=True, **options)


def by_name(name: str, root: str | Path | None) -> tuple[Any, Any]:
    """Return the training and the test part of a class of torchvision, whose files are in `root`.

    Raises:
        BadInputError: if there is no such class, or its files are not there.
    """
    module = torchvision_datasets()
    cls = getattr(module, name, None)
    known = [one for one in module.__all__ if "train" in _parameters(getattr(module, one))]
    if cls is None or name not in known:
        raise BadInputError(
            f"torchvision has no data set {name!r} with `root` and `train`. "
            f"{did_you_mean(name, known)} Others are given as objects, from Python.",
            "dataset",
        )
    if root is None:
        raise BadInputError(f"Data set {name}: give the folder of its files, as root.", "dataset")
    folder = str(Path(root).expanduser())
    try:
        return cls(folder, train=True), cls(folder, train=False)
    except Exception as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
        raise BadInputError(
            f"Data set {name} cannot be read from {root}: {reason}. To download it: python -c "
            f'"import torchvision; torchvision.datasets.{name}({folder!r}, download=True)".',
            "dataset",
        ) from error


def examples(dataset: Any, origin: str) -> tuple[list[Any], list[Any]]:
    """Return inputs and labels of a map-style data set.

    Raises:
        BadInputError: if its examples are no pairs of these.
    """
    inputs, labels = [], []
    try:
        count = len(dataset)
    except TypeError:
        raise own.wrong(origin, "has no length: give a data set that can be indexed") from None
    for index in range(count):
        pair = dataset[index]
        if not isinstance(pair, tuple | list) or len(pair) != 2:
            raise own.wrong(
                origin, f"must have pairs of input and class; number {index} is {pair!r}"
            )
        inputs.append(pair[0])
        labels.append(_label(pair[1], index, origin))
    if not inputs:
        raise own.wrong(origin, "is empty")
    return inputs, labels


def _label(label: Any, index: int, origin: str) -> Any:
    """A label as a Python value; `own.store` refuses those that are no classes."""
    if not hasattr(label, "item"):
        return label
    try:
        return label.item()
    except (RuntimeError, ValueError):  # PyTorch's and NumPy's
        raise own.wrong(
            origin,
            f"has a label of shape {tuple(label.shape)} in row {index}; labels are single classes",
        ) from None


def stacked(inputs: Sequence[Any], size: int | Sequence[int] | None, origin: str) -> Any:
    """Return the inputs of `examples` as one array."""
    from PIL import Image

    if all(isinstance(one, Image.Image) for one in inputs):
        return pictures.from_pillow(inputs, size)
    try:
        arrays = [own.array(one, origin) for one in inputs]
        return np.stack(arrays)
    except (TypeError, ValueError) as error:
        raise own.wrong(
            origin,
            f"has inputs that are neither images of Pillow's nor tensors of one shape: {error}",
        ) from None


def _parameters(cls: Any) -> Sequence[str]:
    try:
        return list(inspect.signature(cls).parameters)
    except (TypeError, ValueError):
        return []
