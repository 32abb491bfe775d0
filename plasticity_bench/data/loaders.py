"""Data sets of one's own in a line: from a folder of images, a table, arrays, or other libraries.

Counts, shapes and classes are found. What is read is stored in the cache under a name that its
content determines, so that it can be the `dataset` of any stream.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from plasticity_bench.data import csv_file, hugging_face, options, own
from plasticity_bench.data.dataset import Dataset
from plasticity_bench.errors import BadInputError


def from_image_folder(
    folder: str | Path,
    *,
    size: int | Sequence[int] | None = None,
    name: str | None = None,
    title: str = "",
    licence: str = "",
) -> Dataset:
    """Return the data set of a folder of images.

    The images are CLASS/.../NAME.jpg (or png, bmp, webp) for training only, or in folders train/
    and test/ with such folders of classes in each. `datasets` reads it, by its loader
    "imagefolder".

    Args:
        folder: of the images.
        size: of all images, a number or (height, width). By default that of the files, if all have
            the same and it is at most 64 x 64, and 32 x 32 otherwise.
        name: what the data set's name begins with; by default that of the folder.
        title: what it is, and who made it.
        licence: the terms it is given under.

    Raises:
        BadInputError: if there are no images and classes, or an image cannot be read.
    """
    options.check_texts(name=name, title=title, licence=licence)
    path = _path(folder)
    if not path.is_dir():
        raise BadInputError(f"There is no folder {folder}: give that of the images.", "dataset")
    files = sorted(file for file in path.rglob("*") if file.is_file())

    def read() -> Dataset:
        return hugging_face.to_dataset(
            hugging_face.image_folder(path),
            str(folder),
            inputs=None,
            label="label",
            size=size,
            name=name or path.resolve().name,
            title=title,
            licence=licence,
        )

    given = {"size": size, "name": name, "title": title, "licence": licence}
    return own.read_once("image_folder", given, files, read)


def from_csv(
    file: str | Path,
    *,
    label: str | float | None = None,
    inputs: str | float | Sequence[str | float] | None = None,
    test: str | Path | None = None,
    shape: Sequence[int] | None = None,
    name: str | None = None,
    title: str = "",
    licence: str = "",
) -> Dataset:
    """Return the data set of a table in a CSV file with a header.

    Args:
        file: with a row for each example.
        label: the column with the classes, numbers or texts; by default one that is called label,
            class, target, category, species or y.
        inputs: the columns with the inputs; by default all others, which must be numbers.
        test: a file of the same columns with held-out examples.
        shape: of one example, if the columns are pixels: (height, width).
        name: what the data set's name begins with; by default that of the file.
        title: what it is, and who made it.
        licence: the terms it is given under.

    Raises:
        BadInputError: if a file or a column is missing, or has what cannot be learnt from.
    """
    options.check_texts(name=name, title=title, licence=licence)
    options.check_path(test, "test")
    label_column = options.column(label, "label")
    columns = options.columns(inputs, "inputs")
    paths = [existing_file(one) for one in (file, test) if one is not None]

    def read() -> Dataset:
        array, labels, num_train = csv_file.read(paths, label_column, columns, shape)
        return own.store(
            array,
            labels,
            num_train,
            name=name or paths[0].stem,
            origin=str(file),
            title=title,
            licence=licence,
        )

    given = {"label": label_column, "inputs": columns, "shape": shape, "name": name}
    return own.read_once("csv", {**given, "title": title, "licence": licence}, paths, read)


def from_arrays(
    inputs: Any,
    labels: Any,
    *,
    test_inputs: Any = None,
    test_labels: Any = None,
    name: str = "arrays",
    title: str = "",
    licence: str = "",
) -> Dataset:
    """Return the data set of arrays: of NumPy, tensors of PyTorch, or lists.

    Args:
        inputs: (n, ...). Whole numbers from 0 to 255 of more than one dimension are images, (n,
            height, width) or with channels, first or last; others are numbers.
        labels: n classes, numbers or texts.
        test_inputs: of held-out examples.
        test_labels: of held-out examples.
        name: what the data set's name begins with.
        title: what it is, and who made it.
        licence: the terms it is given under.

    Raises:
        BadInputError: if they are no data set to learn from.
    """
    options.check_texts(name=name, title=title, licence=licence)
    if (test_inputs is None) != (test_labels is None):
        raise BadInputError("test_inputs and test_labels go together.", "dataset")
    parts = [(inputs, labels)] + ([] if test_inputs is None else [(test_inputs, test_labels)])
    arrays = [(own.array(some, name), own.label_array(others, name)) for some, others in parts]
    for some, others in arrays:
        if some.ndim == 0 or others.ndim == 0 or len(some) != len(others):
            sizes = f"shapes {some.shape} and {others.shape}"
            raise own.wrong(name, f"has inputs and labels of {sizes}: give one label for each")
    if len({some.shape[1:] for some, _ in arrays}) > 1:
        shapes = " and ".join(str(some.shape[1:]) for some, _ in arrays)
        raise own.wrong(name, f"has training and test inputs of different shapes, {shapes}")
    return own.store(
        np.concatenate([some for some, _ in arrays]),
        np.concatenate([others for _, others in arrays]),
        len(arrays[0][0]),
        name=name,
        origin=name,
        title=title,
        licence=licence,
    )


def from_datasets(
    dataset: Any,
    *,
    inputs: str | float | Sequence[str | float] | None = None,
    label: str | float | None = None,
    size: int | Sequence[int] | None = None,
    name: str | None = None,
    title: str = "",
    licence: str = "",
) -> Dataset:
    """Return the data set of a Hugging Face `datasets.Dataset` or `DatasetDict`.

    Args:
        dataset: such a table; or a folder that `save_to_disk` wrote, or the id of one on the hub,
            which is downloaded.
        inputs: the column with images, or columns with numbers; by default the images, or else all
            columns but the label.
        label: the column with the classes; by default one that is called label, category, class,
            target or the like.
        size: of images, as for `from_image_folder`.
        name: what the data set's name begins with.
        title: what it is, and who made it.
        licence: the terms it is given under.

    Raises:
        BadInputError: if there is no such table or column, or an image cannot be read.
    """
    options.check_texts(name=name, title=title, licence=licence)
    label_column = options.column(label, "label")
    columns = options.columns(inputs, "inputs")
    is_name = isinstance(dataset, str | Path)

    def read() -> Dataset:
        return hugging_face.to_dataset(
            hugging_face.saved(str(dataset)) if is_name else dataset,
            str(dataset) if is_name else "of datasets",
            inputs=columns,
            label=label_column,
            size=size,
            name=name or (Path(str(dataset)).name if is_name else "table"),
            title=title,
            licence=licence,
        )

    if not is_name:
        return read()
    folder = _path(dataset)
    files = sorted(file for file in folder.rglob("*") if file.is_file()) if folder.is_dir() else []
    given = {"dataset": str(dataset), "inputs": columns, "label": label_column, "size": size}
    given |= {"name": name, "title": title, "licence": licence}
    return own.read_once("datasets", given, files, read)


def from_torchvision(
    dataset: Any,
    *,
    test: Any = None,
    root: str | Path | None = None,
    size: int | Sequence[int] | None = None,
    name: str | None = None,
    title: str = "",
    licence: str = "",
) -> Dataset:
    """Return the data set of one of torchvision's, or of any `torch.utils.data.Dataset` like them.

    Args:
        dataset: a map-style data set of images, of Pillow's or tensors, and classes; or the name of
            a class in `torchvision.datasets` that takes `root` and `train`, as "FashionMNIST".
        test: likewise, with held-out examples; of a named class it is its test part.
        root: folder of a named class's files, which are not downloaded.
        size: of images, as for `from_image_folder`; tensors keep theirs.
        name: what the data set's name begins with.
        title: what it is, and who made it.
        licence: the terms it is given under.

    Raises:
        BadInputError: if there is no such class, or its examples are no images or tensors.
    """
    from plasticity_bench.data import torchvision_sets

    options.check_texts(name=name, title=title, licence=licence)
    options.check_path(root, "root")
    if isinstance(dataset, str):
        dataset, test = torchvision_sets.by_name(dataset, root)
    origin = type(dataset).__name__
    arrays, labels = torchvision_sets.examples(dataset, origin)
    num_train = len(labels)
    if test is not None:
        more, more_labels = torchvision_sets.examples(test, origin)
        arrays, labels = arrays + more, labels + more_labels
    return own.store(
        torchvision_sets.stacked(arrays, size, origin),
        labels,
        num_train,
        name=name or origin,
        origin=origin,
        title=title,
        licence=licence,
    )


def _path(given: Any) -> Path:
    return Path(str(given)).expanduser()


def existing_file(given: str | Path) -> Path:
    """Return the path of a file. Raises BadInputError if there is none."""
    path = _path(given)
    if not path.is_file():
        raise BadInputError(f"There is no file {given}, looked for from {Path.cwd()}.", "dataset")
    return path
