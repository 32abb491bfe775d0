"""Image files in folders: PART/CLASS/**/*.jpeg, and Tiny ImageNet as it was published.

A class's label is its index among the sorted names of the training classes. Tiny ImageNet's
validation images are in one folder; `val_annotations.txt` has their classes.
"""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from plasticity_bench.data.rows import Row, part_name
from plasticity_bench.errors import BadInputError

ENDINGS = {".jpeg", ".jpg", ".png", ".bmp", ".webp"}


def parts(folder: Path) -> dict[str, Callable[[], Iterator[Row]]]:
    """Return what yields the images of "train" and of "test", sorted by class and name.

    Raises:
        BadInputError: if the folder is not laid out so.
    """
    present = {path.name for path in folder.iterdir() if path.is_dir()}
    train, test = (folder / part_name(part, present, folder) for part in ("train", "test"))
    classes = [path.name for path in _class_folders(train)]
    labels = {name: label for label, name in enumerate(classes)}
    return {"train": partial(_rows, train, labels), "test": partial(_rows, test, labels)}


def _rows(part: Path, labels: dict[str, int]) -> Iterator[Row]:
    annotations = part / "val_annotations.txt"
    pairs = _annotated(annotations) if annotations.is_file() else _by_folder(part)
    for path, name in pairs:
        if name not in labels:
            raise BadInputError(
                f"{path} is of class {name}, which has no folder of training images; put the same "
                "classes into both parts.",
                "dataset",
            )
        yield Row(path.read_bytes, labels[name], str(path))


def _by_folder(part: Path) -> Iterator[tuple[Path, str]]:
    for folder in _class_folders(part):
        for path in sorted(folder.rglob("*")):
            hidden = any(name.startswith(".") for name in path.relative_to(folder).parts)
            if path.suffix.lower() in ENDINGS and not hidden:
                yield path, folder.name


def _class_folders(part: Path) -> list[Path]:
    """The folders of classes; hidden ones are of notebooks and systems, not of classes."""
    return sorted(p for p in part.iterdir() if p.is_dir() and not p.name.startswith("."))


def _annotated(annotations: Path) -> Iterator[tuple[Path, str]]:
    for line in annotations.read_text(encoding="utf-8").splitlines():
        name, tab, rest = line.partition("\t")
        if not tab:
            raise BadInputError(
                f"{annotations} has the line {line!r} in place of a file and its class; get this "
                "file anew.",
                "dataset",
            )
        yield annotations.parent / "images" / name, rest.split("\t")[0]
