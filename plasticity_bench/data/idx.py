"""Data sets of four IDX files, the format of MNIST (yann.lecun.com/exdb/mnist).

A file begins with four bytes (0, 0, 8 for uint8, number of dimensions) and each dimension as a
big-endian 32-bit integer; the values follow. Libraries read such files without a check, so that a
truncated or exchanged file is not noticed: here each is compared with the published one.
"""

import gzip
import hashlib
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from plasticity_bench.data.source import Block
from plasticity_bench.errors import BadInputError

PARTS = ("training images", "training labels", "test images", "test labels")

_published: dict[str, str] = {}
"""The contents of files of known sha256, to detect swapped files."""


@dataclass(frozen=True)
class IdxFile:
    """One file: its name, the shape of its array, and the sha256 of its unpacked bytes.

    Attributes:
        name: without .gz.
        shape: of the array in it.
        sha256: None if it is not known.
    """

    name: str
    shape: tuple[int, ...]
    sha256: str | None = None


@dataclass(frozen=True)
class IdxSet:
    """A data set of four IDX files, each as it is or packed as .gz.

    Attributes:
        title: what it is called.
        folders: subfolders of a data folder that may have its files; messages name the first.
        files: in the order of PARTS.
        transposed: images are stored by columns.
    """

    title: str
    folders: tuple[str, ...]
    files: tuple[IdxFile, IdxFile, IdxFile, IdxFile]
    transposed: bool = False

    def __post_init__(self) -> None:
        for file, part in zip(self.files, PARTS, strict=True):
            if file.sha256:
                _published[file.sha256] = f"the {part} of {self.title}"

    def where(self) -> str:
        """Which files go where, as the end of a sentence."""
        names = ", ".join(file.name for file in self.files)
        return f"{names} (as they are, or with .gz) into {self.folders[0]}"

    def find(self, root: Path) -> bool:
        """Return whether a data folder has any of the files."""
        return self._folder(root) is not None

    def read(self, root: Path) -> Iterator[Block]:
        """Yield the training examples, then the test examples.

        Raises:
            BadInputError: if a file is missing or not the published one.
        """
        folder = self._folder(root)
        assert folder is not None, "`find` said that there are files"
        paths = [
            self._path(folder, file) for file in self.files
        ]  # check first whether one is missing
        for first in (0, 2):
            images, labels = (self._load(paths[i], i) for i in (first, first + 1))
            if self.transposed:
                images = images.transpose(0, 2, 1)
            yield images, labels.astype(np.int64)

    def _folder(self, root: Path) -> Path | None:
        for folder in self.folders:
            for file in self.files:
                if any((root / folder / name).is_file() for name in (file.name, f"{file.name}.gz")):
                    return root / folder
        return None

    def _path(self, folder: Path, file: IdxFile) -> Path:
        for name in (file.name, f"{file.name}.gz"):
            if (folder / name).is_file():
                return folder / name
        raise BadInputError(
            f"{folder / file.name} is missing (packed as .gz will do); put all four files of "
            f"{self.title} there.",
            "dataset",
        )

    def _load(self, path: Path, part: int) -> NDArray[np.uint8]:
        file, what = self.files[part], f"the {PARTS[part]} of {self.title}"
        content = unpacked(path)
        digest = hashlib.sha256(content).hexdigest()
        held = _published.get(digest, what)
        if held != what:
            raise _wrong(path, f"holds {held}, not {what}")
        header = bytes([0, 0, 8, len(file.shape)])
        if content[:4] != header:
            raise _wrong(
                path, f"begins with 0x{content[:4].hex()} in place of 0x{header.hex()}: not {what}"
            )
        start = 4 + 4 * len(file.shape)
        shape = tuple(np.frombuffer(content[4:start].ljust(start - 4), ">u4").tolist())
        if shape != file.shape:
            raise _wrong(path, f"holds {_times(shape)} values in place of {_times(file.shape)}")
        if len(content) != start + int(np.prod(shape)):
            wanted = start + int(np.prod(shape))
            raise _wrong(path, f"has {len(content):,} bytes unpacked in place of {wanted:,}")
        if file.sha256 and digest != file.sha256:
            raise _wrong(path, f"is damaged: its sha256 is not that of {what}")
        return np.frombuffer(content, np.uint8, offset=start).reshape(shape)


def unpacked(path: Path) -> bytes:
    """Return the bytes of a file, unpacked if its name ends in .gz.

    Raises:
        BadInputError: if it cannot be read.
    """
    try:
        content = path.read_bytes()
        if path.suffix != ".gz":
            return content
        if not content:
            raise EOFError("it is empty")
        return gzip.decompress(content)
    except (OSError, EOFError, zlib.error) as error:
        raise _wrong(path, f"cannot be read ({error})") from error


def _wrong(path: Path, what: str) -> BadInputError:
    return BadInputError(f"{path} {what}; get this file anew.", "dataset")


def _times(shape: tuple[int, ...]) -> str:
    return " x ".join(f"{size:,}" for size in shape)
